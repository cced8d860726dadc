"""Waste against what theory allows: the free space below the top of the heap, and the islands that caused it."""

from .. import theory
from ..chart import Axis, Chart, Panel, Series
from ..failure import Failure
from ..groups import fixed_sentence, groups_of, name_within, outcome_sentence, panel_title, seeds_sentence, split_panels

SUMMARY = "waste below the top of the heap against the number of islands, and the bound of the pin-count theorem"


def points_of(run):
    """(islands, waste, bound) for each full collection: bytes below the top that are not live."""
    block = run.size("heap.block")
    points = []
    for one in run.full:
        after = one["exact"]["census"]["after"]
        if "top" not in after or after.get("live") is None:
            continue
        live = max(after["live"] - after["large"], 0)
        islands = one["exact"]["islands"]["count"]
        blocks = -(-after["top"] // block)
        points.append((islands, max(after["top"] - live, 0), theory.island_waste(islands, blocks, block // 2, 8), one))
    return points


def chart(runs):
    header = ["record", "configuration", "collection", "islands", "waste_bytes", "bound_bytes", "top", "live"]
    rows, panels = [], []
    if all(not run.full for run in runs):
        raise Failure(3, "no record has a full collection: run them with a smaller --heap.max")
    for held, members in split_panels(groups_of(runs), 7, 12, "bounds"):
        panel = Panel(panel_title(held, members), Axis("islands", "count", "log10"),
                      Axis("bytes below the top that are not live", "bytes", "log2"), height=2.7, keys=held,
                      note="no full collection with islands")
        bound = {}
        for number, group in enumerate(members):
            found = [(p, run) for run in group.runs for p in points_of(run)]
            for (islands, waste, most, one), run in found:
                after = one["exact"]["census"]["after"]
                rows.append([run.name, group.name, one["index"], islands, waste, most, after["top"], after["live"]])
                if islands > 0:
                    bound[islands] = max(bound.get(islands, 0), most)
            shown = [(p[0], max(p[1], 1)) for p, _ in found if p[0] > 0]
            if shown:
                panel.series.append(Series(name_within(group, held), [s[0] for s in shown], [s[1] for s in shown], style="points",
                                           colour=number, keys={k: str(v) for k, v in group.keys.items()}))
        if bound:
            xs = sorted(bound)
            top = 0
            line = []
            for x in xs:
                top = max(top, bound[x])
                line.append(top)
            panel.series.append(Series("(islands + blocks) (s_max - 8 B)", xs, line, style="theory"))
        panels.append(panel)
    return Chart("bounds", "Waste against the bound", panels,
                 [fixed_sentence(runs), seeds_sentence(runs), "A dot is a full collection.",
                  "The theorem: at most M + (m + b)(s_max - 8 B), with m islands in b blocks, for a heap that slides around "
                  "islands whenever it is full; s_max is the largest object that a block takes, half a block. A collection that "
                  "compacts only what pays (compact.effort=adaptive) promises less.", outcome_sentence(runs)],
                 header, rows, columns=2, width=3.6)
