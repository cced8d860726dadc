#!/usr/bin/python3
"""Tests of pinlab plot, on records made here."""

import copy
import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from plot_kinds_test import fitting, registry  # noqa: E402

PLOT = pathlib.Path(__file__).resolve().parent.parent / "pinlab-plot"
MIB = 2**20


def record(share="0.01", lifetime="object", hostage=5 * MIB, outcome="completed", seed="1", **parameters):
    """What the picture reads of a record, and a little more."""
    return {
        "schema": "pinlab/run/1", "outcome": outcome, "reason": "",
        "parameters": {"workload": "heaptrack", "workload.trace": "some/where/perl.raw.zst", "plan": "generational",
                       "heap.max": "24MiB", "heap.block": "64KiB", "nursery.size": "1MiB", "pin.share": share,
                       "pin.count": "0", "pin.rate": "0", "pin.lifetime": lifetime, "seed": seed,
                       "record.hostage": "true",
                       **{key.replace("__", "."): value for key, value in parameters.items()}},
        "summary": {
            "exact": {"collections": {"young": 9, "full": 3}, "allocated": 160 * MIB,
                      "live": {"last": 10 * MIB, "peak": 12 * MIB}, "used_last": 15 * MIB, "used_peak": 24 * MIB,
                      "space_overhead": 2000000, "pins": {"peak": 100},
                      "fragmentation": {"hostage": {"last": hostage // 2, "peak": hostage}}},
            "timed": {"pauses": {"young": {"max": 1000}, "full": {"max": 5000000}}}}}


def typical():
    """Two programs, four lifetimes, four shares and none, with one run that did not complete."""
    records = []
    for trace, size in (("perl.raw.zst", 1), ("sqlite.raw.zst", 8)):
        own = {"workload__trace": trace, "heap__max": f"{24 * size}MiB"}
        records.append(record("0", "object", 0, **own))
        for i, lifetime in enumerate(("fixed(1MiB)", "fixed(16MiB)", "object", "forever")):
            for j, share in enumerate(("0.0001", "0.001", "0.01", "0.05")):
                last = (i, j) == (3, 3)
                records.append(record(share, lifetime, size * 4**i * 2**j * MIB // 64,
                                      "heap_exhausted" if last else "completed", **own))
    return records


class PlotTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, records):
        names = []
        for i, one in enumerate(records):
            path = self.folder / f"r{i:03}.json"
            path.write_text(json.dumps(one))
            names.append(str(path))
        return names

    def plot(self, *words, expected=0):
        done = subprocess.run([PLOT, *map(str, words)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual([p.name for p in self.folder.glob(".*")], [], "a file was left behind")
        return done

    def picture(self, records, *words):
        """Draws, and returns the SVG and the lines of the CSV."""
        out = self.folder / "pins.svg"
        self.plot(*self.write(records), f"--out={out}", *words)
        xml.etree.ElementTree.fromstring(out.read_bytes())
        with open(self.folder / "pins.csv", newline="", encoding="utf-8") as file:
            return out.read_text(), list(csv.DictReader(file))

    def refused(self, records, *texts, code=3):
        done = self.plot(*self.write(records), f"--out={self.folder / 'no.svg'}", expected=code)
        for text in texts:
            self.assertIn(text, done.stderr)
        self.assertFalse((self.folder / "no.svg").exists())
        self.assertFalse((self.folder / "no.csv").exists())

    def test_equal_records_give_equal_bytes_in_any_order(self):
        names = self.write(typical())
        self.plot(*names, "--out", self.folder / "a.svg")
        self.plot(*reversed(names), "--out", self.folder / "b.svg")
        for ending in ("svg", "csv"):
            a, b = [(self.folder / f"{stem}.{ending}").read_bytes() for stem in "ab"]
            self.assertEqual(a, b)
        self.assertNotIn(b"<dc:date>", (self.folder / "a.svg").read_bytes())

    def test_formats_stand_beside_each_other(self):
        self.picture(typical(), "--format=svg,png")
        self.assertEqual((self.folder / "pins.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.plot(self.write(typical())[0], "--out", self.folder / "only.png")
        self.assertFalse((self.folder / "only.svg").exists())

    def test_the_table_holds_the_recorded_figures(self):
        _, lines = self.picture(typical())
        self.assertEqual(len(lines), 34)
        self.assertEqual({line["program"] for line in lines}, {"perl", "sqlite"})
        one = [line for line in lines if line["program"] == "perl" and line["pin.lifetime"] == "object"
               and line["pin.share"] == "0.01"][0]
        self.assertEqual(one["hostage_peak_bytes"], str(16 * 4 * MIB // 64))
        self.assertEqual(one["space_overhead_ratio"], "2.000000")
        self.assertEqual(one["used_per_live_last_ratio"], "1.500000")
        self.assertEqual(one["pause_max_ns"], "5000000")

    def test_one_point(self):
        self.picture([record()])

    def test_one_run_without_pins(self):
        self.picture([record("0", hostage=0)])

    def test_negative_hostage_bytes(self):
        self.picture([record("0.01", hostage=-3 * MIB), record("0.1", hostage=200 * MIB), record("0.001", hostage=MIB // 9)])

    def test_nothing_measured_in_any_run_that_ended_early(self):
        dead = record(outcome="heap_exhausted")
        dead["summary"]["exact"].update(live=None, space_overhead=None, used_last=None)
        dead["summary"]["exact"]["fragmentation"]["hostage"] = None
        crashed = record("0.1", outcome="crashed")
        crashed["summary"] = None
        _, lines = self.picture([dead, crashed])
        self.assertEqual([line["space_overhead_ratio"] for line in lines], ["", ""])

    def test_no_records(self):
        self.plot("--out", self.folder / "a.svg", expected=2)

    def test_seeds_are_repetitions_and_configurations_are_panels(self):
        runs = [record(seed=str(s), hostage=s * MIB, plan=plan) for s in (1, 2, 3) for plan in ("generational", "semispace")]
        self.picture(runs)

    def test_many_panels_and_lifetimes(self):
        runs = [record(share, f"exp({n}MiB)", n * MIB, heap__max=f"{heap}MiB", old__route="slide_around")
                for heap in (24, 32, 48, 64, 96) for n in range(1, 13) for share in ("0.01", "0.02", "0.03")]
        self.picture(runs)

    def test_a_parameter_that_only_some_programs_have(self):
        other = record()
        other["parameters"]["workload"] = "lru_churn"
        del other["parameters"]["workload.trace"]
        other["parameters"]["workload.slots"] = "100"
        self.picture([record(), other])

    def test_not_recorded(self):
        bad = record(record__hostage="false")
        bad["summary"]["exact"]["fragmentation"]["hostage"] = None
        self.refused([record(), bad], "r001.json", "summary.exact.fragmentation.hostage", "--record.hostage=true")

    def test_no_full_collection(self):
        bad = copy.deepcopy(record())
        bad["summary"]["exact"].update(live=None, space_overhead=None, collections={"young": 3, "full": 0})
        self.refused([bad], "r000.json", "summary.exact.live", "--heap.max", "24MiB")

    def test_missing_key(self):
        bad = record()
        del bad["summary"]["exact"]["used_last"]
        self.refused([bad], "r000.json", "summary.exact.used_last")
        bad = record()
        del bad["parameters"]["pin.share"]
        self.refused([bad], "r000.json", "parameters.pin.share")

    def test_pins_made_by_count(self):
        self.refused([record("0", pin__count="12")], "pin.count=12", "--pin.share")

    def test_bad_input(self):
        for text in ("", "{", "[]", "3", '{"schema":"other/1"}', '{"schema":"pinlab/run/1","outcome":1}', "\xff\xfe", "[" * 100000):
            path = self.folder / "bad.json"
            path.write_bytes(text.encode("latin-1"))
            done = self.plot(path, "--out", self.folder / "a.svg", expected=3)
            self.assertIn("bad.json", done.stderr)
        self.plot(self.folder / "absent.json", "--out", self.folder / "a.svg", expected=7)

    def test_values_of_the_wrong_form(self):
        for key, value in (("live", 7), ("space_overhead", "2"), ("used_last", {}), ("collections", [])):
            bad = record()
            bad["summary"]["exact"][key] = value
            self.refused([bad], "r000.json")
        bad = record()
        bad["summary"]["exact"]["fragmentation"]["hostage"] = {"last": 0, "peak": "much"}
        self.refused([bad], "r000.json")
        self.refused([record("most")], "r000.json")
        self.refused([record("nan")], "r000.json")

    def test_usage(self):
        name = self.write([record()])[0]
        out = self.folder / "a.svg"
        self.assertIn("pins", self.plot(name, "--kind=pin", f"--out={out}", expected=2).stderr)
        self.assertIn("png", self.plot(name, "--format=pgn", f"--out={out}", expected=2).stderr)
        self.plot(name, f"--out={self.folder / 'a.pdf'}", expected=2)
        self.plot(name, "--format=png", f"--out={out}", expected=2)
        self.assertIn("--kind", self.plot("--help").stdout)
        self.assertIn("did you mean pauses", self.plot("pauzes", name, f"--out={out}", expected=2).stderr)
        self.assertIn("no records", self.plot("pauses", "timeline", expected=2).stderr)
        self.assertIn("one way", self.plot("pins", "--kind=pins", name, f"--out={out}", expected=2).stderr)

    def test_kinds_are_words_before_the_records_and_pictures_go_here(self):
        names = self.write(typical())
        for words in (["pins"], ["--kind=pins"], []):
            done = subprocess.run([PLOT, *words, *names], capture_output=True, text=True, timeout=120, cwd=self.folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            made = {name: (self.folder / name).read_bytes() for name in ("pins.svg", "pins.csv")}
            for name in made:
                (self.folder / name).unlink()
        names = self.write(fitting("heat"))
        self.plot("heat", "pareto", *names, f"--out={self.folder / 'several'}")
        self.assertEqual(sorted(p.name for p in (self.folder / "several").iterdir()),
                         ["heat.csv", "heat.svg", "pareto.csv", "pareto.svg"])
        self.assertTrue(made["pins.svg"].startswith(b"<?xml"))

    def test_neither_the_hash_seed_nor_the_locale_nor_the_clock_changes_a_byte(self):
        of_runs = ["heap_map", "timeline"]  # each run by itself
        self.check_bytes([kind for kind in registry.kinds() if kind not in ("adversaries", *of_runs)], fitting("heat"))
        self.check_bytes(of_runs, fitting("timeline"))
        self.check_bytes(["adversaries"], fitting("adversaries"))

    def check_bytes(self, kinds, records):
        names = self.write(records)
        made = []
        for seed, locale, zone in (("0", "C", "UTC"), ("1", "C.UTF-8", "Asia/Tokyo"), ("4711", "de_DE.UTF-8", "UTC")):
            folder = self.folder / kinds[0] / seed
            done = subprocess.run([PLOT, *kinds, *names, f"--out={folder}"], capture_output=True, text=True, timeout=120,
                                  env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone})
            self.assertEqual(done.returncode, 0, done.stderr)
            made.append({p.name: p.read_bytes() for p in folder.iterdir()})
        self.assertEqual(len(made[0]), 2 * len(kinds))
        self.assertEqual(made[0], made[1])
        self.assertEqual(made[0], made[2])

    def test_a_place_that_cannot_be_written(self):
        name = self.write([record()])[0]
        self.plot(name, "--out", self.folder / "absent" / "a.svg", expected=7)
        (self.folder / "folder.svg").mkdir()
        self.plot(name, "--out", self.folder / "folder.svg", expected=7)

    def test_interrupted_it_leaves_nothing(self):
        names = self.write(typical())
        process = subprocess.Popen([PLOT, *names, "--out", self.folder / "a.svg", "--format=svg,png"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        def writes():
            try:  # its outputs are open, though they have no names yet
                return any(os.readlink(file).startswith(str(self.folder)) for file in pathlib.Path(f"/proc/{process.pid}/fd").iterdir())
            except FileNotFoundError:
                return False
        while process.poll() is None and not writes():
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        left = [p.name for p in self.folder.iterdir() if not p.name.startswith("r")]
        self.assertTrue(process.returncode in (130, 0))
        self.assertEqual(left if process.returncode == 130 else [], [])


if __name__ == "__main__":
    os.environ.pop("MATPLOTLIBRC", None)
    unittest.main(verbosity=1, argv=sys.argv)
