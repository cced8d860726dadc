"""Bytes moved against waste: which policies pay for their space with work, and which for nothing."""

from ..chart import Axis, Chart, Panel, Series
from ..groups import fixed_sentence, groups_of, name_within, outcome_sentence, panel_title, seeds_sentence, split_panels
from ..stats import median_band

SUMMARY = "the Pareto front of bytes moved against waste, over policies"


def figures_of(run):
    """(moved / allocated, used / live at the most), or None where the run was not measured to its end."""
    moved, allocated, overhead = run.exact("moved"), run.exact("allocated"), run.exact("space_overhead")
    if not run.completed or moved is None or not allocated or overhead is None:
        return None
    return moved / allocated, overhead / 1e6


def front_of(points):
    """Those that no other point beats in both: ascending in x, falling in y."""
    front, least = [], None
    for x, y, name in sorted(points):
        if least is None or y < least:
            front.append((x, y, name))
            least = y
    return front


def short(name):
    """A name beside a dot: there the words go without saying."""
    return name.replace("lifetime ", "").replace(" pinned", "")


def chart(runs):
    groups = groups_of(runs)
    header = ["program", "configuration", "runs", "moved_per_allocated", "space_overhead", "on_the_front"]
    rows, panels, findings = [], [], []
    for held, members in split_panels(groups, 40, 12, "pareto", one_program=True):
        panel = Panel(panel_title(held, members), Axis("bytes moved / bytes allocated", "ratio"),
                      Axis("space overhead: peak used / peak live", "ratio"), height=2.9, keys=held,
                      note="no run completed with a full collection")
        points = []
        for group in members:
            found = [figures_of(run) for run in group.runs]
            found = [f for f in found if f is not None]
            if found:
                points.append((median_band([f[0] for f in found])[0], median_band([f[1] for f in found])[0],
                               name_within(group, held), group, len(found)))
        front = front_of([p[:3] for p in points])
        best = {(x, y) for x, y, _ in front}
        for on, name in ((True, "on the front"), (False, "beaten by another")):
            own = [p for p in points if ((p[0], p[1]) in best) is on]
            if own:
                panel.series.append(Series(name, [p[0] for p in own], [p[1] for p in own], style="points",
                                           colour=0 if on else 3, texts=[short(p[2]) for p in own], tips=[p[2] for p in own]))
        if len(front) > 1:
            panel.series.append(Series("front", [f[0] for f in front], [f[1] for f in front], style="step", colour=0,
                                       in_legend=False))
        rows += [[p[3].program, p[3].name, p[4], p[0], p[1], int((p[0], p[1]) in best)] for p in points]
        panels.append(panel)
        if len(points) > 1:
            findings.append(f"{len(front)} of {len(points)} configurations are on the front of bytes moved against space"
                            + (f" ({panel.title})." if panel.title else "."))
    return Chart("pareto", "Work against space", panels,
                 [fixed_sentence(runs), seeds_sentence(runs), "A dot is a configuration, at its medians over seeds; what did not "
                  "complete has none.", outcome_sentence(runs)], header, rows, columns=2, width=3.9, findings=findings)
