"""Usable space by size: what can still be allocated?"""

from ..chart import Axis, Chart, Panel, Series
from ..groups import fixed_sentence, groups_of, name_within, numbered, outcome_sentence, panel_title, seeds_sentence, split_panels
from ..stats import band_sentence, median_band

SUMMARY = "free-run survival: the share of free bytes in runs of at least a size, after the last full collection"

GRANULE = 8


def bounds_at(bins, free, power):
    """Least and most of the free bytes that can lie in runs of at least 2^power bytes, by how many runs there are."""
    above = [(count, i) for i, count in enumerate(bins) if i >= power]
    below = [(count, i) for i, count in enumerate(bins) if i < power]
    least = max(sum(n * 2**i for n, i in above), free - sum(n * (2 ** (i + 1) - GRANULE) for n, i in below))
    most = min(sum(n * (2 ** (i + 1) - GRANULE) for n, i in above), free - sum(n * 2**i for n, i in below))
    return max(least, 0) / free, min(max(most, least, 0), free) / free


def curve_of(run):
    """[(size, least, most, exact or None)] after the last full collection, or None."""
    if not run.full:
        return None
    one = run.full[-1]["exact"]
    after, bins = one["census"]["after"], one["gap_histogram"]
    if bins is None or not after.get("free"):
        return None
    free = after["free"]
    exact = {int(size): 1 - value / 1e6 for size, value in after["unusable_contiguous"].items() if value is not None}
    curve = []
    for power in range(3, max(len(bins), 12) + 1):
        low, high = bounds_at(bins, free, power)
        known = exact.get(2**power)
        # Longer runs are runs of this size too.
        low = max([low, *(share for size, share in exact.items() if size >= 2**power)])
        high = min([high, *(share for size, share in exact.items() if size <= 2**power)])
        curve.append((2**power, known if known is not None else low, known if known is not None else high, known))
    return curve


def chart(runs):
    groups = groups_of(runs)
    header = ["record", "configuration", "seed", "size_bytes", "share_least", "share_most", "share_exact"]
    rows, panels, counts = [], [], []
    numbers = {}
    for held, members in split_panels(groups, 7, 12, "free_runs"):
        panel = Panel(panel_title(held, members), Axis("size of a request", "bytes", "log2"),
                      Axis("free bytes in runs at least so long (%)", "share", least=0.0, most=1.0), keys=held,
                      note="no full collection, or nothing was free after it")
        for number, group in numbered(members, held, numbers):
            curves = {run: curve_of(run) for run in group.runs}
            curves = {run: curve for run, curve in curves.items() if curve}
            if not curves:
                continue
            for run, curve in curves.items():
                rows += [[run.name, group.name, run.seed, *point] for point in curve]
            sizes = [point[0] for point in max(curves.values(), key=len)]
            each = [{p[0]: p for p in curve} for curve in curves.values()]
            low = [min(c[s][1] if s in c else 0.0 for c in each) for s in sizes]
            high = [max(c[s][2] if s in c else 0.0 for c in each) for s in sizes]
            middle = [median_band([(c[s][1] + c[s][2]) / 2 if s in c else 0.0 for c in each])[0] for s in sizes]
            counts.append(len(curves))
            panel.series.append(Series(name_within(group, held), sizes, middle, low, high, colour=number,
                                       keys={k: str(v) for k, v in group.keys.items()}))
        panels.append(panel)
    return Chart("free_runs", "Usable free space by size", panels,
                 [fixed_sentence(runs), seeds_sentence(runs),
                  "Records count free runs by powers of two: bands hold what these allow"
                  + (", and all runs" if max(counts, default=0) > 1 else "")
                  + ", lines are their middle; exact at 256 B, 4 KiB, 64 KiB and 1 MiB.", outcome_sentence(runs)],
                 header, rows, columns=2, width=3.6)
