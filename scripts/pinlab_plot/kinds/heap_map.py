"""The heap map over time: where do the islands sit, and what do they hold?"""

from ..chart import Axis, Chart, Panel, Series, bytes_text
from ..groups import fixed_sentence, outcome_sentence, seeds_sentence
from .timeline import named_runs

SUMMARY = "the heap map over time: each cell of the heap at each recorded collection"

KINDS = [("i", "island", "#000000"), ("h", "held by islands", "#D55E00"), ("m", "live, moved", "#56B4E9"),
         ("s", "live, stayed", "#0072B2"), ("n", "nursery", "#009E73"), ("l", "large", "#CC79A7"), ("f", "free", "#E8E8E8"),
         ("u", "not committed", "#FFFFFF")]
MOST_RUNS = 6
MOST_CELLS, MOST_LINES = 512, 256  # what paper can show
DARKER = 0.65  # a cell with an island in it


class Strips:
    """Lines of cells, one for each map, drawn as an image: darker where islands are."""

    def __init__(self, maps):
        self.maps = maps

    def shown(self):
        """The maps that paper has room for."""
        if len(self.maps) <= MOST_LINES:
            return self.maps
        return [self.maps[i * len(self.maps) // MOST_LINES] for i in range(MOST_LINES)]

    def image(self, shown):
        """Colours by line and place; of cells that share a place the mean."""
        import numpy
        from matplotlib.colors import to_rgb
        table = numpy.zeros((128, 3))
        for letter, _, colour in KINDS:
            table[ord(letter)] = to_rgb(colour)
        lines = []
        for one in shown:
            colours = table[numpy.frombuffer(one["cells"].encode("ascii"), dtype=numpy.uint8)].copy()
            islands = sorted({island[0] for island in one["islands"]})
            colours[islands] *= 1 - DARKER
            together = -(-len(colours) // MOST_CELLS)
            places = -(-len(colours) // together)
            full = numpy.full((places * together, 3), numpy.nan)
            full[:len(colours)] = colours
            lines.append(numpy.nanmean(full.reshape(places, together, 3), axis=1))
        return numpy.array(lines)

    def draw(self, axes, panel, width):
        from ..sheet import linear_ticks, tick_text
        shown = self.shown()
        if not shown:
            axes.text(0.5, 0.5, panel.note, transform=axes.transAxes, ha="center", va="center", fontsize=8)
            axes.set_xticks([])
            axes.set_yticks([])
            return
        image = self.image(shown)
        span = len(shown[0]["cells"]) * shown[0]["cell_bytes"]
        axes.imshow(image, aspect="auto", interpolation="nearest", extent=(0, span, len(shown), 0))
        ticks = linear_ticks(0, span, "bytes", max(2, int(width / 0.7)))
        axes.set_xticks(ticks, [tick_text(tick, "bytes") for tick in ticks])
        step = max(1, -(-len(shown) // 10))
        axes.set_yticks([i + 0.5 for i in range(0, len(shown), step)],
                        [f"{shown[i]['collection']}{'*' if shown[i]['kind'] == 'full' else ''}"
                         for i in range(0, len(shown), step)])
        for side in ("top", "right"):
            axes.spines[side].set_visible(True)


def chart(runs):
    panels, rows, findings, thinned = [], [], [], False
    header = ["run", "collection", "kind", "clock", "island_count", "island", "held", "live_moved", "live_stayed", "nursery",
              "large", "free", "uncommitted"]
    for name, run, group in named_runs(runs, "heap_map", MOST_RUNS):
        maps = run.maps()
        thinned = thinned or len(maps) > MOST_LINES
        thinned = thinned or any(len(one["cells"]) > MOST_CELLS for one in maps[:1])
        panel = Panel(name, Axis("offset in the heap", "bytes"), Axis("collection (* full)"),
                      strips=Strips(maps), height=max(1.4, min(5.0, 0.08 * len(maps) + 0.6)),
                      keys={k: str(v) for k, v in group.keys.items()}, note="no collection, no map")
        panels.append(panel)
        for one in maps:
            rows.append([name, one["collection"], one["kind"], one["clock"], one["island_count"],
                         *[one["bytes"][key] for key in header[5:]]])
        worst = max(maps, key=lambda one: one["bytes"]["held"], default=None)
        if worst and worst["bytes"]["held"]:
            findings.append(f"{name}: {worst['island_count']} islands of {bytes_text(worst['bytes']['island'])} in all held "
                            f"{bytes_text(worst['bytes']['held'])} in their blocks after collection {worst['collection']}.")
    if panels:
        for place, (_, label, _) in enumerate(KINDS):
            panels[0].series.append(Series(label, [], [], style="kind", colour=place))
    sentences = [fixed_sentence(runs), seeds_sentence(runs), "A cell has the colour of the kind that most of its bytes are of; "
                 "a cell with an island in it is darker."]
    if thinned:
        sentences.append(f"The paper has room for {MOST_CELLS} cells and {MOST_LINES} collections: cells that share a place "
                         "are shown as their mean.")
    return Chart("heap_map", "The heap over collections", panels, [*sentences, outcome_sentence(runs)], header, rows,
                 columns=1 if len(panels) < 3 else 2, width=6.4 if len(panels) < 3 else 3.9, findings=findings)


