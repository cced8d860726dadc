"""Waste against what theory allows: the free space below the top of the heap, what is left over in the gaps that a
collection closed, and the islands that caused it."""

from .. import theory
from ..chart import Axis, Chart, Panel, Series
from ..failure import Failure
from ..groups import fixed_sentence, groups_of, name_within, numbered, outcome_sentence, panel_title, seeds_sentence, split_panels
from ..stats import median_band

SUMMARY = "waste against the number of islands, with the bound of the pin-count theorem, and what is left over in each gap"

GRANULE = 8


class Point:
    """A full collection: its waste, and what the theorem allows by the most that was seen so far."""

    def __init__(self, run, one, most, expected):
        exact, after = one["exact"], one["exact"]["census"]["after"]
        block = run.size("heap.block")
        self.index, self.expected = one["index"], expected
        self.islands, self.top = exact["islands"]["count"], after["top"]
        self.live = max(after["live"] - after["large"], 0)
        self.waste = max(self.top - self.live, 0)
        self.largest, self.most_live = most["largest"], most["live"]
        self.bound = most["live"] - self.live + theory.island_waste(most["islands"], -(-self.top // block), most["largest"],
                                                                     GRANULE)
        left = (exact.get("compaction") or {}).get("residuals") or {"count": 0, "bytes": 0}
        self.left = left["bytes"] / left["count"] if left["count"] else None


def expected_of(run):
    """By collection: what a slide is expected to leave over in a gap, where the record has maps of the heap."""
    found = {}
    for one in run.record.get("heap_maps") or []:
        sizes = one.get("movable")
        if one["kind"] == "full" and sizes and sizes["bytes"]:
            found[one["collection"]] = theory.residual(sizes["bytes"], sizes["squares"], GRANULE)
    return found


def points_of(run):
    points, most, expected = [], {"live": 0, "islands": 0, "largest": GRANULE}, expected_of(run)
    for one in run.full:
        exact, after = one["exact"], one["exact"]["census"]["after"]
        if "top" not in after or after.get("live") is None:
            continue
        if "largest_object" not in exact:
            raise run.lacks("it does not say how large the largest object in a block is", "again: an older pinlab made it")
        most["live"] = max(most["live"], after["live"] - after["large"])
        most["islands"] = max(most["islands"], exact["islands"]["count"])
        most["largest"] = max(most["largest"], exact["largest_object"] or 0)
        points.append(Point(run, one, most, expected.get(one["index"])))
    return points


def envelope(found):
    """The most that the theorem allows at so many islands or fewer."""
    line, top = [], 0
    for islands, bound in sorted(found):
        top = max(top, bound)
        if line and line[-1][0] == islands:
            line.pop()
        line.append((islands, top))
    return line


def chart(runs):
    header = ["record", "configuration", "collection", "islands", "waste_bytes", "bound_bytes", "top", "live",
              "largest_object_so_far", "left_in_a_closed_gap", "expected_in_a_closed_gap"]
    rows, panels, within = [], [], []
    if all(not run.full for run in runs):
        raise Failure(3, "no record has a full collection: run them with a smaller --heap.max")
    groups = [group for group in groups_of(runs) if any(p.islands > 0 for run in group.runs for p in points_of(run))]
    numbers = {}
    for held, members in split_panels(groups or groups_of(runs)[:1], 7, 12, "bounds"):
        title = panel_title(held, members)
        waste = Panel(", ".join(filter(None, [title, "waste"])), Axis("islands", "count", "log10"),
                      Axis("bytes below the top that are not live", "bytes", "log2"), height=2.7, keys=held,
                      note="no full collection with islands")
        left = Panel(", ".join(filter(None, [title, "left over in a gap"])), Axis("islands", "count", "log10"),
                     Axis("bytes left in a closed gap, mean", "bytes", "log2"), height=2.7, keys=held,
                     note="no full collection closed a gap beside islands")
        bounds, largest, expected = [], {}, {}
        for number, group in numbered(members, held, numbers):
            found = [(p, run) for run in group.runs for p in points_of(run)]
            rows += [[run.name, group.name, p.index, p.islands, p.waste, p.bound, p.top, p.live, p.largest, p.left, p.expected]
                     for p, run in found]
            own = [p for p, _ in found if p.islands > 0]
            closed = [p for p in own if p.left is not None]
            for panel, points, figure in ((waste, own, lambda p: p.waste), (left, closed, lambda p: p.left)):
                if points:
                    panel.series.append(Series(name_within(group, held), [p.islands for p in points],
                                               [max(figure(p), 1) for p in points], style="points", colour=number,
                                               keys=dict(group.keys)))
            bounds += [(p.islands, p.bound) for p in own]
            within += [p.waste <= p.bound for p in own]
            for p in closed:
                largest.setdefault(group.program, []).append(p.largest)
                if p.expected is not None:
                    expected.setdefault(group.program, []).append(p.expected)
        line = envelope(bounds)
        if line:
            waste.series.append(Series("bound: M - live + (m + b) (s_max - 8 B)", [x for x, _ in line], [y for _, y in line],
                                       style="theory"))
        draw_levels(left, largest, expected)
        panels += [waste, left]
    findings = []
    if within:
        findings = [f"After {sum(within)} of {len(within)} full collections with islands the top of the heap was within the bound "
                    "of the pin-count theorem, which a heap that slides at every allocation never exceeds."]
    return Chart("bounds", "Waste against the bound", panels,
                 [fixed_sentence(runs), seeds_sentence(runs), "A dot is a full collection.",
                  "The theorem: the top is at most M + (m + b)(s_max - 8 B), with at most m islands in b blocks and M bytes live at "
                  "a time, for a heap that slides around islands at every allocation; M, m and s_max, the largest object in a block, "
                  "are the most of any full collection so far, and the line is the most at so many islands or fewer. A heap that "
                  "collects when it is full, and compacts only what pays (compact.effort=adaptive), promises less.",
                  "A slide leaves less than s_max in each gap that it closes, and is expected to leave E[S²]/2E[S] - 4 B in long "
                  "ones (renewal theory; sizes from record.heap_map).", outcome_sentence(runs)],
                 header, rows, columns=2, width=3.6, findings=findings)


def draw_levels(panel, largest, expected):
    """Lines of no run: what a closed gap has left at most, and what it is expected to have."""
    xs = [x for series in panel.series for x in series.x]
    if not xs:
        return
    ends = [min(xs), max(xs)] if max(xs) > 2 * min(xs) else [min(xs) / 2, max(xs) * 2]
    several = len(largest) > 1
    for colour, name, figures, pick in ((1, "s_max - 8 B", largest, lambda all: max(all) - GRANULE),
                                        (2, "E[S²]/2E[S] - 4 B", expected, lambda all: median_band(all)[0])):
        for program, all_of in sorted(figures.items()):
            level = max(pick(all_of), 1)
            panel.series.append(Series(name + (f", {program}" if several else ""), ends, [level, level], style="theory",
                                       colour=colour))
