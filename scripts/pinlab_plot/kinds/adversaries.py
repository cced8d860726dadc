"""Adversaries against their formulas: how much heap they forced for each byte that lives."""

from .. import theory
from ..chart import Axis, Chart, Panel, Series
from ..failure import Failure
from ..groups import fixed_sentence, groups_of, name_within, numbered, outcome_sentence, seeds_sentence

SUMMARY = "what adversaries forced (robson, pin_adversary, pin_comb, ...) against their formulas"


def figures_of(run):
    return run.record.get("summary") and run.record["summary"]["exact"].get("adversary")


def curve(kind, x, one):
    """The formula at x, with everything else as in the record, as a multiple of M; or None."""
    m, n, q = one["m"], one["n"], one["q"]
    if kind == "n":
        return theory.residues(m, q, x) / m if q else None
    if kind == "q":
        return theory.residues(m, x, n) / m
    return theory.comb_lower(m, n, x) / m


def axis_of(members):
    """What varies among them: q, the pins or n."""
    for key in ("q", "pins", "n", "m"):
        values = {one[key] for _, one in members if one[key] is not None}
        if len(values) > 1:
            return key
    return "n"


LABELS = {"n": "n: the largest object (granules)", "q": "q: the factor from size to size; about 1/q of what lives is pinned",
          "pins": "m: objects pinned at a time", "m": "M: the most that lives (granules)"}


def chart(runs):
    played = [run for run in runs if run.text("workload") in ("robson", "pin_adversary", "pin_comb")
              or figures_of(run) is not None]
    measured = [(run, figures_of(run)) for run in played if figures_of(run) is not None]
    if not measured:
        raise Failure(3, "no record is of an adversary that reports: run --workload=robson --plan=mark_sweep, "
                         "--workload=pin_adversary or --workload=pin_comb, with several workload.n, workload.q or workload.pins")
    header = ["record", "workload", "plan", "configuration", "m", "n", "q", "pins", "top", "bound", "top_per_m", "bound_per_m",
              "outcome"]
    rows, panels = [], []
    least, numbers = [], {}
    for program in sorted({run.program for run, _ in measured}):
        members = [(run, one) for run, one in measured if run.program == program]
        key = axis_of(members)
        logarithmic = "log2" if key in ("n", "q", "m") or max(one[key] or 0 for _, one in members) > 64 else "linear"
        panel = Panel(program, Axis(LABELS[key], "count", logarithmic), Axis("top of the heap / M", "ratio"), keys={})
        groups = groups_of([run for run, _ in members], on_axes=(f"workload.{key}", "heap.max", "heap.block"))
        for number, group in numbered(groups, {"program": 0}, numbers):
            own = sorted(((figures_of(run)[key], figures_of(run)["top"] / figures_of(run)["m"], run) for run in group.runs
                          if figures_of(run)[key] is not None), key=lambda p: (p[0], p[1]))
            panel.series.append(Series(name_within(group, {"program": 0}), [p[0] for p in own], [p[1] for p in own],
                                       colour=number, keys={k: str(v) for k, v in group.keys.items()}))
            for _, _, run in own:
                one = figures_of(run)
                per = None if one["bound"] is None else one["bound"] / one["m"]
                rows.append([run.name, program, run.text("plan"), group.name, one["m"], one["n"], one["q"], one["pins"],
                             one["top"], one["bound"], one["top"] / one["m"], per, run.outcome])
                if per:
                    least.append((one["top"] / one["bound"], run))
            proven = sorted({(figures_of(run)[key], figures_of(run)["bound"] / figures_of(run)["m"]) for _, _, run in own
                             if figures_of(run)["bound"] is not None})
            if proven:
                panel.series.append(Series("bound, as recorded", [p[0] for p in proven], [p[1] for p in proven], style="theory"))
            if own and key in ("n", "q") and figures_of(own[0][2])["q"] and program != "pin_comb":
                one = figures_of(own[0][2])
                most = max(p[0] for p in own) if key == "n" else one["n"]
                xs = [2 * (most / 2) ** (i / 40) for i in range(41)]
                xs = [x for x in xs if own[0][0] <= x <= own[-1][0]]
                panel.series.append(Series("M (1 + (1 - 1/q) log_q n) - n + 1", xs, [curve(key, x, one) for x in xs],
                                           style="theory", colour=1))
        xs = sorted({one[key] for _, one in members if one[key]})
        one = members[0][1]
        if key == "pins":
            panel.series.append(Series("M + m (n - 1): no more on a heap that slides", xs,
                                       [theory.comb_upper(one["m"], one["n"], x) / one["m"] for x in xs], style="theory", colour=2))
        panels.append(panel)
    findings = []
    below = [run for ratio, run in least if ratio < 1]
    if least:
        findings = [f"Of {len(least)} runs of adversaries {len(least) - len(below)} forced the top to their bound or beyond."]
    used = [run for run, _ in measured]
    return Chart("adversaries", "Adversaries against their formulas", panels,
                 [fixed_sentence(used), seeds_sentence(used), "The bound is proven for the heaps that a theorem speaks of: robson's "
                  "for those that never move, that of pin_adversary and pin_comb for all.", outcome_sentence(used)],
                 header, rows, columns=2, width=3.6, findings=findings)


