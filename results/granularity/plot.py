#!/usr/bin/python3
"""The figure and the table of results/granularity, from the folder of its sweep: plot.py FOLDER [OUT]"""

import csv
import io
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "scripts"))
from pinlab_plot import command, sheet  # noqa: E402
from pinlab_plot.chart import Axis, Chart, Panel, Series  # noqa: E402
from pinlab_plot.outputs import Outputs  # noqa: E402
from pinlab_plot.records import read_runs  # noqa: E402
from pinlab_plot.stats import median_band  # noqa: E402

METRICS = [("pause work", lambda run: run.exact("pause_work.sum")),
           ("full collections", lambda run: run.exact("collections.full"))]


def unit_of(run):
    spread = run.text("pin.spread")
    return spread if spread == "object" else f"{spread} {run.text('gap.min')}"


def pairs_of(runs):
    """By unit and heap: for each seed the run without pins and the one with them."""
    pairs = {}
    for run in runs:
        place = pairs.setdefault((unit_of(run), run.size("heap.max")), {}).setdefault(run.seed, [None, None])
        place[1 if run.share() > 0 else 0] = run
    return pairs


def change(pair, figure):
    without, pinned = pair
    if without is None or pinned is None or not (without.completed and pinned.completed) or not figure(without):
        return None
    return figure(pinned) / figure(without) - 1


def chart(runs):
    pairs = pairs_of(runs)
    units = sorted({unit for unit, _ in pairs}, key=lambda unit: (min(r.size("gap.min") for r in runs if unit_of(r) == unit)))
    heaps = sorted({heap for _, heap in pairs})
    header = ["unit", "heap_max", "seed", "outcome_without", "outcome_pinned", "pins_peak", "pinned_bytes_peak", "live_peak",
              "pause_work_without", "pause_work_pinned", "pause_work_change", "full_without", "full_pinned", "full_change"]
    rows = []
    for unit in units:
        for heap in heaps:
            for seed, (without, pinned) in sorted(pairs[unit, heap].items()):
                row = [unit, heap, seed, without.outcome, pinned.outcome, pinned.exact("pins.peak"),
                       pinned.exact("pins.peak_bytes"), without.exact("live_peak")]
                for _, figure in METRICS:
                    row += [figure(without), figure(pinned), change((without, pinned), figure)]
                rows.append(row)
    panels = []
    for label, figure in METRICS:
        panel = Panel(label, Axis("heap.max", "bytes"), Axis(f"more {label} than without pins (%)", "share"), height=3.0)
        for number, unit in enumerate(units):
            points = []
            for heap in heaps:
                values = [v for v in (change(pair, figure) for pair in pairs[unit, heap].values()) if v is not None]
                if values:
                    points.append((heap, *median_band(values)))
            panel.series.append(Series(unit, [p[0] for p in points], [p[1] for p in points], [p[2] for p in points],
                                       [p[3] for p in points], colour=number))
        panels.append(panel)
    return Chart("granularity", "What the unit of a pin costs", panels,
                 ["lru_churn with buffers of 16 to 64 bytes; 0.03 % of the objects are pinned until they are dropped.",
                  "A pin holds its unit, and gaps are reused in that unit. Lines are medians over three seeds, bands their range."],
                 header, rows, columns=2, width=3.9, legend="unit")


def main():
    folder, out = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else HERE
    picture = chart(read_runs([folder]))
    sheet.start_matplotlib()
    outputs = Outputs([os.path.join(out, name) for name in ("granularity.svg", "granularity.csv")])
    svg, table = outputs.parts.values()
    sheet.save(sheet.draw(picture), svg, "svg")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([picture.header, *picture.rows])
    with open(table, "w", encoding="utf-8") as file:
        file.write(text.getvalue())
    outputs.place()


sys.exit(command.guarded("plot.py", main) or 0)
