#!/usr/bin/python3
"""pinlab record with the real heaptrack, and what it says where something is missing. Run by meson:

    record_test.py PINLAB

Exit code 77 (skipped) without heaptrack.
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
if shutil.which("heaptrack") is None:
    print("SKIPPED: there is no heaptrack here, so nothing can be recorded (Debian: apt-get install heaptrack)")
    sys.exit(77)

# 5,000 strings, of which 500 live at a time, and a line that is the program's own output.
PROGRAM = ["perl", "-e", 'for (1..5000) { $h{$_ % 500} = "x" x (100 + $_ % 700); } print scalar(keys %h), "\\n"']


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_record_test_"))
        self.addCleanup(shutil.rmtree, self.folder)

    def record(self, code, *words, **options):
        run = subprocess.run([PINLAB, "record", *words], cwd=self.folder, capture_output=True, text=True, timeout=120,
                             check=False, **options)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run

    def files(self):
        return sorted(entry.name for entry in self.folder.iterdir())

    def says(self, code, fragment, *words, **options):
        """Refused, with a sentence, and nothing left behind."""
        before = self.files()
        self.assertIn(fragment, self.record(code, *words, **options).stderr)
        self.assertEqual(self.files(), before)

    def pinlab(self, *words):
        return subprocess.run([PINLAB, *words], cwd=self.folder, capture_output=True, text=True, timeout=120, check=False)


class Recording(Case):
    def test_a_program_is_recorded_under_its_name_and_replayed_with_pins(self):
        run = self.record(0, "--", *PROGRAM)
        self.assertEqual(run.stdout, "500\n")  # the program's own, and nothing else
        self.assertEqual(self.files(), ["perl.raw.zst", "perl.zst"])
        replay = self.pinlab("run", "--workload=heaptrack", "--workload.trace=perl.raw.zst", "--workload.names=perl.zst",
                             "--heap.max=8MiB", "--nursery.size=256KiB", "--pin.share=5%", "--verify=full", "--out=r.json")
        self.assertEqual(replay.returncode, 0, replay.stderr)
        record = json.loads((self.folder / "r.json").read_text())
        self.assertGreater(record["summary"]["exact"]["allocated"], 5000 * 100)
        self.assertGreater(record["summary"]["exact"]["pins"]["made"], 100)
        self.assertGreater(record["summary"]["exact"]["moved"], 0)
        # Sites have the names of functions where perl has them, and each pin a site.
        self.assertTrue(any("Perl" in site["name"] for site in record["pins"]), record["pins"])
        again = self.pinlab("rerun", "r.json")
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)

    def test_pins_choose_by_the_recorded_call_stack_by_size_and_by_what_io_would_pin(self):
        (self.folder / "lines").write_text("a line\n" * 1000)
        self.record(0, "--out=io", "--", "perl", "-e", 'open F, "lines"; while (<F>) { $n{length} .= $_ } ')
        made = {}
        for target in (["site", "--pin.target_site=*PerlIO*"], ["size", "--pin.target_least=512B", "--pin.target_most=64KiB"], ["io"]):
            self.pinlab("run", "--workload=heaptrack", "--workload.trace=io.raw.zst", "--workload.names=io.zst",
                        "--pin.share=100%", f"--pin.target={target[0]}", *target[1:], "--out=r.json")
            record = json.loads((self.folder / "r.json").read_text())
            made[target[0]] = record["summary"]["exact"]["pins"]["made"]
            if target[0] == "site":
                self.assertTrue(record["pins"])
        self.assertGreater(made["site"], 0)
        self.assertGreater(made["size"], 0)
        self.assertGreater(made["io"], 0)  # the buffer of the file
        self.assertGreaterEqual(made["size"], made["io"])

    def test_a_trace_has_the_name_that_was_asked_for_and_is_not_lost_to_another_of_that_name(self):
        self.record(0, "--out=a trace", "--names=false", "--", *PROGRAM)
        self.assertEqual(self.files(), ["a trace.raw.zst"])
        before = (self.folder / "a trace.raw.zst").read_bytes()
        self.says(2, "a trace.raw.zst: it is there already; take another --out=NAME, or --force",
                  "--out=a trace", "--names=false", "--", *PROGRAM)
        self.assertEqual((self.folder / "a trace.raw.zst").read_bytes(), before)
        self.record(0, "--out=a trace.raw.zst", "--force", "--names=false", "--", "perl", "-e", "1")
        self.assertNotEqual((self.folder / "a trace.raw.zst").read_bytes(), before)

    def test_a_program_that_fails_is_said_and_what_it_did_is_kept(self):
        for program, fragment in [('exit 3', "ended with exit code 3"), ('kill 9, $$', "was ended by SIGKILL")]:
            run = self.record(5, f"--out={len(fragment)}", "--names=false", "--", "perl", "-e", '$x .= "y" x 1e6; ' + program)
            self.assertIn(fragment, run.stderr)
            self.assertIn("allocations of perl", run.stderr)
        self.assertEqual(len(self.files()), 2)

    def test_an_interrupted_program_leaves_its_trace_until_then(self):
        process = subprocess.Popen(
            [PINLAB, "record", "--out=endless", "--names=false", "--", "perl", "-e",
             '$| = 1; print "begun\\n"; $h{$_++ % 500} = "x" x ($_ % 900) while 1'],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.assertEqual(process.stdout.readline(), "begun\n")
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
        _, complaint = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, complaint)
        self.assertIn("was interrupted", complaint)
        self.assertEqual(self.files(), ["endless.raw.zst"])
        replay = self.pinlab("run", "--workload=heaptrack", "--workload.trace=endless.raw.zst")
        self.assertEqual(replay.returncode, 0, replay.stderr)


class Refusals(Case):
    def test_what_makes_no_sense_is_exit_code_2(self):
        (self.folder / "text").write_text("no program")
        (self.folder / "folder").mkdir()
        bad = self.folder / "bad"
        bad.write_bytes(b"\x7fELF no program")
        bad.chmod(0o755)
        for words, fragment in [
            ([], "usage: pinlab record"),
            (["--"], "usage: pinlab record"),
            (["--oot=x", "--", "perl"], "there is no option --oot=x"),
            (["-o", "x", "perl"], "there is no option -o"),
            (["--names=no", "--", "perl"], "--names needs true or false"),
            (["--out=", "--", "perl"], "--out needs a name"),
            (["--out=folder", "--", "perl", "-e", "1"], "it is a folder; --out takes a name in it, as --out=folder/perl"),
            (["--", "no_such_program"], "no_such_program: there is no such program"),
            (["--", "./text"], "./text: it is no program that may be run"),
            (["--", "./bad"], "./bad: it cannot be started: Exec format error"),
        ]:
            with self.subTest(words=words):
                self.says(2, fragment, *words)

    def test_no_heaptrack_is_said_with_what_to_do(self):
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("perl", "python3", "zstd"):
            (tools / name).symlink_to(shutil.which(name))
        self.says(7, "there is no heaptrack here: install it (Debian: apt-get install heaptrack)", "--", "perl", "-e", "1",
                  env=dict(os.environ, PATH=str(tools)))

    def test_a_folder_that_is_not_there_or_takes_nothing_is_exit_code_7(self):
        self.says(7, "no/such/perl.raw.zst: it cannot be written: No such file or directory", "--out=no/such/perl", "--",
                  "perl", "-e", "1")
        self.says(7, "/proc/perl.raw.zst: it cannot be written", "--out=/proc/perl", "--", "perl", "-e", "1")

    def test_a_full_disk_is_exit_code_7_and_leaves_nothing_behind(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("only root may mount a small disk")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        run = self.record(7, "--out=disk/perl", "--", "perl", "-e",
                          'for (1..300000) { $h{int rand 9999} = "x" x rand 4000 }')
        self.assertIn("disk/perl.raw.zst: writing failed", run.stderr)
        self.assertIn("No space left on device", run.stderr)
        self.assertEqual(list(disk.iterdir()), [])

    def test_a_program_that_heaptrack_cannot_follow_is_exit_code_6(self):
        source = self.folder / "static.c"
        source.write_text("#include <stdlib.h>\nint main(void) { return malloc(9) == 0; }\n")
        built = subprocess.run(["cc", "-static", source, "-o", self.folder / "static"], capture_output=True, check=False)
        if built.returncode != 0:
            self.skipTest("there is no static library of C here")
        self.says(6, "is it linked statically", "--", "./static")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
