"""Comparisons of sweeps, their statistics and the strict reader: compare_test.py PINLAB SCRIPTS"""

import contextlib
import copy
import io
import json
import os
import pathlib
import random
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import xml.etree.ElementTree as xml
import zlib

PINLAB, SCRIPTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, SCRIPTS)
os.environ["PINLAB_EXEC_PATH"] = SCRIPTS

import pinlab_comparison  # noqa: E402
import pinlab_confirmation  # noqa: E402
import pinlab_files  # noqa: E402
import pinlab_gate_main  # noqa: E402
import pinlab_metrics  # noqa: E402
import pinlab_policy  # noqa: E402
import pinlab_sides  # noqa: E402
import pinlab_statistics as statistics  # noqa: E402


def pinlab(*words):
    return subprocess.run([PINLAB, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=200,
                          check=False)


class Known:
    """A catalogue of one metric."""

    by_path = {"timed.total": pinlab_metrics.Metric("total", "timed.total", "lower", "ns")}

    def metric(self, path):
        return self.by_path.get(path) or pinlab_metrics.Metric(path, path)


class Statistics(unittest.TestCase):
    def test_small_samples_have_the_p_that_counting_gives(self):
        for n, p in [(3, 0.1), (4, 0.0286), (5, 0.0079), (6, 0.0022), (7, 0.00058)]:
            self.assertAlmostEqual(statistics.mann_whitney(range(n), range(n, 2 * n)), p, delta=p * 0.02)
        self.assertEqual(statistics.mann_whitney([1, 1], [1, 1]), 1.0)

    def test_p_is_that_of_scipy(self):
        try:
            from scipy.stats import mannwhitneyu
        except ImportError:
            self.skipTest("no python3-scipy")
        chance = random.Random(1)
        for _ in range(100):
            a = [chance.random() for _ in range(chance.randint(2, 20))]
            b = [chance.random() + 0.2 for _ in range(chance.randint(2, 20))]
            self.assertAlmostEqual(statistics.mann_whitney(a, b), mannwhitneyu(a, b, method="exact").pvalue, places=9)
            a, b = a * 15, [value + 0.001 for value in b * 15]
            self.assertAlmostEqual(statistics.mann_whitney(a, b), mannwhitneyu(a, b, method="asymptotic").pvalue, places=6)

    def test_ties_are_counted_out(self):
        import itertools
        a, b = [1, 2, 2, 5], [2, 3, 5, 5, 9]
        values = a + b
        ranks = statistics._doubled_ranks(values)
        sums = [sum(choice) for choice in itertools.combinations(ranks, len(a))]
        middle = len(a) * (len(values) + 1)
        extreme = sum(abs(total - middle) >= abs(sum(ranks[:4]) - middle) for total in sums)
        self.assertAlmostEqual(statistics.mann_whitney(a, b), extreme / len(sums))

    def test_the_interval_of_a_share_is_the_exact_one(self):
        for hits, trials, low, high in [(0, 1000, 0, 0.003682), (3, 1000, 0.000619, 0.008742), (10, 10, 0.691503, 1), (5, 10, 0.187086, 0.812914)]:
            found = statistics.clopper_pearson(hits, trials)
            self.assertAlmostEqual(found[0], low, places=5)
            self.assertAlmostEqual(found[1], high, places=5)

    def test_as_many_runs_are_asked_for_as_let_a_time_be_significant(self):
        import pinlab_resampling
        for tests in (1, 45, 400):
            samples = pinlab_resampling.enough(tests, 0.003)
            self.assertLessEqual(10 * tests * statistics.least_p(samples, samples), 0.003)
        self.assertEqual(pinlab_resampling.enough(1, 0.05), 8)

    @staticmethod
    def drawn_side(name, times):
        cell = pinlab_sides.Cell({"plan": "no_gc"})
        cell.outcome, cell.exact = "completed", {"exact.moved": 0}
        cell.timed = {"timed.total": times}
        made = pinlab_sides.Side(name, [cell])
        made.session, made.environment, made.jobs = "s", {}, 1
        return made

    def test_a_comparison_that_is_drawn_finds_what_is_there(self):
        import pinlab_resampling
        chance = random.Random(3)

        def side(name, shift):
            return self.drawn_side(name, [int(1e6 * (shift + chance.random() / 20)) for _ in range(40)])
        catalogue = Known()
        equal = pinlab_resampling.Resampling([side("a", 1), side("b", 1)], catalogue)
        policy = pinlab_resampling.gated(0.003, 10)
        drawn = [equal.at_random(chance, 10) for _ in range(100)]
        self.assertEqual(equal.rate(drawn, policy, {})["alarms"], 0)
        self.assertEqual(equal.rate(drawn, policy, {}, 1.2)["alarms"], 100)
        self.assertEqual(equal.rate(drawn, policy, {"total": 0.1}, 1.2)["alarms"], 0)  # noise of 10 % hides 20 %
        other = pinlab_resampling.Resampling([side("a", 1), side("b", 1.2)], catalogue)
        windows = [other.window(begin, 10) for begin in range(31)]
        self.assertEqual(other.rate(windows, policy, {})["alarms"], 31)

    def test_of_alarms_that_are_drawn_only_real_ones_repeat(self):
        import pinlab_resampling
        chance = random.Random(4)
        sides = [self.drawn_side(name, [int(1e6 * (1 + chance.random() / 20)) for _ in range(100)]) for name in "ab"]
        resampling = pinlab_resampling.Resampling(sides, Known())
        lots = resampling.at_random(chance, 10, 4)
        self.assertEqual(len({run for lot in lots for run in lot(0)}), 40)
        drawn = [resampling.at_random(chance, 10, 4) for _ in range(200)]
        lax = resampling.confirmed_rate(drawn, pinlab_resampling.gated(0.5, 10, 0), {})
        self.assertTrue(25 <= lax["alarms"] <= 75, lax)  # a quarter is worse by chance, and of these a quarter again
        self.assertTrue(3 <= lax["confirmed"]["alarms"] <= 25, lax)
        strict = pinlab_resampling.gated(0.003, 10)
        real = resampling.confirmed_rate(drawn, strict, {}, 1.2)
        self.assertEqual((real["alarms"], real["confirmed"]["alarms"]), (200, 200))
        calibrate = runpy.run_path(os.path.join(SCRIPTS, "pinlab-calibrate"))
        rows = calibrate["confirmations"](resampling, {}, chance, 40, 10, 0.003)
        self.assertEqual([row["comparisons"] for row in rows], [40] * 6)
        self.assertGreater(rows[3]["alarms"], rows[0]["alarms"])
        self.assertEqual(rows[5]["confirmed"]["alarms"], 40)

    def test_alarms_are_tested_again_without_the_times_that_did_not_alarm(self):
        policy = pinlab_policy.Policy()
        policy.alpha, policy.metrics = 0.05, [{"name": "*", "kind": "sampled", "min_effect": 0}]
        catalogue = Known()
        catalogue.by_path = {f"timed.t{i}": pinlab_metrics.Metric(f"t{i}", f"timed.t{i}", "lower") for i in range(20)}

        def side(name, first):
            made = self.drawn_side(name, [])
            made.cells[0].timed = {f"timed.t{i}": list(range(1000, 1016)) for i in range(20)}
            made.cells[0].timed["timed.t3"] = first
            return made
        some = list(range(1000, 1016))
        result = pinlab_comparison.Comparison(side("a", some), side("b", [value + 100 for value in some]), policy, catalogue=catalogue)
        rows = pinlab_confirmation.alarms_of(result)["the only cell"]
        self.assertEqual([row.metric for row in rows], ["t3"])
        again = [value + 5 for value in some]  # p is 0.02: enough for one time, not for one of twenty
        pinlab_confirmation.judge(result, rows, side("a", some), side("b", again))
        self.assertEqual(rows[0].verdict, "worse", rows[0].note)

    def test_a_change_is_written_out(self):
        for new, text in [(100, "+0 %"), (101, "+1 %"), (50, "-50 %"), (1099, "+999 %"), (1720, "+1620 %"), (10 ** 6, "+999900 %")]:
            self.assertEqual(pinlab_comparison.Row("cell", "total", "worse", 100, new).change(), text)

    def test_a_time_that_is_0_when_measured_again_is_judged_by_ranks(self):
        policy = pinlab_policy.Policy()
        policy.metrics = [{"name": "mmu", "kind": "sampled"}]
        catalogue = Known()
        catalogue.by_path = {"timed.total": pinlab_metrics.Metric("mmu", "timed.total", "higher")}

        def compared(base, new):
            return pinlab_comparison.Comparison(self.drawn_side("a", base), self.drawn_side("b", new), policy, catalogue=catalogue)
        some = list(range(1000, 1020))
        for again, verdict in [([0, *range(100, 119)], "worse"), ([0, *some[1:]], "inconclusive"), ([0, *range(9000, 9019)], "inconclusive")]:
            result = compared(some, [value // 2 for value in some])
            rows = [row for row in result.rows if row.metric == "mmu"]
            self.assertEqual(rows[0].verdict, "worse")
            pinlab_confirmation.judge(result, rows, self.drawn_side("a", some), self.drawn_side("b", again))
            self.assertEqual(rows[0].verdict, verdict, rows[0].note)

    def test_holm_is_what_the_paper_has(self):
        self.assertEqual(statistics.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])

    def test_the_interval_of_a_ratio_holds_it_as_often_as_it_says(self):
        chance = random.Random(2)
        held = 0
        for _ in range(400):
            a, b = [chance.expovariate(1) for _ in range(10)], [2 * chance.expovariate(1) for _ in range(10)]
            _, low, high = statistics.ratio(a, b)
            held += low <= 2 <= high
        self.assertGreater(held, 400 * 0.92)

    def test_equal_programs_are_told_apart_in_at_most_3_of_1000_comparisons(self):
        chance = random.Random(3)
        cell = [chance.lognormvariate(0, 0.5) for _ in range(200)]
        alarms = 0
        for _ in range(2000):
            picked = chance.sample(cell, 160)
            ps = [statistics.mann_whitney(picked[i:i + 8], picked[i + 8:i + 16]) for i in range(0, 160, 16)]
            if min(statistics.holm(ps)) < 0.01:
                at = min(range(10), key=ps.__getitem__) * 16
                alarms += abs(statistics.ratio(picked[at:at + 8], picked[at + 8:at + 16])[0] - 1) > 0.75
        self.assertLessEqual(alarms, 6)


class Reader(unittest.TestCase):
    def test_what_is_wrong_is_named_with_line_and_path(self):
        for text, message in [
            ('{"a": 1,\n"a": 2}', "x:2: at a the key is there twice"),
            ('{"a": {\n"b": NaN}}', "x:2: at a.b NaN is no value"),
            ("[1,\n1e999]", "x:2: at [1] the number 1e999 is out of range"),
            ("[1,\n\n18446744073709551616]", "x:3: at [1] the number"),
            ('{"a":[1,\n{"b":-}]}', "x:2: at a[1].b"),
            ("", "x:1: the text ends here"),
            ("{} x", "x:1: there is more"),
        ]:
            with self.assertRaises(pinlab_files.BadInput) as caught:
                pinlab_files.loads(text, "x")
            self.assertIn(message, str(caught.exception))


def change_times(folder, change):
    """Has `change` alter the times of each run in a sweep's events, and seals the lines anew."""
    lines = []
    for line in (folder / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["t"] == "rep_end":
            change(event["run"]["timed"])
        del event["c"]
        text = json.dumps(event, separators=(",", ":"))[:-1]
        lines.append(f'{text},"c":"{zlib.crc32(text.encode()):08x}"}}\n')
    (folder / "events.jsonl").write_text("".join(lines))


def draw_times(folder, seed):
    """Gives a sweep times that are drawn: what is found in them does not depend on what else the machine does."""
    chance = random.Random(seed)

    def drawn(times):
        for key, value in times.items():
            if isinstance(value, dict):
                drawn(value)
            elif key != "count":
                times[key] = round(5e5 * chance.lognormvariate(0, 0.03))  # ns, or millionths
    change_times(folder, drawn)


class Gates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_gate_"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        words = ["--heap.max=16MiB", "--workload.slots=3000", "--workload.replacements=15000", "--axis=pin.share=0.1%,2%",
                 "--axis=seed=1..2"]
        assert pinlab("sweep", f"--out={cls.folder}/a", *words).returncode == 0
        assert pinlab("sweep", f"--out={cls.folder}/twice", *words, "--reps=13", f"--against={PINLAB}").returncode == 0
        for seed, arm in enumerate(("base", "new")):
            draw_times(cls.folder / "twice" / arm, seed)
        cls.reference = json.loads((cls.folder / "a" / "exact.json").read_text())

    def gate(self, code, *words, command="gate"):
        run = pinlab(command, *words)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run

    def changed(self, change):
        """A copy of the reference after `change`."""
        exact = copy.deepcopy(self.reference)
        change(exact)
        path = self.folder / "changed.json"
        path.write_text(json.dumps(exact))
        return path

    def test_equal_sweeps_pass_and_their_times_are_no_finding(self):
        self.assertIn("gate: passed", self.gate(0, self.folder / "a" / "exact.json", self.folder / "a").stdout)
        self.assertIn("gate: passed", self.gate(0, self.folder / "twice").stdout)
        self.assertNotIn("times are not compared", self.gate(0, self.folder / "twice", command="compare").stdout)

    def test_each_of_twenty_seeded_regressions_is_found(self):
        paths = [("moved",), ("promoted",), ("used_last",), ("used_peak",), ("committed_peak",), ("space_overhead",),
                 ("live_peak",), ("collections", "full"), ("collections", "young"), ("fragmentation", "external"),
                 ("fragmentation", "hostage", "last"), ("fragmentation", "hostage", "peak"), ("fragmentation", "held", "last"),
                 ("fragmentation", "hostage_byte_time"), ("fragmentation", "unusable_packed", "65536"), ("pins", "leaked"),
                 ("pause_work", "slots"), ("pause_work", "bytes"), ("proof", "routed")]
        for number, path in enumerate(paths):
            def change(exact, path=path, number=number):
                here = exact["cells"][number % 4]["exact"]
                for name in path[:-1]:
                    here = here[name]
                value = here[path[-1]] or 0
                here[path[-1]] = value + max(1, abs(value) // 1000)  # one more byte in a thousand
            with self.subTest(path=path):
                self.assertIn("gate: failed", self.gate(1, self.folder / "a", self.changed(change)).stdout)

        def slower(exact):
            work = exact["cells"][3]["exact"]["pause_work"]
            work["sum"] = work["sum"] * 5 // 4  # pause work 25 % higher
        self.gate(1, self.folder / "a", self.changed(slower))

    def test_what_cannot_be_compared_is_neither_pass_nor_failure(self):
        def drop(exact):
            del exact["cells"][0]

        def unmeasured(exact):
            for cell in exact["cells"]:
                cell["exact"] = None

        def inert(exact):
            for cell in exact["cells"]:
                cell["exact"]["moved"] = 0
        self.assertIn("incomparable", self.gate(6, self.folder / "a", self.changed(drop)).stdout)
        self.assertIn("nothing was measured", self.gate(6, self.folder / "a", self.changed(unmeasured)).stdout)
        self.assertIn("inert", self.gate(6, self.folder / "a", self.changed(inert)).stdout)
        self.gate(6, self.folder / "a", self.changed(lambda exact: exact["cells"].clear()))

    def test_a_sampled_digest_is_never_compared_with_a_full_one(self):
        def kind(name, digest=None):
            def change(exact):
                exact["parameters"]["record.digest"] = name
                for cell in exact["cells"]:
                    cell["digest"] = digest or cell["digest"]
            return change
        self.assertEqual(self.reference["parameters"]["record.digest"], "sampled")
        text = self.gate(6, self.changed(kind("full")), self.folder / "a").stdout
        self.assertRegex(text, r"that of \S+ is full, that of \S+ sampled: run both with one record.digest")
        self.assertIn("incomparable", text)
        self.assertNotIn("passed", text)
        self.gate(6, self.changed(kind("both")), self.folder / "a")
        self.gate(0, self.changed(kind("sampled")), self.folder / "a")
        self.assertIn("something exact differs", self.gate(1, self.changed(kind("sampled", "0" * 16)), self.folder / "a").stdout)
        self.gate(0, self.changed(kind("full")), self.changed(kind("full")))

    def test_a_policy_allows_what_it_says(self):
        policy = self.folder / "policy.json"
        policy.write_text('{"schema": "pinlab/gate/1", "metrics": [{"name": "moved", "kind": "exact", "max_ratio": 1.01}]}')

        def more(share):
            def change(exact):
                exact["cells"][0]["exact"]["moved"] += exact["cells"][0]["exact"]["moved"] * share // 1000
            return change
        self.gate(0, self.folder / "a", self.changed(more(9)), f"--policy={policy}")
        self.gate(1, self.folder / "a", self.changed(more(11)), f"--policy={policy}")
        policy.write_text('{"schema": "pinlab/gate/1", "metrics": [{"name": "total", "kind": "sampled"}]}')
        self.gate(6, self.folder / "a", self.folder / "a", f"--policy={policy}")
        policy.write_text('{"schema": "pinlab/gate/1", "metric": []}')
        self.assertIn("no key 'metric'", self.gate(3, self.folder / "a", self.folder / "a", f"--policy={policy}").stderr)

    def test_verdicts_are_written_for_ci(self):
        junit, markdown = self.folder / "junit.xml", self.folder / "gate.md"

        def change(exact):
            exact["cells"][1]["exact"]["moved"] += 8
        self.gate(1, self.folder / "a", self.changed(change), f"--junit={junit}", f"--markdown={markdown}")
        suite = xml.parse(junit).getroot()[0]
        self.assertEqual(suite.get("failures"), "1")
        self.assertEqual(len(suite), int(suite.get("tests")))
        self.assertIn("pinlab run", suite.find(".//failure").text)
        self.assertIn("| **worse** | moved |", markdown.read_text())

    def test_bad_input_is_exit_code_3_and_usage_2(self):
        bad = self.folder / "bad.json"
        bad.write_text('{"schema": "pinlab/exact/1",\n"parameters": {}, "parameters": {}}')
        self.assertIn("bad.json:2: at parameters the key is there twice", self.gate(3, self.folder / "a", bad).stderr)
        text = (self.folder / "a" / "exact.json").read_text().replace('"moved": ', '"moved": -', 1)
        bad.write_text(text)
        self.assertRegex(self.gate(3, self.folder / "a", bad).stderr, r"bad.json:\d+: at .*exact.moved it is out of range")
        self.gate(2, self.folder / "a")
        self.assertIn("nowhere: No such file", self.gate(7, self.folder / "nowhere").stderr)
        self.gate(2, self.folder / "a", self.folder / "a", "--ignore=sead")

    def test_types_that_are_wrong_are_named_with_file_line_and_path(self):
        bad, sweep = self.folder / "types.json", self.folder / "a"

        def refused(kind, schema, body, message, *words):
            bad.write_text(f'{{"schema": "pinlab/{schema}/1",\n{body}}}')
            operands = [bad, sweep] if kind is None else [sweep, sweep, f"--{kind}={bad}"]
            with self.subTest(body=body):
                self.assertRegex(self.gate(3, *operands, *words).stderr, rf"types\.json:2: at {message}")

        for body, message in [
            ('"alpha": "x"', "alpha it is 'x' and not of type number"),
            ('"alpha": 1', "alpha it is not between 0 and 1"),
            ('"min_samples": 8.5', "min_samples it is '8.5' and not of type integer"),
            ('"on_missing": "pass"', "on_missing it is 'pass' and none of fail, ignore"),
            ('"metrics": 5', "metrics it is '5' and not of type array"),
            ('"metrics": [7]', r"metrics\[0\] it is '7' and not of type object"),
            ('"metrics": [{"kind": "exact"}]', r"metrics\[0\] it has no key 'name'"),
            ('"metrics": [{"name": "moved", "kind": "exact", "max_increase": "a"}]', r"metrics\[0\].max_increase it is 'a'"),
            ('"metrics": [{"name": "moved", "kind": "exact", "max_ratio": NaN}]', r"metrics\[0\].max_ratio NaN is no value"),
            ('"metrics": [{"name": "moved", "kind": "exact", "allow": "bettr"}]', r"metrics\[0\].allow it is 'bettr'"),
            ('"metrics": [{"name": "total", "kind": "sampled", "min_effect": "abc"}]', r"metrics\[0\].min_effect it is 'abc'"),
            ('"metrics": [{"name": "movd", "kind": "exact"}]', r"metrics\[0\].name no metric is called 'movd'; did you mean moved\?"),
        ]:
            refused("policy", "gate", body, message)
        for body, message in [
            ('"metrics": 5', "metrics it is '5'"),
            ('"metrics": {"total": 5}', "metrics.total it is '5' and not of type object"),
            ('"metrics": {"total": {"noise": -1}}', "metrics.total.noise it is out of range"),
        ]:
            refused("noise", "noise", body, message)
        cell = {"parameters": {}, "axes": {}, "outcome": "completed", "digest": None, "graph_digest": None, "exact": None}
        for key, value in [("outcome", 7), ("digest", 5), ("digest", "abc"), ("graph_digest", []), ("exact", 5), ("axes", None), ("parameters", [])]:
            refused(None, "exact", f'"parameters": {{}}, "cells": [{json.dumps({**cell, key: value})}]', rf"cells\[0\].{key} it is ")
        refused(None, "exact", '"parameters": [], "cells": []', "parameters it is ")
        refused(None, "exact", '"parameters": {}, "cells": 5', "cells it is ")

    def test_a_folder_whose_files_have_wrong_types_is_named_with_line_and_path(self):
        folder = self.folder / "types"
        shutil.copytree(self.folder / "a", folder)
        manifest, events = folder / "manifest.json", folder / "events.jsonl"
        kept = manifest.read_text(), events.read_text()
        for before, after, message in [('"reps": 1', '"reps": "1"', "reps it is '1'"), ('"jobs": 1', '"jobs": 0', "limits.jobs it is out of range"),
                                       ('"session": null', '"session": 5', "session it is '5'")]:
            with self.subTest(after=after):
                self.assertIn(before.replace(" ", ""), kept[0].replace(" ", ""))
                manifest.write_text(re.sub(before.replace(" ", " ?"), after, kept[0], count=1))
                self.assertRegex(self.gate(3, folder, folder).stderr, rf"manifest\.json:\d+: at {message}")
        manifest.write_text(kept[0])
        for before, after, message in [('"rep":1', '"rep":"1"', "rep it is '1'"), ('"run":{', '"run":5,"was":{', "run it is '5'"),
                                       ('"outcome":"completed"', '"outcome":null', "outcome it is 'None'")]:
            lines = kept[1].splitlines()
            index = next(i for i, line in enumerate(lines) if '"t":"rep_end"' in line)
            text = lines[index][:-16].replace(before, after, 1)
            lines[index] = f'{text},"c":"{zlib.crc32(text.encode()):08x}"}}'
            events.write_text("\n".join(lines) + "\n")
            with self.subTest(after=after):
                self.assertRegex(self.gate(3, folder, folder).stderr, rf"events\.jsonl:{index + 1}: at {message}")

    def test_a_bug_is_no_verdict(self):
        with contextlib.redirect_stderr(io.StringIO()) as text:
            self.assertEqual(pinlab_gate_main.main("gate", "", lambda *_: 1 // 0), 4)
        self.assertIn("ZeroDivisionError", text.getvalue())

    def test_calibration_measures_noise_and_finds_no_false_alarm(self):
        noise = self.folder / "noise.json"
        self.gate(0, f"--out={noise}", f"--sweep={self.folder}/twice", "--resamples=60", command="calibrate")
        found = json.loads(noise.read_text())
        for how in ("drawn", "drawn_without_noise", "windows"):
            self.assertEqual(found["false_alarms"][how]["alarms"], 0)
        self.assertEqual(found["false_alarms"]["drawn"]["comparisons"], 60)
        few = self.gate(0, f"--out={noise}.few", f"--sweep={self.folder}/twice", "--samples=3", command="calibrate")
        self.assertIn("too few for any", few.stdout)
        self.assertEqual(json.loads(pathlib.Path(f"{noise}.few").read_text())["false_alarms"], {})
        self.assertIn("total", found["metrics"])
        self.gate(0, self.folder / "twice", f"--noise={noise}")

    def test_what_calibration_cannot_do_is_said_before_it_measures(self):
        for words in (["--confirm=x"], ["--confirm=5", "--reps=15"], ["--reps=9", "--samples=10"], ["--samples=1"], ["--resamples=0"]):
            self.gate(2, f"--out={self.folder}/none.json", *words, "--heap.max=16MiB", command="calibrate")
        self.assertEqual(list(self.folder.glob("none.json*")), [])
        self.assertIn("twice", self.gate(2, f"--out={self.folder}/none.json", f"--sweep={self.folder}/twice", "--confirm=5", command="calibrate").stderr)

    def slowed(self, name, factor):
        """A copy of one side of `twice` whose times are longer."""
        folder = self.folder / name
        shutil.copytree(self.folder / "twice" / "new", folder)

        def longer(timed):
            for times, keys in [(timed, ("total", "mutator")), *((pauses, ("p50", "total", "max")) for pauses in timed["pauses"].values())]:
                for key in keys:
                    times[key] = int(times[key] * factor)
        change_times(folder, longer)
        return folder

    def test_a_canary_that_moved_forbids_to_compare_times(self):
        then, now = self.folder / "twice" / "base", self.folder / "twice" / "new"
        policy = self.folder / "total.json"
        policy.write_text('{"schema": "pinlab/gate/1", "alpha": 0.05, "metrics": [{"name": "total", "kind": "sampled", "min_effect": "60%"}]}')
        gated = [self.folder / "twice", f"--policy={policy}"]
        still = self.gate(0, *gated, f"--canary={then},{then}")
        self.assertNotIn("canary", still.stdout)
        moved = self.gate(6, *gated, f"--canary={then},{self.slowed('slow', 1.8)}")
        self.assertRegex(moved.stdout, r"the machine moved: \S+ of the canary, .* by \+[0-9.]+ %")
        self.assertIn("gate: incomparable", moved.stdout)
        # Exact figures are what they are on any machine.
        self.assertIn("gate: passed", self.gate(0, self.folder / "twice", f"--canary={then},{self.folder}/slow").stdout)
        self.assertIn("does not say whether the machine moved", self.gate(6, *gated, f"--canary={self.folder}/a,{self.folder}/a").stdout)
        self.gate(2, *gated, f"--canary={then}")
        self.gate(7, *gated, f"--canary={then},{self.folder}/nowhere")

    def alarm(self, name, factor):
        """A sweep against itself whose new side seems slower."""
        folder = self.folder / name
        shutil.copytree(self.folder / "twice" / "base", folder / "base")
        shutil.move(self.slowed(name + "_new", factor), folder / "new")
        return folder

    def total_policy(self):
        policy = self.folder / "confirmed.json"
        policy.write_text('{"schema": "pinlab/gate/1", "alpha": 0.05, "metrics": [{"name": "total", "kind": "sampled", "min_effect": "60%"}]}')
        return policy

    @unittest.mock.patch.dict(os.environ, PINLAB=PINLAB)
    def test_an_alarm_that_does_not_repeat_is_taken_back(self):
        folder, policy = self.alarm("once", 20), self.total_policy()
        junit = self.folder / "once.xml"
        self.assertIn("gate: failed", self.gate(1, folder, f"--policy={policy}").stdout)
        text = self.gate(0, folder, f"--policy={policy}", "--confirm", f"--junit={junit}").stdout
        self.assertIn("gate: passed", text)
        self.assertEqual(text.count("not confirmed: ratio"), 4)
        self.assertEqual(text.count("1 alarm of"), 4)
        self.assertEqual(xml.parse(junit).getroot()[0].get("failures"), "0")
        self.assertEqual(len(list((folder / "confirm").iterdir())), 4)
        manifests = [json.loads((cell / "new" / "manifest.json").read_text()) for cell in (folder / "confirm").iterdir()]
        self.assertEqual([(manifest["reps"], len(manifest["cells"])) for manifest in manifests], [(13, 1)] * 4)

        # Asked again, with fewer alarms: each finds its own cell, which is not measured anew.
        result = pinlab_comparison.Comparison(*(pinlab_sides.Side(str(folder / arm)) for arm in ("base", "new")), pinlab_policy.Policy(policy))
        first = next(iter(pinlab_confirmation.alarms_of(result)))
        for row in result.rows:
            row.gated = row.gated and row.cell != first
        def runs():
            return {path: path.read_text().count('"t":"rep_end"') for path in (folder / "confirm").glob("*/*/events.jsonl")}
        then = runs()
        pinlab_confirmation.confirm(result, str(folder / "confirm"))
        self.assertEqual(sum("not confirmed" in row.note for row in result.rows), 3)
        self.assertEqual(runs(), then)
        self.assertEqual(list(then.values()), [13] * 8)

    @unittest.mock.patch.dict(os.environ, PINLAB=PINLAB)
    def test_an_alarm_that_repeats_counts(self):
        folder = self.alarm("again", 20)
        result = pinlab_comparison.Comparison(*(pinlab_sides.Side(str(folder / arm)) for arm in ("base", "new")),
                                              pinlab_policy.Policy(self.total_policy()))
        self.assertEqual(result.code, 1)
        measured = []

        def measure(again, words):
            measured.append(words)
            pathlib.Path(again).mkdir(parents=True)
            slow = len(measured) == 1  # the first alarm repeats, and no other
            for arm, source in (("base", folder / "base"), ("new", folder / "new" if slow else self.folder / "twice" / "new")):
                shutil.copytree(source, pathlib.Path(again) / arm)
        pinlab_confirmation.confirm(result, str(folder / "confirm"), measure)
        self.assertEqual(len(measured), 4)
        self.assertIn("--pin.share=0.001", measured[0])
        verdicts = [(row.verdict, "; confirmed: ratio" in row.note) for row in result.rows if row.metric == "total"]
        self.assertEqual(sorted(verdicts), [("inconclusive", False)] * 3 + [("worse", True)])
        self.assertEqual(result.code, 1)

    def test_only_what_was_interleaved_here_can_be_confirmed(self):
        policy = self.total_policy()
        folder = self.alarm("other", 20)
        path = folder / "new" / "manifest.json"
        path.write_text(re.sub(r'("hash": ?")[0-9a-f]{16}', r"\g<1>" + "0" * 16, path.read_text()))
        self.assertIn("another program than", self.gate(6, folder, f"--policy={policy}", "--confirm").stderr)
        self.assertIn("where it measures again", self.gate(2, folder / "base", folder / "new", "--confirm").stderr)
        self.gate(2, folder, "--confirm", command="compare")
        # Without an alarm nothing is run.
        self.gate(0, self.folder / "twice", f"--policy={policy}", "--confirm")
        self.gate(0, self.folder / "a" / "exact.json", self.folder / "a", f"--confirm={self.folder}/never")
        self.assertFalse((self.folder / "twice" / "confirm").exists())

    def test_other_tools_get_their_formats(self):
        sweep, record = self.folder / "a", next((self.folder / "a").glob("cells/*/r1.json"))
        text = self.gate(0, "--format=benchstat", sweep, command="export").stdout
        self.assertIn("Unit moved assume=exact better=lower", text)
        self.assertEqual(text.count("BenchmarkPinlab/workload=lru_churn/"), 4)
        for line in text.splitlines():
            if line.startswith("Benchmark"):
                self.assertEqual(line.split()[1], "1")
                self.assertEqual(len(line.split()) % 2, 0)
        rows = json.loads(self.gate(0, "--format=github", sweep, command="export").stdout)
        self.assertEqual(set(rows[0]), {"name", "unit", "value", "extra"})
        self.assertEqual(len(json.loads(self.gate(0, "--format=bencher", sweep, command="export").stdout)), 4)
        self.assertEqual(len(self.gate(0, "--format=csv", sweep, command="export").stdout.splitlines()), 5)
        lines = [line for line in self.gate(0, "--format=hgrm", record, command="export").stdout.splitlines()[2:]
                 if not line.startswith("#")]
        shares = [float(line.split()[1]) for line in lines]
        self.assertEqual((shares, shares[-1]), (sorted(shares), 1.0))
        events = json.loads(self.gate(0, "--format=trace-events", record, command="export").stdout)["traceEvents"]
        open_until = []
        for event in [event for event in events if event["ph"] == "X"]:
            while open_until and event["ts"] >= open_until[-1] - 1e-6:
                open_until.pop()
            self.assertTrue(not open_until or event["ts"] + event["dur"] <= open_until[-1] + 1e-3)
            open_until.append(event["ts"] + event["dur"])
        self.gate(2, "--format=xml", sweep, command="export")
        self.gate(7, "--format=csv", self.folder / "none", command="export")

    def test_rows_hold_parameters_and_figures(self):
        rows = pinlab_files.rows(str(self.folder / "a"))
        self.assertEqual(len(rows), 4)
        self.assertEqual(rows[0]["heap.max"], "16MiB")
        self.assertGreater(rows[0]["exact.moved"], 0)
        try:
            import pandas  # noqa: F401
        except ImportError:
            return
        self.assertEqual(pinlab_files.frame(str(self.folder / "a"))["exact.moved"].dtype.name, "Int64")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
