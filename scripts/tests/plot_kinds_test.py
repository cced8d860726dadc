#!/usr/bin/python3
"""Tests of every kind of picture that pinlab plot draws, on records made here: none, one, typical and many."""

import csv
import io
import json
import math
import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS / "tests")]
import picture_data  # noqa: E402
from pinlab_plot import chart, command, groups, registry, sheet, stats, theory  # noqa: E402
from pinlab_plot.failure import Failure  # noqa: E402
from pinlab_plot.records import Run, read_runs  # noqa: E402

KIB, MIB = 2**10, 2**20


def census(used, live, free):
    return {"used": used, "committed": used + MIB, "large": 0, "blocks_free": 1, "blocks_used": 9, "live": live, "free": free,
            "free_runs": 3, "largest_free_run": free // 2, "external": 500000,
            "unusable_contiguous": {"256": 0, "4096": 100000, "65536": 400000, "1048576": 1000000},
            "unusable_packed": {"256": 0, "4096": 100000, "65536": 400000, "1048576": 1000000}, "top": used}


def collection(index, kind, hostage=MIB):
    phases = {name: 10 for name in ("stop", "islands", "roots", "cards", "copy", "mark", "plan", "update", "move", "reclaim",
                                    "shadow", "census", "verify")}
    full = kind == "full"
    brief = {key: census(12 * MIB, 0, 0)[key] for key in ("used", "committed", "large", "blocks_free", "blocks_used")}
    return {"index": index, "kind": kind, "cause": "requested", "clock": (index + 1) * MIB,
            "exact": {"pins": {"count": 3 + index % 50, "bytes": 700}, "islands": {"count": 5 + index % 90, "bytes": 800},
                      "largest_object": 16 * KIB - index % 7 * 8 if full else None,
                      "compaction": {"residuals": {"count": 4, "bytes": 4 * (900 + index)}} if full else None,
                      "hostage": hostage if full else None, "held": 64 * KIB,
                      "gap_histogram": [0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 10] if full else None, "sites": [],
                      "census": {"before": brief, "after": census(12 * MIB, 8 * MIB, 4 * MIB) if full else brief}},
            "timed": {"start": index * 2000000, "pause": 100000 + 7919 * index % 90000 + (500000 if full else 0),
                      "phases": phases}}


def heap_map(index, kind, cells=256):
    letters = "".join("shmifunl"[(i * 7 + index) % 8] for i in range(cells))
    return {"collection": index, "kind": kind, "clock": (index + 1) * MIB, "cell_bytes": 64 * KIB,
            "bytes": {"island": 100, "held": 500, "live_moved": 5, "live_stayed": 5, "nursery": 0, "large": 0, "free": 7,
                      "uncommitted": 0},
            "island_count": 2, "cells": letters, "occupied": "5" * cells,
            "islands": [[3, 0, 2, 64, 1000, 2000], [cells - 1, None, 1, 36, None, None]], "held": [[1, 500], [3, 400]],
            "hostage": [[2, 2 * MIB], [5, -64 * KIB]] if kind == "full" else None,
            "movable": {"objects": 100, "bytes": 100 * 4096, "squares": 100 * 4096 * 4096}}


def site(name, pinned, hostage):
    return {"name": name, "stack": None, "made": 9, "ended": 5, "made_bytes": 99, "lifetime_histogram": [0] * 12 + [3, 4],
            "collections": 2, "pins": {"last": 1, "peak": 2}, "bytes": {"last": pinned, "peak": pinned},
            "hostage": {"last": 0, "peak": hostage}, "hostage_byte_time": 7}


def record(outcome="completed", collections=8, hostage=5 * MIB, maps=True, adversary=None, total=None, **parameters):
    kinds = ["full" if i % 4 == 3 else "young" for i in range(collections)]
    base = {"workload": "lru_churn", "plan": "generational", "heap.max": "16MiB", "heap.block": "64KiB", "nursery.size": "1MiB",
            "nursery.route": "promote_block", "old.route": "slide_around", "pin.share": "0.01", "pin.count": "0", "pin.rate": "0",
            "pin.lifetime": "object", "seed": "1", "record.hostage": "true", "record.collections": "all",
            "record.heap_map": "all", **{key.replace("__", "."): value for key, value in parameters.items()}}
    end = total or (collections * 2000000 + 3000000)
    return {
        "schema": "pinlab/run/1", "outcome": outcome, "reason": "", "parameters": base, "environment": {},
        "summary": {
            "exact": {"collections": {"young": kinds.count("young"), "full": kinds.count("full")}, "allocated": 160 * MIB,
                      "moved": 40 * MIB + hostage, "live": {"last": 10 * MIB, "peak": 12 * MIB}, "live_peak": 12 * MIB,
                      "used_last": 15 * MIB, "used_peak": 16 * MIB, "committed_peak": 16 * MIB, "space_overhead": 1300000,
                      "pins": {"peak": 100}, "pause_work": {"sum": 7000 + hostage // 1000},
                      "fragmentation": {"hostage": {"last": hostage // 2, "peak": hostage},
                                        "unusable_contiguous": {"65536": 400000}},
                      "adversary": adversary},
            "timed": {"total": end, "measuring": 300, "pauses": {"young": {"max": 1000}, "full": {"max": 5000000}}}},
        "collections": [collection(i, kind) for i, kind in enumerate(kinds)],
        "pins": [site("reader", 4096, hostage), site("a site with a name that is really rather long", 64, 2 * MIB)],
        "survival": {"collections": 2, "allocated": [9, 0, 0, 100, 100, 100], "live": [9, 0, 0, 80, 40, 7]},
        "heap_maps": [heap_map(i, kind) for i, kind in enumerate(kinds)] if maps else None, "digest": None, "graph_digest": None}


def contest(n=64, q=2, pins=10, **more):
    m = 4096
    top = int(theory.residues(m, q, n))
    return record(adversary={"m": m, "n": n, "q": q, "pins": pins, "top": top, "bound": top}, workload="pin_adversary",
                  workload__n=str(n), workload__q=str(q), **more)


def runs_of(records):
    return [Run(f"r{i:04}.json", one) for i, one in enumerate(records)]


def fitting(kind):
    """Few records that hold what the kind needs."""
    if kind == "adversaries":
        return [contest(n, q) for n in (16, 64, 256) for q in (2, 4)]
    if kind in ("timeline", "heap_map"):
        return [record(seed=str(i)) for i in (1, 2)]
    return [record(heap__max=heap, pin__share=share, pin__lifetime=lifetime, seed=seed, hostage=int(float(share) * 100 * MIB))
            for heap in ("12MiB", "24MiB") for share in ("0", "0.001", "0.01")
            for lifetime in ("fixed(1MiB)", "forever") for seed in ("1", "2")]


class Kinds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sheet.start_matplotlib()

    def tearDown(self):
        from matplotlib import pyplot
        pyplot.close("all")

    def drawn(self, kind, records):
        """Draws; no text may lie outside of the sheet, and no two over each other."""
        from matplotlib import pyplot
        figure, table = command.picture_of(kind, runs_of(records))
        text = io.BytesIO()
        sheet.save(figure, text, "svg")
        self.check_texts(figure, kind)
        pyplot.close(figure)
        return text.getvalue(), list(csv.DictReader(io.StringIO(table)))

    def check_texts(self, figure, kind):
        from matplotlib.text import Text
        figure.canvas.draw()  # at its own resolution
        renderer = figure.canvas.get_renderer()
        boxes = []
        for text in figure.findobj(Text):
            if text.get_text().strip() and text.get_visible():
                axes = text.axes
                if axes is not None and text in axes.texts and not axes.bbox.contains(
                        *axes.transData.transform(text.get_position())) and text.get_transform() == axes.transData:
                    continue
                boxes.append((text.get_window_extent(renderer), text.get_text()))
        whole = figure.bbox
        for box, text in boxes:
            self.assertTrue(box.x0 >= -1 and box.y0 >= -1 and box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1,
                            f"{kind}: cut off: {text!r} {box} of {whole}")
        for i, (a, one) in enumerate(boxes):
            for b, other in boxes[:i]:
                wide = min(a.x1, b.x1) - max(a.x0, b.x0)
                high = min(a.y1, b.y1) - max(a.y0, b.y0)
                self.assertFalse(wide > 2 and high > 3.5, f"{kind}: {one!r} lies over {other!r}")

    def test_every_kind_draws_what_is_typical_with_no_label_cut_off_or_over_another(self):
        for kind in registry.kinds():
            with self.subTest(kind=kind):
                svg, rows = self.drawn(kind, fitting(kind))
                self.assertGreater(len(rows), 1)
                self.assertIn(b"<svg", svg)

    def test_every_kind_draws_one_run(self):
        for kind in registry.kinds():
            with self.subTest(kind=kind):
                records = fitting(kind)[-1:]
                if kind == "space_time":
                    with self.assertRaisesRegex(Failure, "heap.max"):
                        self.drawn(kind, records)
                else:
                    self.drawn(kind, records)

    def test_every_kind_draws_a_run_without_any_collection_or_names_what_is_missing(self):
        for kind in registry.kinds():
            empty = record(collections=0)
            empty["summary"]["exact"].update(live=None, space_overhead=None, used_last=None)
            empty["summary"]["exact"]["fragmentation"] = {"hostage": None, "unusable_contiguous": {"65536": None}}
            empty["survival"] = {"collections": 0, "allocated": [], "live": []}
            empty["pins"] = []
            with self.subTest(kind=kind):
                try:
                    self.drawn(kind, [empty])
                except Failure as failure:
                    self.assertRegex(str(failure), "--|heap.max")

    def test_equal_records_give_equal_bytes_in_any_order(self):
        from matplotlib import pyplot
        for kind in registry.kinds():
            with self.subTest(kind=kind):
                records = [(f"r{i}.json", one) for i, one in enumerate(fitting(kind)[:4])]
                made = []
                for order in (records, records[::-1]):
                    runs = sorted((Run(*one) for one in order), key=Run.order)
                    try:
                        figure, table = command.picture_of(kind, runs)
                    except Failure:
                        made.append(None)
                        continue
                    text = io.BytesIO()
                    sheet.save(figure, text, "svg")
                    pyplot.close(figure)
                    made.append((text.getvalue(), table))
                self.assertEqual(*made)

    def test_what_a_record_lacks_is_named_with_the_flag_that_records_it(self):
        lacking = record(maps=False)
        lacking["survival"] = None
        lacking["collections"] = []
        lacking["parameters"]["record.collections"] = "summary"
        for kind, flag in (("heap_map", "--record.heap_map=full"), ("ages", "--record.heap_map=full"), ("survival", "--record.survival=true"),
                           ("pauses", "--record.collections=all"), ("utilisation", "--record.collections=all"),
                           ("timeline", "--record.collections=all"), ("free_runs", "--record.collections=all"),
                           ("bounds", "--record.collections=all"), ("adversaries", "--workload=robson")):
            with self.subTest(kind=kind), self.assertRaises(Failure) as caught:
                registry.kind(kind).chart(runs_of([lacking]))
            self.assertEqual(caught.exception.code, 3)
            self.assertIn(flag, str(caught.exception))

    def test_too_many_panels_are_refused_with_what_to_choose(self):
        many = [record(heap__max=f"{i}MiB", old__route=f"route{j}") for i in range(1, 60) for j in range(3)]
        for kind in ("pauses", "timeline", "heap_map"):
            with self.assertRaisesRegex(Failure, "--where"):
                registry.kind(kind).chart(runs_of(many))

    def test_ten_thousand_collections_are_means_of_what_shares_a_place(self):
        long = picture_data.stretched(record(), 10000)
        panels = registry.kind("timeline").chart(runs_of([long])).panels
        for series in (series for panel in panels for series in panel.series):
            self.assertLessEqual(len(series.x), 402, series.name)
        pins = next(panel for panel in panels if panel.title.endswith("pinned objects")).series[0]
        every = [c["exact"]["pins"]["count"] for c in long["collections"] if c["kind"] == "full"]
        self.assertEqual((min(pins.lo), max(pins.hi)), (min(every), max(every)))
        pauses = next(panel for panel in panels if panel.title.endswith("pauses")).series
        self.assertEqual(max(max(series.y) for series in pauses), max(c["timed"]["pause"] for c in long["collections"]))

    @unittest.skipUnless(os.environ.get("PINLAB_LONG"), "scripts/test --long runs it")
    def test_a_thousand_runs_and_ten_thousand_collections(self):
        thousand = [record(collections=4, heap__max=f"{8 * (1 + i % 10)}MiB", pin__share=f"0.0{1 + i // 10 % 5}", seed=str(i // 50),
                           hostage=(1 + i % 7) * MIB) for i in range(1000)]
        for kind in ("space_time", "heat", "pareto", "pauses"):
            runs = thousand if kind != "pauses" else [r for r in thousand if r["parameters"]["heap.max"] == "8MiB"]
            with self.subTest(kind=kind):
                self.drawn(kind, runs)
        for kind in set(registry.kinds()) - {"adversaries", "space_time"}:
            with self.subTest(kind=kind):
                self.drawn(kind, [picture_data.stretched(record(), 10000)])

    def test_a_thousand_short_runs_made_from_a_real_ones_shape(self):
        runs = picture_data.thousand(record(pin__lifetime="fixed(1MiB)"))
        for kind in ("heat", "pareto", "space_time"):
            with self.subTest(kind=kind):
                self.drawn(kind, runs)

    def test_runs_that_did_not_complete_are_crosses_or_named(self):
        records = fitting("space_time")
        for one in records[:4]:
            one["outcome"] = "heap_exhausted"
        made = registry.kind("space_time").chart(runs_of(records))
        self.assertTrue(any(series.style == "cross" for panel in made.panels for series in panel.series))
        self.assertIn("heap_exhausted 4", " ".join(made.caption))

    def test_the_figures_are_those_of_the_record(self):
        made = registry.kind("blame").chart(runs_of([record(hostage=3 * MIB)]))
        self.assertIn(3 * MIB, made.panels[0].series[0].y)
        made = registry.kind("survival").chart(runs_of([record()]))
        self.assertEqual(made.panels[0].series[0].y, [0.8, 0.4, 0.07])
        made = registry.kind("timeline").chart(runs_of([record()]))
        self.assertEqual(made.panels[0].series[0].y[0], 800)
        made = registry.kind("adversaries").chart(runs_of([contest(64, 2), contest(256, 2)]))
        self.assertEqual(made.panels[0].series[0].y[0], int(theory.residues(4096, 2, 64)) / 4096)

    def test_the_bound_is_made_of_the_largest_that_was_seen_so_far(self):
        bounds = registry.kind("bounds")
        one = record()
        points = bounds.points_of(runs_of([one])[0])
        full = [c["exact"] for c in one["collections"] if c["kind"] == "full"]
        self.assertEqual([p.largest for p in points], [16 * KIB - 24, 16 * KIB - 0])
        self.assertEqual([p.left for p in points], [903, 907])
        self.assertEqual(points[0].expected, 4096 / 2 - 4)
        blocks = full[1]["census"]["after"]["top"] // (64 * KIB)
        self.assertEqual(points[1].bound, (full[1]["islands"]["count"] + blocks) * (16 * KIB - 8))
        left = bounds.chart(runs_of([one])).panels[1]
        self.assertEqual({s.name: s.y[0] for s in left.series if s.style == "theory"},
                         {"s_max - 8 B": 16 * KIB - 8, "E[S²]/2E[S] - 4 B": 2044})
        del one["collections"][3]["exact"]["largest_object"]
        with self.assertRaisesRegex(Failure, "largest object"):
            bounds.chart(runs_of([one]))

    def test_held_bytes_go_by_the_oldest_pin_of_their_block(self):
        one = {"kind": "full", "clock": 5000, "cell_bytes": 4096, "held": [[0, 100], [1, 10], [9, 7]],
               "islands": [[0, 0, 1, 8, 4000, 4500], [1, 1, 1, 8, 1000, 1000], [9, None, 1, 8, None, None]]}
        ages = registry.kind("ages")
        self.assertEqual(ages.held_by_age(one, 4096), {9: 100, 11: 10})  # 1000 and 4000 old; the last has no pin
        self.assertEqual(ages.held_by_age(one, 8192), {11: 110})
        self.assertEqual(ages.older_half({3: 5, 9: 4, 12: 1}), 2**9)

    def test_contours_run_between_known_cells_alone(self):
        grid = chart.Heat([1, 2, 3], [1, 2], [[0.0, 0.4, None], [0.0, 0.4, 0.9]], "share", levels=[0.1, 0.25, 0.5])
        self.assertEqual(sheet.contour_levels(grid), [0.1, 0.25])
        grid.values[0][0] = None
        self.assertEqual(sheet.contour_levels(grid), [])

    def test_what_was_not_measured_is_not_drawn_as_nothing(self):
        blind = record()
        for one in blind["collections"]:
            one["exact"]["hostage"] = None
        made = registry.kind("timeline").chart(runs_of([blind]))
        self.assertNotIn("hostage to pins", [series.name for series in made.panels[0].series])
        self.assertIn("record.hostage=true", " ".join(made.caption))

    def test_equal_names_look_alike_and_runs_without_pins_stand_in_every_panel(self):
        runs = [record(pin__share=share, pin__lifetime=lifetime) for share in ("0.001", "0.01", "0.1", "0.2")
                for lifetime in ("fixed(1MiB)", "forever") if (share, lifetime) != ("0.001", "fixed(1MiB)")]
        panels = registry.kind("free_runs").chart(runs_of([*runs, record(pin__share="0")])).panels
        self.assertEqual(len(panels), 2)
        colours = {}
        for panel in panels:
            self.assertIn("no pins", [series.name for series in panel.series])
            for series in panel.series:
                self.assertEqual(colours.setdefault(series.name, series.colour), series.colour)
        self.assertEqual(len(set(colours.values())), len(colours))

    def test_the_gallery_shows_every_kind(self):
        text = (SCRIPTS.parent / "results/pictures/README.md").read_text()
        for kind in registry.kinds():
            self.assertIn(f"## {kind}\n\n{registry.summary(kind)[0].upper()}{registry.summary(kind)[1:]}.", text)
            self.assertTrue((SCRIPTS.parent / f"results/pictures/{kind}.png").exists(), "scripts/gallery draws them")
        self.assertLess(sum(path.stat().st_size for path in (SCRIPTS.parent / "results/pictures").iterdir()), 2**20)

    def test_a_sweeps_folder_is_read_with_and_without_its_records(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            one, two = record(seed="1"), record(seed="2")
            common = {k: v for k, v in one["parameters"].items() if k != "seed"}
            (path / "manifest.json").write_text(json.dumps({
                "schema": "pinlab/sweep/1", "parameters": common,
                "cells": [{"cell": "a", "parameters": {"seed": "1"}}, {"cell": "b", "parameters": {"seed": "2"}}]}))
            ends = [{"n": i, "t": "rep_end", "cell": cell, "rep": 1, "outcome": "completed", "reason": "",
                     "run": {**one["summary"], "digest": None}} for i, cell in enumerate("ab")]
            (path / "events.jsonl").write_text("\n".join(map(json.dumps, ends)) + '\n{"n": 2, "t": "rep_')
            (path / "cells/b").mkdir(parents=True)
            (path / "cells/b/r1.json").write_text(json.dumps(two))
            runs = read_runs([folder])
            self.assertEqual([run.seed for run in runs], ["1", "2"])
            self.assertEqual(runs[0].exact("allocated"), 160 * MIB)
            self.assertEqual(len(runs[1].collections), 8)
            with self.assertRaisesRegex(Failure, "no collections"):
                runs[0].collections
            for arm in ("base", "new"):
                (path / "pair" / arm).mkdir(parents=True)
                (path / "pair" / arm / "manifest.json").write_text("{}")
            with self.assertRaisesRegex(Failure, "two programs, which are no repetitions of each other: name .*/pair/base or .*/pair/new"):
                read_runs([str(path / "pair")])


class Sums(unittest.TestCase):
    def test_utilisation_is_that_of_a_naive_search(self):
        pauses, total = [(10, 5), (20, 1), (22, 4), (60, 20)], 100
        busy = [any(b <= t < b + n for b, n in pauses) for t in range(total)]
        for window in (1, 3, 7, 10, 25, 50, 100):
            naive = min(1 - sum(busy[t:t + window]) / window for t in range(total - window + 1))
            self.assertAlmostEqual(theory.utilisation(pauses, total, window), naive)
        self.assertEqual(theory.utilisation([], 100, 10), 1.0)

    def test_the_formulas_have_the_values_of_the_literature(self):
        self.assertEqual(theory.robson(2**20, 2**10), 2**20 * 6 - 2**10 + 1)
        self.assertAlmostEqual(theory.residues(1, 100, 2**10), 1 + 0.99 * math.log(2**10, 100) - 2**10 + 1)
        self.assertAlmostEqual(theory.residues(2**16, 2, 64), theory.robson(2**16, 64))
        self.assertEqual(theory.comb_lower(1024, 16, 10), 16 * (10 + 63) - 15)

    def test_a_band_holds_the_median_with_95_percent(self):
        self.assertEqual(stats.median_band([3, 1, 2]), (2, 1, 3))
        self.assertEqual(stats.median_band(range(1, 7)), (3.5, 1, 6))  # 1 - 2/64
        self.assertEqual(stats.median_band(range(1, 10))[1:], (2, 8))  # 1 - 2 * 10/512
        self.assertEqual(stats.quantile([1, 2, 3, 4], 0.5), 2)

    def test_runs_without_pins_are_one_group_however_they_would_have_pinned(self):
        records = [record(pin__share="0", pin__lifetime=lifetime) for lifetime in ("object", "forever")] + [record()]
        found = groups.groups_of(runs_of(records))
        self.assertEqual(sorted(len(group.runs) for group in found), [1, 2])
        self.assertEqual(sorted(group.name for group in found), ["1 % pinned", "no pins"])

    def test_numbers_are_said_in_units(self):
        self.assertEqual(chart.bytes_text(64 * KIB), "64 KiB")
        self.assertEqual(chart.bytes_text(-3 * MIB), "-3 MiB")
        self.assertEqual(chart.time_text(1234567), "1.23 ms")


if __name__ == "__main__":
    unittest.main(verbosity=1, argv=sys.argv)
