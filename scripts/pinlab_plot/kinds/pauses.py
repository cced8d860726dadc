"""Pause percentiles: the tail."""

from ..chart import Axis, Chart, Panel, Series, time_text
from ..groups import fixed_sentence, groups_of, name_within, numbered, outcome_sentence, panel_title, seeds_sentence, split_panels
from ..stats import band_sentence, median_band, quantile

SUMMARY = "pause percentiles of young and full collections, up to the longest"


def shares_up_to(count):
    """Percentiles that `count` pauses can tell apart, evenly on an axis of 1 / (1 - p)."""
    shares, steps = [], 16
    for i in range(steps * 7):
        share = 1 - 10 ** (-i / steps)
        if share > 1 - 1 / max(count, 1):
            break
        shares.append(share)
    return [*shares, 1 - 1 / count] if count > 1 else [0.0]


def chart(runs):
    groups = groups_of(runs)
    header = ["configuration", "kind", "percentile", "pause_ns", "pause_ns_low", "pause_ns_high", "runs"]
    rows, panels, counts, longest = [], [], [], []
    numbers = {}
    for held, members in split_panels(groups, 7, 12, "pauses"):
        for kind in ("young", "full"):
            panel = Panel(", ".join(filter(None, [panel_title(held, members), f"{kind} collections"])),
                          Axis("percentile of pauses", "percentile", "percentile"), Axis("pause", "ns", "log10"), keys=held,
                          note=f"no {kind} collection")
            for number, group in numbered(members, held, numbers):
                runs_of = [sorted(c["timed"]["pause"] for c in run.collections if c["kind"] == kind) for run in group.runs]
                runs_of = [pauses for pauses in runs_of if pauses]
                if not runs_of:
                    continue
                shares = shares_up_to(min(map(len, runs_of)))
                bands = [median_band([quantile(pauses, share) for pauses in runs_of]) for share in shares]
                top = median_band([pauses[-1] for pauses in runs_of])
                bands.append(top)
                shares = [*shares, 1 - 0.5 / max(map(len, runs_of))]  # the longest, beyond the last that is told apart
                counts.append(len(runs_of))
                longest.append((top[2], kind, group.name))
                name = name_within(group, held)
                panel.series.append(Series(name, shares, [b[0] for b in bands], [b[1] for b in bands], [b[2] for b in bands],
                                           style="step" if len(shares) > 40 else "line", colour=number,
                                           keys={k: str(v) for k, v in group.keys.items()}))
                rows += [[group.name, kind, s, b[0], b[1], b[2], len(runs_of)] for s, b in zip(shares, bands)]
            panels.append(panel)
    findings = []
    if longest:
        most = max(longest)
        findings = [f"The longest pause was {time_text(most[0])}, of a {most[1]} collection ({most[2]})."]
    return Chart("pauses", "Pauses by percentile", panels,
                 [fixed_sentence(runs), seeds_sentence(runs), band_sentence(counts),
                  "Pauses from stop to reclaim, without measuring; the last point is the longest.", outcome_sentence(runs)],
                 header, rows, columns=2, findings=findings)
