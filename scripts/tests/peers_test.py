"""The comparison with other collectors: peers_test.py PINLAB SCRIPTS"""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PINLAB, SCRIPTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, SCRIPTS)
os.environ["PINLAB_EXEC_PATH"] = SCRIPTS
loader = importlib.machinery.SourceFileLoader("pinlab_peers", os.path.join(SCRIPTS, "pinlab-peers"))
peers = importlib.util.module_from_spec(importlib.util.spec_from_loader("pinlab_peers", loader))
loader.exec_module(peers)


def run(*words, path=None):
    environment = dict(os.environ, **({} if path is None else {"PATH": path}))
    return subprocess.run([PINLAB, "peers", *words], capture_output=True, text=True, timeout=200, check=False,
                          env=environment)


class Peers(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_peers_test_"))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_the_ratio_is_the_median_over_rounds_and_bars_hold_for_it(self):
        times = {"pinlab": [{"cpu": c, "wall": 1.0} for c in (1.0, 2.0, 9.0)],
                 "serial": [{"cpu": c, "wall": 2.0} for c in (2.0, 2.0, 10.0)]}
        cpu, wall = peers.rows_of(peers.Job("x", [], bars=[("serial", "cpu", 0.9)]), times)
        self.assertEqual((cpu["least"], cpu["ratio"], cpu["greatest"], cpu["met"]), (0.5, 0.9, 1.0, True))
        self.assertEqual((wall["ratio"], wall["bar"], wall["met"]), (0.5, None, None))
        missed, _ = peers.rows_of(peers.Job("x", [], bars=[("serial", "cpu", 0.89)]), times)
        self.assertFalse(missed["met"])

    def test_names_and_files_are_checked_before_anything_runs(self):
        for words, code, part in [(["--work=gcbnch"], 2, "there is no work gcbnch; there are binary_trees"),
                                  (["--peers=zgc"], 2, "there is no peer zgc"), (["--rounds=0"], 2, "--rounds"),
                                  (["--speed"], 2, "nothing to do with --speed"),
                                  (["--out=/nowhere/x.json"], 7, "/nowhere/x.json"),
                                  ([f"--out={self.folder}"], 7, "Is a directory")]:
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
            self.assertIn(part, done.stderr)

    def test_a_machine_without_java_measures_nothing(self):
        out = self.folder / "peers.json"
        out.write_text("of before")
        done = run("--work=gcbench", "--rounds=1", f"--out={out}", path="/nowhere")
        self.assertEqual((done.returncode, done.stdout), (6, ""), done.stderr)
        self.assertIn("there is no java here", done.stderr)
        self.assertEqual(([path.name for path in self.folder.iterdir()], out.read_text()), (["peers.json"], "of before"))

    def test_every_command_line_makes_sense_but_for_a_word(self):
        own = [line.split(" pinlab run ")[1].split() for line in run("--list").stdout.splitlines() if " pinlab run " in line]
        self.assertEqual(len(own), 8)
        for words in own:
            checked = subprocess.run([PINLAB, "run", *words, "--nonsense=1"], capture_output=True, text=True, check=False)
            self.assertEqual((checked.returncode, checked.stderr.count("\n")), (2, 1), checked.stderr)
            self.assertIn("nonsense", checked.stderr)

    @unittest.skipUnless(shutil.which("javac"), "no javac")
    def test_one_round_is_measured_and_written(self):
        out = self.folder / "peers.json"
        done = run("--work=gcbench", "--rounds=1", f"--out={out}")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        rows = json.loads(out.read_text())["rows"]
        self.assertEqual([(row["work"], row["peer"], row["figure"]) for row in rows],
                         [("gcbench", "serial", "cpu"), ("gcbench", "serial", "wall")])
        self.assertTrue(all(row["own_s"] > 0 and row["peer_s"] > 0 for row in rows))
        self.assertIn("gcbench", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
