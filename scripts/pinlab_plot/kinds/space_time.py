"""Cost against heap size: the price of pins in heap that one must buy."""

import math

from ..chart import Axis, Chart, Panel, Series
from ..failure import Failure
from ..groups import (fixed_sentence, groups_of, name_within, numbered, natural, outcome_sentence,
                      panel_title, seeds_sentence, split_panels)
from ..stats import band_sentence, median_band

SUMMARY = "space-time curves: time and pause work against the heap, as a multiple of the smallest that holds the program"

METRICS = [("time / least", "time (of this machine)", lambda run: program_time(run)),
           ("pause work / least", "pause work (exact)", lambda run: work(run))]


def program_time(run):
    total = run.timed("total")
    return None if total is None else max(total - (run.timed("measuring") or 0), 1)


def work(run):
    figure = run.exact("pause_work")
    return None if figure is None else figure["sum"]


def least_heaps(runs):
    """By program: the smallest heap at which a run without pins completed, or, without such a run, any; and which."""
    heaps = {}
    for group in groups_of(runs, on_axes=("heap.max", "nursery.size")):
        for run in group.runs:
            if run.completed:
                unpinned = run.share() == 0
                heaps.setdefault(group.program, {}).setdefault(unpinned, []).append(run.size("heap.max"))
    return {program: (min(found.get(True) or found[False]), True in found) for program, found in heaps.items()}


def chart(runs):
    groups = groups_of(runs, on_axes=("heap.max", "nursery.size"))
    if all(len({run.size("heap.max") for run in group.runs}) < 2 for group in groups):
        raise Failure(3, "all records of a program have one heap.max: run them with several, as pinlab sweep "
                         "--axis heap.max=64MiB:1GiB:x2")
    least = least_heaps(runs)
    header = ["record", "program", "configuration", "heap.max", "heap_per_least", "seed", "outcome", "time_ns", "pause_work"]
    rows, panels, counts = [], [], []
    numbers = {}
    for held, members in split_panels(groups, 8, 12, "space_time"):
        programs = {group.program for group in members}
        best = {}
        for _, short, figure in METRICS:
            values = [figure(run) for group in members for run in group.runs if run.completed and figure(run)]
            best[short] = min(values, default=1)
        for label, short, figure in METRICS:
            panel = Panel(", ".join(filter(None, [panel_title(held, members), short])),
                          Axis("heap / smallest heap without pins", "ratio", "log2"), Axis(label, "ratio"), keys=held)
            for number, group in numbered(members, held, numbers):
                smallest = least.get(group.program, (min(run.size("heap.max") for run in group.runs), False))[0]
                by_heap = {}
                for run in group.runs:
                    by_heap.setdefault(run.size("heap.max"), []).append(run)
                done = {heap: [figure(run) / best[short] for run in some if run.completed and figure(run) is not None]
                        for heap, some in by_heap.items() if all(run.completed for run in some)}
                done = sorted((heap, values) for heap, values in done.items() if values)
                bands = [median_band(values) for _, values in done]
                counts += [len(values) for _, values in done]
                name = name_within(group, held)
                keys = {k: str(v) for k, v in group.keys.items()}
                panel.series.append(Series(name, [heap / smallest for heap, _ in done], [b[0] for b in bands],
                                           [b[1] for b in bands], [b[2] for b in bands], colour=number, keys=keys))
                failed = sorted(heap for heap, some in by_heap.items() if not all(run.completed for run in some))
                if failed:
                    panel.series.append(Series("did not complete", [heap / smallest for heap in failed], [1.0] * len(failed),
                                               style="cross", colour=number, keys=keys, in_legend=False))
            panels.append(panel)
        for group in members:
            for run in sorted(group.runs, key=lambda run: (run.size("heap.max"), natural(run.seed))):
                rows.append([run.name, group.program, group.name, run.size("heap.max"),
                             run.size("heap.max") / least[group.program][0] if group.program in least else None, run.seed,
                             run.outcome, program_time(run), work(run)])
        del programs
    guessed = [program for program, (_, unpinned) in least.items() if not unpinned]
    return Chart("space_time", "The price of pins in heap", panels,
                 [fixed_sentence(runs, ("heap.max", "nursery.size")), seeds_sentence(runs), band_sentence(counts),
                  "The least of each panel is 1. Time is without measuring, and of one machine; pause work is equal everywhere.",
                  f"No run without pins: the smallest heap is that of any run of {', '.join(guessed)}." if guessed else "",
                  "× did not complete. " + outcome_sentence(runs) if any(not run.completed for run in runs) else ""],
                 header, rows, columns=2)
