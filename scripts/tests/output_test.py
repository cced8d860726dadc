#!/usr/bin/python3
"""What commands that are scripts write: whole or not at all, and never over what they read. Run by meson:

    output_test.py PINLAB
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PINLAB = os.path.abspath(sys.argv[1])
SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
os.environ["PINLAB_EXEC_PATH"] = str(SCRIPTS)
sys.dont_write_bytecode = True
sys.path.insert(0, str(SCRIPTS))
import pinlab_output  # noqa: E402
from pinlab_failure import Failure  # noqa: E402

WORDS = ["--heap.max=16MiB", "--workload.slots=2000", "--workload.replacements=8000"]


def dead_process():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pinlab_output_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())


class Files(Case):
    def test_it_has_no_name_until_it_is_whole(self):
        for before in (None, "old"):
            path = self.folder / "a"
            if before:
                path.write_text(before)
            output = pinlab_output.Output(path)
            output.file.write(b"new")
            output.file.flush()
            self.assertEqual(self.names(), ["a"] if before else [])
            output.place()
            output.drop()
            self.assertEqual((self.names(), path.read_text()), (["a"], "new"))
            self.assertEqual(path.stat().st_mode & 0o777, 0o666 & ~self.umask())

    @staticmethod
    def umask():
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_where_there_are_no_files_without_a_name_it_is_the_same(self):
        real, os.O_TMPFILE = os.O_TMPFILE, os.O_DIRECTORY | os.O_CREAT | os.O_EXCL
        try:
            output = pinlab_output.Output(self.folder / "a")
            self.assertEqual(self.names(), [f"a.part{os.getpid()}"])
            output.drop()
            self.assertEqual(self.names(), [])
            pinlab_output.write(self.folder / "a", "new")
            self.assertEqual(self.names(), ["a"])
        finally:
            os.O_TMPFILE = real

    def test_what_dead_processes_left_is_removed_and_nothing_else(self):
        kept = [f"a.part{os.getppid()}", "a.part", "a.partial", "ab.part1", f"b.part{dead_process()}"]
        for name in [*kept, f"a.part{dead_process()}"]:
            (self.folder / name).write_text("")
        pinlab_output.write(self.folder / "a", "new")
        self.assertEqual(self.names(), sorted(["a", *kept]))

    def test_what_cannot_be_is_exit_code_7_and_leaves_nothing(self):
        for path in (self.folder, f"{self.folder}/", self.folder / "no" / "a", "/proc/a"):
            with self.assertRaises(Failure) as caught:
                pinlab_output.Output(path)
            self.assertEqual(caught.exception.code, 7)
        with self.assertRaisesRegex(Failure, "/dev/full: it cannot be written: No space left on device"):
            pinlab_output.write("/dev/full", "x" * 100000)
        self.assertEqual(self.names(), [])


class Killed(Case):
    """Writes for ever, with the output begun; killed, it leaves what was there and nothing else."""

    PROGRAM = ("import sys; sys.path.insert(0, sys.argv[1]); from pinlab_plot.outputs import Outputs\n"
               "outputs = Outputs(sys.argv[2:])\n"
               "for path in sys.argv[2:]: outputs.file(path).write(b'x' * 100000)\n"
               "print('begun', flush=True)\n"
               "for i in range(10**9): outputs.place() if i == 0 and sys.argv[2].endswith('placed') else None")

    def test_a_command_that_is_killed_leaves_nothing(self):
        for number in (signal.SIGKILL, signal.SIGTERM):
            (self.folder / "old").write_text("old")
            process = subprocess.Popen([sys.executable, "-c", self.PROGRAM, SCRIPTS, self.folder / "new", self.folder / "old"],
                                       stdout=subprocess.PIPE)
            self.assertEqual(process.stdout.readline(), b"begun\n")
            process.send_signal(number)
            process.communicate(timeout=100)
            self.assertEqual((self.names(), (self.folder / "old").read_text()), (["old"], "old"))

    def test_a_picture_or_report_that_is_killed_at_any_time_leaves_whole_files_or_none(self):
        record, out = self.folder / "r.json", self.folder / "out"
        subprocess.run([PINLAB, "run", *WORDS, f"--out={record}", "--record.heap_map=full"], check=True, stdout=subprocess.DEVNULL)
        commands = {"report.html": ["report", record, f"--out={out}/report.html"],
                    "pauses.svg": ["plot", "pauses", record, f"--out={out}"]}
        for name, words in commands.items():
            out.mkdir()
            begin = time.monotonic()
            subprocess.run([PINLAB, *words], check=True, stdout=subprocess.DEVNULL)
            whole, length = (out / name).read_bytes(), time.monotonic() - begin
            for step in range(4):
                process = subprocess.Popen([PINLAB, *words], stdout=subprocess.DEVNULL)
                time.sleep(length * (step + 1) / 4)  # wherever it is then
                process.kill()
                process.wait()
                for path in out.iterdir():
                    self.assertIn(path.name, (name, "pauses.csv"))
                    if path.name == name:
                        self.assertEqual(path.read_bytes(), whole)
                    if step % 2:
                        path.unlink()
            shutil.rmtree(out)


class Inputs(Case):
    """What is read is never written over."""

    def refused(self, fragment, *words):
        run = subprocess.run([PINLAB, *map(str, words)], capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
        self.assertIn(fragment, run.stderr)

    def test_an_output_over_an_input_is_refused(self):
        sweep, record = self.folder / "a", self.folder / "r.json"
        subprocess.run([PINLAB, "sweep", f"--out={sweep}", *WORDS, "--axis=seed=1..2"], check=True, capture_output=True)
        subprocess.run([PINLAB, "run", f"--out={record}", *WORDS], check=True, capture_output=True)
        policy = self.folder / "policy.json"
        policy.write_text(json.dumps({"schema": "pinlab/gate/1"}))
        before = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        link = self.folder / "link"
        link.symlink_to(sweep)
        one = next(sweep.glob("cells/*/r1.json"))
        for words in (["gate", sweep, sweep, f"--markdown={sweep}/events.jsonl"], ["gate", sweep, sweep, f"--json={link}/exact.json"],
                      ["compare", sweep, sweep, f"--junit={one}"], ["export", "--format=csv", sweep, f"--out={sweep}/manifest.json"],
                      ["gate", f"{sweep}/exact.json", sweep, f"--junit={policy}", f"--policy={policy}"],
                      ["export", "--format=csv", record, f"--out={record}"], ["fit", record, f"--markdown={record}"],
                      ["plot", "pauses", sweep, f"--out={one}.svg", f"--format=svg"], ["report", record, f"--out={record}"],
                      ["calibrate", f"--sweep={sweep}", f"--out={sweep}/lock"]):
            self.refused("would be lost", *words)
        self.refused("is to be written twice", "gate", sweep, sweep, f"--markdown={self.folder}/x", f"--junit={self.folder}/a/../x")
        self.assertEqual(before, {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and link not in path.parents})
        run = subprocess.run([PINLAB, "gate", sweep, sweep, f"--markdown={sweep}/gate.md"], capture_output=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)  # a file of one's own in the folder

    def test_calibrate_looks_at_its_output_before_it_measures(self):
        run = subprocess.run([PINLAB, "calibrate", "--out=/no/such/noise.json", f"--folder={self.folder}/sweep", *WORDS],
                             capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(run.returncode, 7, run.stderr)
        self.assertIn("/no/such/noise.json: it cannot be written", run.stderr)
        self.assertEqual(self.names(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
