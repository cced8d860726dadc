#!/usr/bin/python3
"""scripts/ci-gate with a matrix of its own, from the first reference to a change that is meant. Run by meson:

    ci_gate_test.py PINLAB
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

PINLAB = os.path.abspath(sys.argv[1])
SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
os.environ.pop("PINLAB_EXEC_PATH", None)
MATRIX = """{ "schema": "pinlab/matrix/1", "parameters": {"workload.slots": 3000, "workload.replacements": 8000},
  "axes": {"heap.max": "1MiB,16MiB", "seed": "1..2"} }"""


class CiGate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pinlab_ci_gate_")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "a tree"
        self.references = self.root / "results" / "reference"
        self.references.mkdir(parents=True)
        (self.root / "scripts").symlink_to(SCRIPTS)
        (self.references / "quick.matrix.json").write_text(MATRIX)
        self.reference = self.references / "quick.json"
        self.out = self.root / "out" / "ci-gate"

    def gate(self, code, *words, program=PINLAB):
        run = subprocess.run([self.root / "scripts" / "ci-gate", f"--pinlab={program}", *words], cwd=self.root.parent, capture_output=True,
                             text=True, timeout=200, check=False)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def test_from_the_first_reference_to_a_change_that_is_meant(self):
        self.assertIn("there is no results/reference/quick.json: scripts/ci-gate --update writes it", self.gate(6))
        self.assertIn("is written anew", self.gate(0, "--update"))
        written = self.reference.read_text()
        self.assertEqual(written.count('"heap_exhausted"'), 2)  # a figure too
        self.assertIn("gate: passed", self.gate(0))
        suite = xml.parse(self.out / "junit.xml").getroot()[0]
        self.assertEqual((suite.get("failures"), suite.get("errors")), ("0", "0"))
        self.assertIn("passed", (self.out / "gate.md").read_text())
        moved = re.search(r'"moved": (\d+)', written)
        self.reference.write_text(written[:moved.start(1)] + str(int(moved[1]) - 8) + written[moved.end(1):])
        text = self.gate(1)
        self.assertIn("gate: failed", text)
        self.assertIn("where the change is meant: scripts/ci-gate --update", text)
        self.assertIn("| **worse** | moved |", (self.out / "gate.md").read_text())
        self.gate(0, "--update")
        self.assertEqual(self.reference.read_text(), written)
        self.assertEqual(sorted(path.name for path in self.references.iterdir()), ["quick.json", "quick.matrix.json"])

    def test_a_reference_is_never_of_runs_without_figures(self):
        self.gate(0, "--update")
        before = self.reference.read_text()
        # Runs that would not end, and that have more memory than they may: each of them is killed.
        (self.references / "quick.matrix.json").write_text(MATRIX.replace("8000", "100000000000").replace('"1MiB,16MiB"', '"16MiB"'))
        limited = self.root / "limited"
        limited.write_text(f'#!/bin/sh\nif [ "$1" = sweep ]; then exec {shlex.quote(PINLAB)} "$@" --memory=1MiB; fi\nexec {shlex.quote(PINLAB)} "$@"\n')
        limited.chmod(0o755)
        self.assertIn("not every run has figures", self.gate(5, "--update", program=limited))
        self.assertEqual(self.reference.read_text(), before)
        self.assertNotIn("passed", self.gate(6, program=limited))

    def test_what_makes_no_sense_is_exit_code_2(self):
        self.gate(2, "--updat")
        self.gate(2, "--jobs=0")
        self.assertIn("there is no program", self.gate(2, program=self.root / "none"))
        (self.references / "quick.matrix.json").write_text("{}")
        self.assertIn("quick.matrix.json", self.gate(3))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
