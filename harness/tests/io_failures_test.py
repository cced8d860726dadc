#!/usr/bin/python3
"""Programs whose input and output fails, is limited, or is interrupted: the outcome, the record, the exit code. Run by meson:

    io_failures_test.py PINLAB
"""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
import processes  # noqa: E402

PINLAB = os.path.abspath(sys.argv[1])
USES_FILES = ["iovec", "ring", "async_io", "connections", "parked_calls", "frame_buffers"]
SMALL = ["--heap.max=64MiB", "--workload.live=1MiB", "--verify=full"]


class Failures(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_io_test_"))
        self.addCleanup(shutil.rmtree, self.folder)

    def ends_as_io_error(self, sentence, *words, channel="file", **options):
        out = self.folder / "record.json"
        out.unlink(missing_ok=True)
        run = subprocess.run([PINLAB, "run", *SMALL, f"--workload.channel={channel}", *words, f"--out={out}"], capture_output=True, text=True, timeout=120,
                             check=False, **options)
        self.assertEqual(run.returncode, 7, run.stdout + run.stderr)
        record = json.loads(out.read_text())
        self.assertEqual(record["outcome"], "io_error")
        self.assertIn(sentence, record["reason"])
        self.assertIsNone(record["digest"])
        return record

    def small_disk(self, size):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("SKIPPED: only root may mount a small disk")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        return disk

    def test_a_full_disk_ends_the_run_with_a_record_that_says_so(self):
        disk = self.small_disk("128k")
        for workload in USES_FILES:
            for engine in ("io_uring", "threads"):
                with self.subTest(workload=workload, io=engine):
                    record = self.ends_as_io_error("No space left on device", f"--workload={workload}",
                                                   f"--workload.directory={disk}", f"--workload.io={engine}")
                    self.assertEqual(os.statvfs(disk).f_bfree, os.statvfs(disk).f_blocks)  # nothing is left behind
                    self.assertGreater(record["summary"]["exact"]["allocated"], 0)
        # All threads end when one of them fails.
        self.ends_as_io_error("No space left on device", "--workload=ring", f"--workload.directory={disk}",
                              "--mutator.threads=4")

    def test_the_same_run_completes_where_there_is_room(self):
        disk = self.small_disk("512m")
        run = subprocess.run([PINLAB, "run", *SMALL, "--workload=ring", "--workload.operations=500",
                              "--workload.channel=file", f"--workload.directory={disk}"], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_a_limit_on_files_ends_the_run_alike_and_no_signal_does(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        for engine in ("io_uring", "threads"):
            with self.subTest(io=engine):
                self.ends_as_io_error("File too large", "--workload=iovec", f"--workload.io={engine}", preexec_fn=limit)

    def test_time_that_is_over_is_no_failure_of_input_or_output(self):
        """It comes as a signal, which may interrupt a call of the system on any thread."""
        for workload in ("iovec", "ring", "connections"):
            for engine in ("io_uring", "threads"):
                with self.subTest(workload=workload, io=engine):
                    out = self.folder / "record.json"
                    run = subprocess.run([PINLAB, "run", "--heap.max=64MiB", "--workload.live=1MiB", "--workload.channel=file", f"--workload={workload}",
                                          f"--workload.io={engine}", "--workload.operations=100000000", f"--workload.directory={self.folder}",
                                          "--timeout=150ms", f"--out={out}"], capture_output=True, text=True, timeout=60, check=False)
                    self.assertEqual(run.returncode, 5, run.stdout + run.stderr)
                    self.assertEqual(json.loads(out.read_text())["outcome"], "timeout")

    OUTPUTS = {"out": "record.json", "figures": "line.json", "pprof": "pins.pb", "trace-events": "trace.json", "csv": "run.csv"}
    WHOLE = ["--heap.max=16MiB", "--workload.slots=3000", "--workload.replacements=15000", "--pin.share=1%"]

    def outputs(self, *words):
        return [PINLAB, "run", *words, *(f"--{name}={self.folder / file}" for name, file in self.OUTPUTS.items())]

    def test_a_run_that_is_killed_leaves_no_file_and_no_part_of_one(self):
        endless = self.outputs("--heap.max=16MiB", "--workload.slots=3000", "--workload.replacements=1000000000")
        for old in (False, True):
            for number in (signal.SIGKILL, signal.SIGSEGV):
                process = subprocess.Popen(endless, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                processes.wait_until_it_listens(process, signal.SIGTERM)  # it runs: that handler is the last thing before
                process.send_signal(number)
                process.wait(processes.GUARD)
                left = {path.name for path in self.folder.iterdir()}
                if number == signal.SIGSEGV and "sanitizers" not in subprocess.run([PINLAB, "--version"], capture_output=True, text=True, check=True).stdout:
                    self.assertEqual(json.loads((self.folder / "record.json").read_text())["outcome"], "crashed")
                    left -= {"record.json"}
                self.assertEqual(left - set(self.OUTPUTS.values()), set())
                self.assertEqual(bool(left), old)
            if not old:
                subprocess.run(self.outputs(*self.WHOLE), stdout=subprocess.DEVNULL, check=True)

    def test_a_run_that_is_stopped_while_it_writes_leaves_whole_files_alone(self):
        for number in (signal.SIGKILL, signal.SIGINT):
            for step in range(12):
                process = subprocess.Popen(self.outputs(*self.WHOLE), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
                time.sleep(0.03 + 0.02 * step)
                os.killpg(process.pid, number)
                process.wait(processes.GUARD)
                for path in self.folder.iterdir():
                    self.assertIn(path.name, self.OUTPUTS.values())
                    if path.suffix == ".json":
                        json.loads(path.read_text())
                    self.assertGreater(path.stat().st_size, 0)
                    if step % 2 == 0:
                        path.unlink()

    def test_a_folder_that_takes_no_file_is_said(self):
        self.ends_as_io_error("a file in /no/such/folder: No such file or directory", "--workload=ring",
                              "--workload.directory=/no/such/folder")
        self.ends_as_io_error("a file in /proc: ", "--workload=ring", "--workload.directory=/proc")

    @unittest.skipIf("undefined" in subprocess.run([PINLAB, "--version"], capture_output=True, text=True, check=True).stdout,
                     "the undefined behaviour sanitizer looks at types through a pipe, for which there is no file either")
    def test_too_few_open_files_are_said(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

        self.ends_as_io_error("a pair of sockets: Too many open files", "--workload=connections",
                              channel="socket", preexec_fn=limit)

    def test_an_interrupted_program_leaves_a_record_that_says_so(self):
        for engine in ("io_uring", "threads"):
            with self.subTest(io=engine):
                out = self.folder / f"{engine}.json"
                process = subprocess.Popen([PINLAB, "run", "--heap.max=64MiB", "--workload=ring", f"--workload.io={engine}",
                                            "--workload.operations=100000000", "--gctrace", f"--out={out}"],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                for _ in range(3):
                    process.stderr.readline()  # it collects
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=processes.GUARD)
                self.assertEqual(process.returncode, 130)
                record = json.loads(out.read_text())
                self.assertEqual(record["outcome"], "interrupted")
                self.assertGreater(record["summary"]["exact"]["pins"]["made"], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
