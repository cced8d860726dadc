"""Pin blame: whose pin to remove first."""

from ..chart import Axis, Chart, Panel, Series, bytes_text
from ..groups import (fixed_sentence, groups_of, name_within, numbered, outcome_sentence,
                      panel_title, seeds_sentence, split_panels)

SUMMARY = "pin blame: hostage bytes of each pin site against the bytes that it pinned"


def median_lifetime(site):
    """The lower end of the bin that holds the median of the lifetimes that ended, or None."""
    bins = site["lifetime_histogram"]
    seen, total = 0, sum(bins)
    for i, count in enumerate(bins):
        seen += count
        if 2 * seen >= total > 0:
            return 2**i
    return None


def size_of_dot(lifetime):
    return 14.0 if lifetime is None else 8.0 + 3.0 * max(0, lifetime.bit_length() - 10)


def chart(runs):
    header = ["record", "configuration", "site", "pins_peak", "pinned_bytes_peak", "hostage_peak", "hostage_byte_time_KiB2",
              "leverage", "median_lifetime_at_least_bytes"]
    rows, panels, worst = [], [], []
    numbers = {}
    for held, members in split_panels(groups_of([run for run in runs if run.sites()] or runs), 6, 12, "blame"):
        panel = Panel(panel_title(held, members), Axis("bytes pinned at a time, most", "bytes", "log2"),
                      Axis("hostage bytes, most", "bytes", "log2"), height=2.9, keys=held, note="no site held anything hostage")
        points = []
        for number, group in numbered(members, held, numbers):
            for run in group.runs:
                for site in run.sites():
                    pinned = site["bytes"]["peak"]
                    hostage = None if site["hostage"] is None else site["hostage"]["peak"]
                    life = median_lifetime(site)
                    rows.append([run.name, group.name, site["name"], site["pins"]["peak"], pinned, hostage,
                                 site["hostage_byte_time"], hostage / pinned if hostage is not None and pinned else None, life])
                    if hostage and hostage > 0 and pinned > 0:
                        points.append((hostage, pinned, site["name"], life, number, group))
                        worst.append((hostage, pinned, site["name"], group.name))
        points.sort(key=lambda p: (-p[0], p[1], p[2]))
        several = len(members) > 1
        for number, group in numbered(members, held, numbers):
            own = [p for p in points if p[4] == number]
            if own:
                texts = [p[2] if points.index(p) < 16 else "" for p in own]
                panel.series.append(Series(name_within(group, held) if several else "a pin site", [p[1] for p in own], [p[0] for p in own],
                                           style="points", colour=number, texts=texts, sizes=[size_of_dot(p[3]) for p in own],
                                           tips=[p[2] for p in own], keys={k: str(v) for k, v in group.keys.items()}))
        if points:
            low, high = min(p[1] for p in points), max(p[1] for p in points)
            low, high = low / 2, high * 2
            floor, top = min(p[0] for p in points), max(p[0] for p in points)
            for number, leverage in enumerate((1, 1000, 1000000)):
                ends = [max(low, floor / leverage / 4), min(high, top * 4 / leverage)]
                if ends[0] < ends[1]:
                    panel.series.append(Series(f"leverage {leverage:,}".replace(",", " "), ends, [e * leverage for e in ends],
                                               style="theory", colour=number))
        panels.append(panel)
    findings = []
    if worst:
        most = max(worst)
        findings = [f"The site that held most hostage was {most[2]}: {bytes_text(most[0])} by {bytes_text(most[1])} of pinned "
                    f"objects, {most[0] / most[1]:.3g} bytes for each ({most[3]})."]
    return Chart("blame", "Whose pins hold what", panels,
                 [fixed_sentence(runs), seeds_sentence(runs),
                  "A dot is a site in a run, larger where its pins lived longer (median). Leverage: hostage / pinned bytes.",
                  "Sites that held nothing hostage, or that no full collection measured (record.sites), are in the CSV alone.",
                  outcome_sentence(runs)], header, rows, columns=2, width=3.9, findings=findings)
