"""The example of harness/study.hpp: a C++ program with a study of its own. Run by meson:

    study_test.py STUDY PINLAB
"""

import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

STUDY, PINLAB = map(os.path.abspath, sys.argv[1:3])
MATRIX = ["--heap.max=16MiB", "--workload.slots=3000", "--workload.replacements=15000", "--pin.lifetime=forever",
          "--axis=old.route=slide_around,skip_block", "--axis=pin.share=0,0.1%:10%:x10", "--reps=2"]


class Study(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_study_"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.out = self.folder / "out" / "study"

    def ends(self, code, *words):
        run = subprocess.run(list(map(str, words)), cwd=self.folder, capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(run.returncode, code, f"{words}\n{run.stdout}\n{run.stderr}")
        return run

    def test_its_table_holds_what_its_runs_wrote_down(self):
        lines = self.ends(0, STUDY).stdout.splitlines()
        self.assertEqual(lines[0].split(), ["old.route", "pin.share", "moved", "hostage"])
        cells = json.loads((self.out / "exact.json").read_text())["cells"]
        expected = [[cell["axes"]["old.route"], cell["axes"]["pin.share"], str(cell["exact"]["moved"]),
                     str(cell["exact"]["fragmentation"]["hostage"]["last"])] for cell in cells]
        self.assertEqual([line.split() for line in lines[1:]], expected)
        self.assertGreater(len({row[2] for row in expected}), 3)  # or the table could be of one cell
        rows = list(csv.DictReader((self.out / "results.csv").read_text().splitlines()))
        self.assertEqual([row["moved"] for row in rows[::2]], [row[2] for row in expected])

    def test_run_again_it_runs_nothing_and_says_the_same(self):
        first = self.ends(0, STUDY)
        self.assertEqual(len(first.stderr.splitlines()), 16)
        again = self.ends(0, STUDY)
        self.assertEqual((again.stdout, again.stderr), (first.stdout, ""))

    def test_pinlab_sweep_makes_the_same_of_the_same_matrix(self):
        self.ends(0, STUDY)
        self.ends(0, PINLAB, "sweep", "--out=other", *MATRIX)
        self.assertEqual((self.folder / "other" / "exact.json").read_bytes(), (self.out / "exact.json").read_bytes())

    def test_a_folder_of_another_study_is_refused(self):
        self.ends(0, STUDY, "sweep", f"--out={self.out}", *MATRIX[:3], "--axis=seed=1..2")
        self.assertIn("is of another matrix", self.ends(2, STUDY).stderr)

    def test_with_words_it_is_a_pinlab(self):
        self.assertIn("processor", self.ends(0, STUDY, "env").stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
