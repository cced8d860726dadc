#!/usr/bin/python3
"""What `meson install` puts in place is enough to build a program with a workload of its own. Run by meson:

    install_test.py BUILD_DIR WORKLOAD_SOURCE STUDY_SOURCE COMPILER...
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, EXAMPLE, STUDY, *COMPILER = sys.argv[1:]


def run(*words, **options):
    words = [str(word) for word in words]
    return subprocess.run(words, capture_output=True, text=True, timeout=280, check=False, **options)


class InstallTest(unittest.TestCase):
    """One installation, one program built against it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_install_"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        environment = dict(os.environ, DESTDIR=str(cls.folder))
        installed = run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", env=environment)
        assert installed.returncode == 0, installed.stdout + installed.stderr
        found = list(cls.folder.rglob("pinlab.pc"))
        assert len(found) == 1, found
        environment = dict(os.environ, PKG_CONFIG_PATH=str(found[0].parent), PKG_CONFIG_SYSROOT_DIR=str(cls.folder))
        flags = run("pkg-config", "--cflags", "--libs", "pinlab", env=environment)
        assert flags.returncode == 0, flags.stderr
        cls.stairs, cls.study = cls.folder / "stairs", cls.folder / "study"
        for example, program in ((EXAMPLE, cls.stairs), (STUDY, cls.study)):
            source = shutil.copy(example, cls.folder / f"{program.name}.cpp")
            built = run(*COMPILER, "-std=c++20", source, *flags.stdout.split(), "-o", program, cwd=cls.folder)
            assert built.returncode == 0, built.stderr

    def test_the_program_lists_its_workload_beside_all_others(self):
        listed = run(self.stairs, "list", "workloads", "--json")
        names = [entry["name"] for entry in json.loads(listed.stdout)]
        own = run(next(self.folder.rglob("bin/pinlab")), "list", "workloads", "--json")
        self.assertEqual(names, [entry["name"] for entry in json.loads(own.stdout)] + ["stairs"])
        for kind in ("plans", "nursery-routes", "old-routes", "compact-rules", "gap-reuse", "spreads", "shapes"):
            self.assertGreater(len(json.loads(run(self.stairs, "list", kind, "--json").stdout)), 1)

    def test_it_runs_with_pins_and_leaves_a_record_that_can_be_run_again(self):
        record = self.folder / "stairs.json"
        ran = run(self.stairs, "run", "--workload=stairs", "--heap.max=16MiB", "--pin.share=1%", "--verify=full",
                  f"--out={record}")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        written = json.loads(record.read_text())
        self.assertEqual(written["parameters"]["workload.steps"], "100000")
        self.assertGreater(written["summary"]["exact"]["pins"]["made"], 900)
        self.assertGreater(written["summary"]["exact"]["moved"], 0)
        again = run(self.stairs, "rerun", record)
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)

    def test_a_study_runs_its_runs_as_processes_of_itself(self):
        ran = run(self.study, cwd=self.folder)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertEqual(len(ran.stdout.splitlines()), 9)
        manifest = json.loads((self.folder / "out" / "study" / "manifest.json").read_text())
        self.assertEqual(manifest["program"]["path"], str(self.study))

    def test_what_pinlab_knows_works_in_it_too(self):
        ran = run(self.stairs, "run", "--workload=lru_churn", "--workload.slots=2000", "--workload.replacements=9000")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        wrong = run(self.stairs, "run", "--workload=stars")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("did you mean stairs?", wrong.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
