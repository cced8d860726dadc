#!/usr/bin/python3
"""What the harness costs, and the weights of pause work: scripts/bench-harness and pinlab fit. Run by meson:

    measuring_test.py PINLAB BARE_RUN
"""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PINLAB, BARE = (os.path.abspath(word) for word in sys.argv[1:3])
SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
os.environ["PINLAB_EXEC_PATH"] = str(SCRIPTS)
sys.dont_write_bytecode = True
NAMES = ("object", "slot", "byte", "line", "card")


def module_of(script):
    loader = importlib.machinery.SourceFileLoader(script.replace("-", "_"), str(SCRIPTS / script))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_measuring_"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)

    def pinlab(self, code, *words):
        run = subprocess.run([PINLAB, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run


class Fit(Case):
    TRUE = {"object": 9000, "slot": 2500, "byte": 120, "line": 20000, "card": 70000}
    PROGRAMS = [["--workload.slots=8000", "--workload.replacements=60000"],
                ["--workload=binary_trees", "--workload.depth=12"],
                ["--workload=larson"]]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.records = []
        for number, words in enumerate(cls.PROGRAMS):
            path = cls.folder / f"{number}.json"
            subprocess.run([PINLAB, "run", "--heap.max=16MiB", f"--out={path}", *words], check=True, capture_output=True)
            cls.records.append(json.loads(path.read_text()))

    def timed_by(self, name, length):
        """The records with pauses of length(what was handled), as files."""
        paths = []
        for number, record in enumerate(self.records):
            record = json.loads(json.dumps(record))
            for one in record["collections"]:
                exact = one["exact"]
                work = {"object": exact["survivors"]["objects"], "slot": exact["slots"], "line": exact["lines"], "card": exact["cards"],
                        "byte": exact["copied"]["bytes"] + exact["moved"]["bytes"]}
                one["timed"]["pause"] = length(work)
            paths.append(self.folder / f"{name}{number}.json")
            paths[-1].write_text(json.dumps(record))
        return paths

    def fitted(self, paths):
        line = next(line for line in self.pinlab(0, "fit", *paths).stdout.splitlines() if line.startswith("fitted"))
        return dict(zip(NAMES, map(int, line.split()[1:6]))), line

    def true_length(self, work):
        return sum(work[name] * self.TRUE[name] for name in NAMES) // 1000

    def test_weights_that_made_the_times_are_found(self):
        found, line = self.fitted(self.timed_by("exact", self.true_length))
        for name in NAMES:
            self.assertAlmostEqual(found[name] / self.TRUE[name], 1, delta=0.01, msg=line)
        self.assertRegex(line, r" 1\.000 +0%$")

    def test_pauses_that_the_machine_disturbed_count_little(self):
        chance = random.Random(1)
        disturbed = self.timed_by("disturbed", lambda work: self.true_length(work) * (6 if chance.random() < 0.1 else 1))
        found, line = self.fitted(disturbed)
        for name in NAMES:
            self.assertAlmostEqual(found[name] / self.TRUE[name], 1, delta=0.05, msg=line)

    def test_a_weight_is_never_below_0(self):
        found, line = self.fitted(self.timed_by("fewer", lambda work: max(30000, self.true_length(work) - 8 * work["object"])))
        self.assertGreaterEqual(min(found.values()), 0, line)

    def test_the_sum_of_a_record_is_that_of_its_weights_and_the_figures_those_of_its_collections(self):
        for record in self.records:
            work = record["summary"]["exact"]["pause_work"]
            weights = work["weights"]
            self.assertEqual(set(weights), set(NAMES))
            self.assertEqual(work["sum"], sum(work[name + "s"] * weights[name] for name in NAMES) // 1000)
            collections = [one["exact"] for one in record["collections"]]
            self.assertEqual(work["lines"], sum(one["lines"] for one in collections))
            self.assertEqual(work["cards"], sum(one["cards"] for one in collections))
            self.assertEqual(work["objects"], sum(one["survivors"]["objects"] for one in collections))
            block = int(re.match(r"(\d+)KiB", record["parameters"]["heap.block"])[1]) * 1024
            for one in record["collections"]:
                if one["kind"] == "young":
                    self.assertEqual(one["exact"]["lines"], 0)
                else:
                    self.assertEqual(one["exact"]["lines"] % (block // 512), 0)
                    self.assertGreater(one["exact"]["lines"], 0)
        self.assertTrue(any(one["kind"] == "full" for one in self.records[0]["collections"]))

    def test_what_it_cannot_use_it_names(self):
        paths = self.timed_by("good", self.true_length)
        markdown = self.folder / "fit.md"
        self.pinlab(0, "fit", *paths, f"--markdown={markdown}")
        self.assertIn("| weights | ps a object | ps a slot | ps a byte | ps a line | ps a card |", markdown.read_text())
        few = json.loads(paths[0].read_text())
        few["collections"] = few["collections"][:3]
        (self.folder / "few.json").write_text(json.dumps(few))
        self.assertIn("nothing was measured", self.pinlab(6, "fit", self.folder / "few.json").stderr)
        bad = paths[0].read_text().replace('"lines": ', '"lines": -', 1)
        (self.folder / "bad.json").write_text(bad)
        self.assertRegex(self.pinlab(3, "fit", self.folder / "bad.json").stderr, r"bad\.json:\d+: at .*lines")
        self.pinlab(2, "fit")
        self.assertIn(f"name records, as {self.folder}/cells/*/r1.json", self.pinlab(2, "fit", self.folder).stderr)
        self.assertIn("did you mean --markdown?", self.pinlab(2, "fit", paths[0], "--markdwn=x").stderr)
        (self.folder / "a").mkdir()
        shutil.copy(paths[0], self.folder / "a" / paths[0].name)
        shown = self.pinlab(0, "fit", paths[0], self.folder / "a" / paths[0].name, paths[1]).stdout  # equal names are told apart
        self.assertEqual([line.split()[0] for line in shown.splitlines()[-3:]], [paths[0].name, f"a/{paths[0].name}", paths[1].name])
        self.pinlab(2, "fit", "--nothing", paths[0])
        self.pinlab(7, "fit", self.folder / "none.json")


class Harness(Case):
    WORDS = ["--heap.max=16MiB", "--workload.slots=8000", "--workload.replacements=30000", "--pin.share=1%", "--pin.lifetime=fixed(1MiB)"]

    def bench(self, bare, whole):
        bench = module_of("bench-harness")
        case = bench.Bench(self.folder, self.folder, [])
        case.bare, case.whole = [BARE, *bare], [BARE, "pinlab", "run", f"--out={case.record}", *whole]
        return bench, case

    def test_both_sides_of_a_pair_do_the_same(self):
        for more in [[], ["--workload=binary_trees", "--workload.depth=12"], ["--plan=semispace", "--pin.share=0"]]:
            words = (self.WORDS[:1] if more[:1] == ["--workload=binary_trees"] else self.WORDS) + more
            words = [word for word in words if not (word == "--pin.share=1%" and "--pin.share=0" in more)]
            _, case = self.bench(words, words)
            case.check()
            pairs = case.pairs(0, [])
            self.assertGreaterEqual(len(pairs), 6)
            self.assertTrue(all(time > 0 for pair in pairs for side in (pair.bare, pair.whole) for time in side[1:]))
            self.assertTrue(all(0 < pair.measuring < 0.5 for pair in pairs))

    def test_a_pair_that_does_not_do_the_same_is_refused(self):
        bench, case = self.bench(self.WORDS, [*self.WORDS, "--seed=2"])
        with self.assertRaises(bench.Unequal):
            case.check()
        bench, case = self.bench(self.WORDS, [word.replace("30000", "30001") for word in self.WORDS])
        with self.assertRaises(bench.Unequal):
            case.pairs(0, [])

    def test_intervals_are_those_of_the_sign_test(self):
        bench = module_of("bench-harness")
        self.assertEqual(bench.interval(list(range(20))), (9.5, 5, 14))
        self.assertEqual(bench.interval([3, 1, 2]), (2, 1, 3))
        self.assertEqual(bench.interval(list(range(6))), (2.5, 0, 5))
        self.assertEqual(bench.interval(list(range(8))), (3.5, 0, 7))
        self.assertEqual(bench.interval(list(range(9))), (4, 1, 7))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
