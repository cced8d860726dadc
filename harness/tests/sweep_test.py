"""The program pinlab sweep from outside: what it writes, what it survives. Run by meson:

    sweep_test.py PINLAB [--long]

With --long a hundred random kills and the overhead of a thousand runs.
"""

import csv
import json
import os
import pathlib
import pty
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

sys.dont_write_bytecode = True
import processes  # noqa: E402

PINLAB = os.path.abspath(sys.argv[1])
LONG = "--long" in sys.argv
SMALL = ["--heap.max=16MiB", "--workload.slots=2000", "--workload.replacements=8000"]
ENDLESS = ["--workload.slots=2000", "--workload.replacements=100000000000"]


def pinlab(*words, **options):
    return subprocess.run([PINLAB, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=300, check=False, **options)


def events_of(folder):
    events = []
    for number, line in enumerate((folder / "events.jsonl").read_bytes().splitlines()):
        body, seal = line[:-16], line[-16:]
        assert seal == b',"c":"%08x"}' % zlib.crc32(body), line
        event = json.loads(line)
        assert event["n"] == number
        events.append(event)
    return events


def ends_of(folder):
    return [event for event in events_of(folder) if event["t"] == "rep_end"]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_sweep_"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.out = self.folder / "out"

    def ends(self, code, *words, **options):
        run = pinlab(*words, **options)
        self.assertEqual(run.returncode, code, f"{words}\n{run.stdout}\n{run.stderr}")
        return run

    def says(self, code, fragment, *words, **options):
        run = self.ends(code, *words, **options)
        self.assertIn(fragment, run.stderr)

    def exact(self, out=None):
        return (out or self.out).joinpath("exact.json").read_bytes()

    def sweep(self, code, *words, out=None, **options):
        return self.ends(code, "sweep", f"--out={out or self.out}", *words, **options)


MATRIX = [*SMALL, "--axis=pin.share=0,1%", "--axis=seed=1..3", "--reps=2"]


class Files(Case):
    def test_a_folder_holds_what_was_asked_and_what_happened(self):
        run = self.sweep(0, *MATRIX)
        self.assertIn("12 of 12 runs done", run.stdout)
        self.assertEqual(len(run.stderr.splitlines()), 12)
        manifest = json.loads((self.out / "manifest.json").read_text())
        self.assertEqual(manifest["schema"], "pinlab/sweep/1")
        self.assertEqual([axis["names"] for axis in manifest["axes"]], [["pin.share"], ["seed"]])
        self.assertEqual(len(manifest["cells"]), 6)
        self.assertEqual(manifest["cells"][0]["axes"], {"pin.share": "0", "seed": "1"})
        self.assertEqual(manifest["parameters"]["heap.max"], "16MiB")
        events = events_of(self.out)
        self.assertEqual([event["t"] for event in events], ["begin"] + ["rep_start", "rep_end"] * 12 + ["end"])
        for event in ends_of(self.out):
            record = json.loads((self.out / "cells" / event["cell"] / f"r{event['rep']}.json").read_text())
            self.assertEqual(event["run"]["exact"], record["summary"]["exact"])
            self.assertEqual(event["run"]["timed"], record["summary"]["timed"])
            self.assertEqual(event["run"]["digest"], record["digest"])
        exact = json.loads(self.exact())
        self.assertEqual(len(exact["cells"]), 6)
        self.assertNotIn("timed", str(exact))
        rows = list(csv.DictReader((self.out / "results.csv").read_text().splitlines()))
        self.assertEqual(len(rows), 12)
        self.assertEqual(rows[0]["pin.share"], "0")
        self.assertEqual(int(rows[0]["moved"]), exact["cells"][0]["exact"]["moved"])

    def test_the_same_again_runs_nothing_and_the_folder_alone_is_enough(self):
        self.sweep(0, *MATRIX)
        before = self.exact()
        self.assertIn("12 of 12 runs done\n", self.sweep(0, *MATRIX).stdout)
        self.assertIn("12 of 12 runs done\n", self.sweep(0).stdout)
        self.assertEqual(before, self.exact())

    def test_jobs_and_orders_change_no_exact_figure(self):
        self.sweep(0, *MATRIX)
        for number, words in enumerate((["--jobs=3"], ["--order=shuffle"], ["--order=lexical"])):
            other = self.folder / str(number)
            self.sweep(0, *MATRIX, *words, out=other)
            self.assertEqual(self.exact(), self.exact(other))

    def test_a_matrix_file_says_the_same_as_the_command_line(self):
        self.sweep(0, *MATRIX)
        path = self.folder / "matrix.json"
        path.write_text("""{ "schema": "pinlab/matrix/1", // a comment
            "parameters": {"heap.max": "16MiB", "workload.slots": 2000, "workload.replacements": 8000},
            "axes": {"pin.share": [0, "1%"]}, "seeds": "1..3", "reps": 2, "order": "fillin" }""")
        self.sweep(0, path, out=self.folder / "b")
        self.assertEqual(self.exact(), self.exact(self.folder / "b"))

    def test_the_command_line_beats_what_a_matrix_file_says_of_all_cells(self):
        path = self.folder / "matrix.json"
        path.write_text('{ "schema": "pinlab/matrix/1", "parameters": {"heap.max": "16MiB", "workload.slots": 2000}, "axes": {"seed": "1..2"} }')
        self.sweep(0, path, "--heap.max=32MiB", "--workload.replacements=8000")
        parameters = json.loads((self.out / "manifest.json").read_text())["parameters"]
        self.assertEqual([parameters[name] for name in ("heap.max", "workload.slots", "workload.replacements")], ["32MiB", "2000", "8000"])
        self.assertIn("2 of 2 runs done\n", self.sweep(0).stdout)
        self.says(2, "seed is given twice", "sweep", f"--out={self.folder}/b", path, "--seed=3")  # an axis is no default

    def test_programs_with_different_parameters_stand_on_one_axis(self):
        path = self.folder / "matrix.json"
        path.write_text("""{ "schema": "pinlab/matrix/1", "parameters": {"heap.max": "16MiB"}, "zip": [
            {"workload": ["lru_churn", "gcbench"], "workload.slots": [2000, null], "workload.replacements": [8000, null],
             "workload.depth": [null, 9]}] }""")
        self.sweep(0, path)
        lru, trees = json.loads(self.exact())["cells"]
        self.assertEqual(list(lru["axes"]), ["workload", "workload.slots", "workload.replacements"])
        self.assertEqual(trees["axes"], {"workload": "gcbench", "workload.depth": "9"})
        before = self.exact()
        self.sweep(0, out=self.out)  # the matrix that the folder keeps says the same
        self.assertEqual(self.exact(), before)
        self.assertEqual(pinlab("gate", self.out / "exact.json", self.out).returncode, 0)
        rows = list(csv.DictReader((self.out / "results.csv").read_text().splitlines()))
        self.assertEqual([row["workload.depth"] for row in rows], ["", "9"])

    def test_a_dry_run_lists_cells_and_writes_nothing(self):
        run = self.sweep(0, *MATRIX, "--dry-run")
        self.assertEqual(len(run.stdout.splitlines()), 7)
        self.assertIn("6 cells, 2 runs of each, 12 to do", run.stdout)
        self.assertFalse(self.out.exists())
        self.sweep(0, *MATRIX)
        run = self.sweep(0, *MATRIX, "--dry-run")
        self.assertTrue(run.stdout.endswith("2 runs of each, 0 to do\n"), run.stdout)
        self.assertRegex(self.sweep(0, *MATRIX[:-1], "--reps=3", "--extend", "--dry-run").stdout,
                         r"3 runs of each, 6 to do, 1 at a time; about \S+ ms, judging by 12 runs that are there\n")
        self.assertEqual(len(self.ends(0, "sweep", *MATRIX, "--dry-run").stdout.splitlines()), 7)
        run = self.ends(0, "sweep", *MATRIX, "--dry-run", f"--against={PINLAB}")
        self.assertIn("6 cells, 2 runs of each and program, 24 to do", run.stdout)

    def test_a_dry_run_refuses_what_the_sweep_would(self):
        self.sweep(0, *SMALL, "--axis=seed=1..2")
        before = self.exact(), (self.out / "manifest.json").read_bytes()
        for words in ([], ["--dry-run"]):
            self.says(2, "is of another matrix (2 cells of 1 run, this one has 3 cells of 1 run)", "sweep", f"--out={self.out}", *SMALL,
                      "--axis=seed=1..3", *words)
            self.says(2, "holds another part of this sweep (all of it, this one is part 1/2)", "sweep", f"--out={self.out}", *SMALL,
                      "--axis=seed=1..2", "--shard=1/2", *words)
            self.says(2, "part 3/3 of 2 cells is empty", "sweep", f"--out={self.out}/3", *SMALL, "--axis=seed=1..2", "--shard=3/3", *words)
        self.assertEqual(before, (self.exact(), (self.out / "manifest.json").read_bytes()))
        self.assertFalse((self.out / "3").exists())

    def test_another_matrix_is_refused_or_extends(self):
        self.sweep(0, *SMALL, "--axis=seed=1..2")
        self.says(2, "is of another matrix (2 cells", "sweep", f"--out={self.out}", *SMALL, "--axis=seed=1..3")
        run = self.sweep(0, *SMALL, "--axis=seed=1..3", "--extend")
        self.assertIn("3 of 3 runs done, 1 of them now", run.stdout)

    def test_usage_is_checked_before_anything_runs(self):
        for words, fragment in [
            (["--axis=sead=1"], "did you mean seed?"),
            (["--axis=seed=3..1"], "is empty"),
            (["--axis=seed=1..20000"], "more than 10000 cells"),
            (["--axis=nursery.size=1MiB,2GiB"], "the cell nursery.size=2GiB cannot be"),
            (["--axis=seed=1", "--seed=2"], "given twice"),
            (["--where=seed =="], "expected a value"),
            (["--shard=3/2"], "there is no part 3/2"),
            (["--shard=0/2"], "is not written as i/n"),
            (["--reps=0"], "too small"),
            (["--axis=heap.max=2*min"], "pinlab minheap --workload=lru_churn"),
            (["a", "b"], "nothing to do with"),
            (["stats", "b"], "did you mean status?"),
            ([], "holds no sweep to go on with"),
            (["--emit-jobs=parallel", "--axis=seed=1..2", "--shards=3"], "there are only 2 cells to share out"),
            (["/tmp"], "/tmp is a folder and no matrix file: --out=/tmp goes on"),
        ]:
            with self.subTest(words=words):
                self.says(2, fragment, "sweep", f"--out={self.out}", *words)
                self.assertFalse(self.out.exists())
        self.says(2, "--out needs", "sweep", *SMALL)
        self.says(7, "cannot be made", "sweep", "--out=/dev/null/x", *SMALL)

    def test_a_matrix_file_that_is_wrong_is_exit_code_3(self):
        for content, fragment in [
            ('{"schema": "pinlab/matrix/1", "axes": {"seed": "3..1"}}', "is empty"),
            ('{"schema": "pinlab/matrix/2"}', "and this program reads pinlab/matrix/1"),
            ('{"schema": "pinlab/matrix/1", "axis": {}}', "did you mean axes?"),
            ('{"schema": "pinlab/matrix/1", "axes": {"seed": [1], "seed": [2]}}', "is there twice"),
            ('{"schema": "pinlab/matrix/1", "reps": 0}', "matrix:1: at reps it is not 1 to"),
            ('{"schema": "pinlab/matrix/1", "zip": [{"seed": [1, 2], "plan": ["semispace"]}]}', "matrix:1: at zip[0].plan it is no array as long"),
            ('{"axes": {}}', "matrix:1: at the top the key schema is missing"),
            ('[]', "matrix:1: at the top it is no object"),
            ('{"schema": "pinlab/matrix/1",\n"axes": {\n"seed": [1,\n true, [2]]}}', "matrix:4: at axes.seed[2] it is neither"),
            ('{"schema": "pinlab/matrix/1",\n"axes": {"seed": "1..2",\n "pin.share": "1:2"}}', "matrix:3: at axes.pin.share "),
            ('{"schema": "pinlab/matrix/1",\n\n"parameters": {"plan": null}}', "matrix:3: at parameters.plan it is neither"),
            ('{"schema": "pinlab/matrix/1",\n"order": "best"}', "matrix:2: at order "),
            ('{"schema"', "matrix:1:"),
        ]:
            with self.subTest(content=content):
                path = self.folder / "matrix"
                path.write_text(content)
                self.says(3, fragment, "sweep", f"--out={self.out}", path)

    def test_types_that_are_wrong_are_named_with_file_line_and_path(self):
        self.sweep(0, *SMALL, "--axis=seed=1..2")
        manifest = (self.out / "manifest.json").read_text()
        for old, new, fragment in [('"reps": 1', '"reps": "1"', r"manifest.json:\d+: at reps it is not a whole number"),
                                   ('"cells": [', '"cells": [7,', r"manifest.json:\d+: at cells\[0\] it is no object"),
                                   ('"axes":{"seed":"2"}', '"axes":{"seed":[2]}', r"manifest.json:\d+: at cells\[1\].axes.seed it is neither")]:
            self.assertEqual(manifest.count(old), 1, manifest)
            (self.out / "manifest.json").write_text(manifest.replace(old, new))
            run = pinlab("sweep", f"--out={self.out}", *SMALL, "--axis=seed=1..2")
            self.assertEqual(run.returncode, 3, run.stderr)
            self.assertRegex(run.stderr, fragment)
            line = int(re.search(r"manifest.json:(\d+)", run.stderr)[1])
            self.assertIn(new[:8], manifest.replace(old, new).splitlines()[line - 1])
        heaps = self.folder / "heaps.json"
        heaps.write_text('{"schema": "pinlab/minheap/2", "finished": true,\n"heaps": [\n{"pins": 1}]}')
        self.says(3, "heaps.json:3: at heaps[0].pins it is neither true nor false", "sweep", f"--out={self.folder}/other",
                  "--axis=heap.max=2*min", f"--minheap={heaps}")


class Outcomes(Case):
    def test_a_run_that_hangs_crashes_or_eats_memory_is_one_failed_cell(self):
        run = self.sweep(5, "--heap.max=16MiB", "--workload.slots=2000", "--axis=workload.replacements=1000,100000000000",
                         "--timeout=3s")
        self.assertRegex(run.stdout, r"completed +1\n +timeout +1\n")
        event = [e for e in ends_of(self.out) if e["outcome"] == "timeout"][0]
        self.assertEqual(event["limit"], "timeout")
        exact = json.loads(self.exact())
        self.assertEqual([cell["outcome"] for cell in exact["cells"]], ["completed", "timeout"])
        self.assertIsNone(exact["cells"][1]["exact"])
        self.assertIn("2 of 2 runs done\n", self.sweep(5).stdout)  # a timeout is not run again

    def test_memory_has_a_limit(self):
        run = self.sweep(5, *ENDLESS, "--heap.max=512MiB", "--nursery.size=256MiB", "--memory=40MiB")
        self.assertRegex(run.stdout, r"killed +1\n")
        event = ends_of(self.out)[0]
        self.assertEqual((event["outcome"], event["limit"]), ("killed", "memory"))

    def test_a_heap_that_is_too_small_is_a_result(self):
        run = self.sweep(5, "--workload.slots=20000", "--workload.replacements=1000", "--axis=heap.max=1MiB,64MiB")
        self.assertRegex(run.stdout, r"heap_exhausted +1")
        self.assertIsNotNone(json.loads(self.exact())["cells"][0]["exact"])

    def test_runs_that_differ_are_a_bug(self):
        self.sweep(0, *SMALL, "--reps=2")
        lines = (self.out / "events.jsonl").read_bytes().splitlines(keepends=True)
        at = max(i for i, line in enumerate(lines) if b'"rep_end"' in line)
        body = re.sub(rb'"moved":\d+', b'"moved":1', lines[at].rstrip(b"\n")[:-16], count=1)
        lines[at] = body + b',"c":"%08x"}\n' % zlib.crc32(body)
        (self.out / "events.jsonl").write_bytes(b"".join(lines))
        self.assertIn("NOT REPEATABLE", self.sweep(4).stdout)

    def test_a_damaged_line_is_named_and_a_cut_one_dropped(self):
        self.sweep(0, *SMALL, "--axis=seed=1..2")
        path, before = self.out / "events.jsonl", self.exact()
        content = path.read_bytes()
        path.write_bytes(content.replace(b'"rep":1', b'"rep":9', 1))
        self.says(3, "events.jsonl:2: the line is damaged", "sweep", f"--out={self.out}")
        last = content.rstrip(b"\n").rfind(b'"t":"rep_end"')
        path.write_bytes(content[:last])
        self.assertIn("1 of them now", self.sweep(0).stdout)
        self.assertEqual(before, self.exact())
        lines = content.splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:1] + lines[2:]))
        self.says(3, "lines are missing", "sweep", f"--out={self.out}")


class Interrupts(Case):
    def start(self, *words, **options):
        return subprocess.Popen([PINLAB, "sweep", f"--out={self.out}", *words], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, **options)

    def wait_for_a_run(self):
        path = self.out / "events.jsonl"
        processes.wait_for("a run", lambda: path.exists() and b"rep_start" in path.read_bytes())

    @staticmethod
    def children(sweep):
        return list(map(int, subprocess.run(["ps", "-o", "pid=", "--ppid", str(sweep.pid)], capture_output=True, text=True,
                                            check=False).stdout.split()))

    def test_two_sweeps_in_one_folder_the_second_refuses_and_names_the_first(self):
        first = self.start(*ENDLESS, "--heap.max=16MiB")
        self.wait_for_a_run()
        self.says(7, f"another sweep works there: process {first.pid} on", "sweep", f"--out={self.out}", *ENDLESS,
                  "--heap.max=16MiB")
        status = self.ends(0, "sweep", "status", self.out).stdout
        self.assertIn(f"process {first.pid}", status)
        self.assertIn("running now", status)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=processes.GUARD)
        self.assertEqual(first.returncode, 130)
        self.assertIn("nobody works there now", self.ends(0, "sweep", "status", self.out).stdout)

    def test_an_interrupt_keeps_what_is_done_and_the_sweep_goes_on(self):
        words = ["--heap.max=16MiB", "--workload.slots=2000", "--axis=workload.replacements=2000,15000000", "--order=lexical"]
        sweep = self.start(*words)
        for line in sweep.stderr:
            if "completed" in line:
                break
        sweep.send_signal(signal.SIGTERM)
        out, _ = sweep.communicate(timeout=processes.GUARD)
        self.assertEqual(sweep.returncode, 130)
        self.assertIn("1 of 2 runs done", out)
        self.assertEqual(ends_of(self.out)[-1]["outcome"], "interrupted")
        self.sweep(0)
        other = self.folder / "whole"
        self.sweep(0, *words, out=other)
        self.assertEqual(self.exact(), self.exact(other))

    def test_a_second_interrupt_is_immediate_and_leaves_no_child(self):
        sweep = self.start(*ENDLESS, "--heap.max=16MiB")
        processes.wait_for("a child", lambda: self.children(sweep))
        child = self.children(sweep)[0]
        os.kill(child, signal.SIGSTOP)  # what is asked of it politely, it does not do
        sweep.send_signal(signal.SIGINT)
        processes.wait_until_it_took(sweep, signal.SIGINT)
        self.assertIsNone(sweep.poll())
        sweep.send_signal(signal.SIGINT)
        sweep.communicate(timeout=processes.GUARD)
        self.assertEqual(sweep.returncode, 130)
        self.assertFalse(pathlib.Path(f"/proc/{child}").exists())
        self.assertEqual([(end["outcome"], end["exit"]) for end in ends_of(self.out)], [("interrupted", 128 + signal.SIGKILL)])

    def test_runs_hear_the_sweep_though_a_shell_started_it_in_the_background(self):
        told, program = self.folder / "told", self.folder / "program"
        program.write_text(f'#!/bin/sh\n[ "$1" = run ] && grep SigIgn /proc/$$/status >>{told}\nexec {shlex.quote(PINLAB)} "$@"\n')
        program.chmod(0o755)
        self.sweep(0, *SMALL, f"--against={program}", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        ignored = [int(line.split()[1], 16) for line in told.read_text().splitlines()]
        self.assertEqual([mask >> (signal.SIGINT - 1) & 1 for mask in ignored], [0])

    def test_a_closed_pipe_ends_nothing(self):
        command = f"{shlex.quote(PINLAB)} sweep --out={self.out} {' '.join(MATRIX)} 2>&1 | head -1"
        subprocess.run(["bash", "-c", command], stdout=subprocess.DEVNULL, timeout=60, check=True)
        self.assertEqual(len(ends_of(self.out)), 12)
        self.assertTrue((self.out / "exact.json").exists())

    def test_a_full_disk_ends_at_a_whole_line_and_the_sweep_goes_on_with_room(self):
        whole = self.folder / "whole"
        self.sweep(0, *MATRIX, out=whole)
        for room in (9000, 20000):
            out = self.folder / str(room)
            run = pinlab("sweep", f"--out={out}", *MATRIX, preexec_fn=lambda room=room: resource.setrlimit(
                resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY)))
            self.assertEqual(run.returncode, 7, run.stderr)
            events_of(out)
            self.sweep(0, *MATRIX, out=out)
            self.assertEqual(self.exact(out), self.exact(whole))

    def kill_and_resume(self, kills, seed):
        words = ["--heap.max=16MiB", "--workload.slots=1000", "--workload.replacements=4000", "--axis=pin.share=0,1%,5%",
                 "--axis=seed=1..4", "--jobs=2"]
        whole = self.folder / "whole"
        self.sweep(0, *words, out=whole)
        chance = random.Random(seed)
        done = 0
        while done < kills:
            shutil.rmtree(self.out, ignore_errors=True)
            for _ in range(4):
                sweep = self.start(*words)
                time.sleep(chance.uniform(0, 0.25))
                children = self.children(sweep)
                victims = [sweep.pid] if chance.random() < 0.5 else [child for child in children if chance.random() < 0.7]
                for victim in victims:
                    try:
                        os.kill(victim, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                done += len(victims)
                sweep.communicate(timeout=60)
                for child in children:  # the kernel ends them with their parent
                    processes.wait_for("the end of a child whose sweep has ended", lambda child=child: not self.lives(child))
            run = self.sweep(0, *words)
            self.assertIn("12 of 12 runs done", run.stdout)
            self.assertEqual(self.exact(), self.exact(whole))
            self.assertEqual(list(self.out.glob("cells/*/*.part*")), [])

    @staticmethod
    def lives(process):
        """One that nobody has waited for yet does not run."""
        try:
            state = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state not in "ZX"

    def test_killed_at_random_the_exact_results_are_the_same_to_the_byte(self):
        self.kill_and_resume(100 if LONG else 8, 1)


class MinimalHeap(Case):
    WORDS = ["--workload.slots=1000", "--workload.replacements=4000", "--heap.max=8MiB", "--pin.lifetime=forever"]

    def test_the_smallest_heap_completes_with_the_next_four_and_the_one_below_does_not(self):
        run = self.minheap(0, *self.PINS)
        self.assertEqual(len(run.stdout.splitlines()), 4)
        plain, few, many = json.loads(self.path.read_text())["heaps"]
        self.assertEqual([entry["pins"] for entry in (plain, few, many)], [False, True, True])
        self.assertLessEqual(few["minimum"], many["minimum"])
        self.assertGreater(many["minimum"], plain["minimum"])
        self.assertEqual(many["inflation"], many["blocks"] * 1000000 // plain["blocks"])
        for entry in (plain, few, many):
            words = [f"--{name}={value}" for name, value in entry["parameters"].items()]
            for more in (-1, 0, 1, 2, 3, 4):
                size = entry["minimum"] + more * 65536
                self.ends(5 if more < 0 else 0, "run", *words, f"--heap.max={size}")
        run = self.sweep(0, *self.WORDS[:2], f"--minheap={self.path}", "--axis=heap.max=1*min,2*min")
        self.assertRegex(run.stdout, r"completed +2\n")

    PINS = [*WORDS, "--axis=pin.share=0.1%,5%"]

    def setUp(self):
        super().setUp()
        self.path = self.folder / "minheap.json"

    def minheap(self, code, *words, path=None, **options):
        return self.ends(code, "minheap", *words, f"--out={path or self.path}", **options)

    def start(self, *words):
        return subprocess.Popen([PINLAB, "minheap", *words, f"--out={self.path}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def fresh(self, *words):
        """The file of a search that nobody disturbed."""
        path = self.folder / "whole.json"
        path.unlink(missing_ok=True)
        self.minheap(0, *words, path=path)
        return path.read_bytes()

    @staticmethod
    def probes(file):
        """What a file knows, in its order: configuration and blocks of each run."""
        file = json.loads(file)
        return [(entry["id"], probe["blocks"]) for entry in file["heaps"] + file["kept"] for probe in entry["probes"]]

    @staticmethod
    def taken_over(run):
        """Of the table: how many probes there are, and how many of them were not run now."""
        rows = run.stdout.splitlines()[1:]
        return sum(int(row[31:39]) for row in rows), sum(int(row[39:51]) for row in rows)

    def size_that_runs(self, search):
        """The blocks that a search that is stopped tries now; none where it is between two runs."""
        for child in Interrupts.children(search):
            try:
                words = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            sizes = [word.partition("=")[2] for word in words if word.startswith("--heap.max=")]
            if len(words) > 1 and words[1] == "run":
                number, unit = re.fullmatch(r"(\d+)([KM])iB", sizes[0]).groups()
                return int(number) * {"K": 1, "M": 1024}[unit] // 64
        return None

    def kill_and_go_on(self, kills, seed):
        words = ["--workload.slots=1000", "--workload.replacements=100000", "--heap.max=4MiB", "--axis=pin.share=0.1%"]
        whole = self.fresh(*words)
        order = self.probes(whole)
        chance = random.Random(seed)
        seen = 0
        while kills > 0:
            self.path.unlink(missing_ok=True)
            known = []
            for _ in range(6):
                search = self.start(*words)
                time.sleep(chance.uniform(0, 0.5))
                search.send_signal(signal.SIGSTOP)
                running = self.size_that_runs(search)
                before, known = known, self.probes(self.path.read_bytes()) if self.path.exists() else []
                search.kill()
                search.communicate(timeout=processes.GUARD)
                kills -= 1
                self.assertEqual(sorted(known), sorted(order[:len(known)]))
                self.assertGreaterEqual(len(known), len(before))
                if running is not None:  # all before it are in the file
                    self.assertEqual(running, order[len(known)][1])
                    seen += 1
            run = self.minheap(0, *words)
            self.assertEqual(self.path.read_bytes(), whole)
            self.assertEqual(self.taken_over(run), (len(order), len(known)))  # nothing ran twice
            self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["minheap.json", "whole.json"])
        self.assertGreater(seen, 0)

    def test_killed_at_random_it_goes_on_and_its_file_is_the_same_to_the_byte(self):
        self.kill_and_go_on(120 if LONG else 12, 1)

    def test_an_interrupt_keeps_what_was_found_and_says_so(self):
        words = [*self.WORDS[:1], "--heap.max=8MiB", "--timeout=0s"]
        process = self.start(*words, "--axis=workload.replacements=4000,100000000000")
        self.assertIn("workload.replacements=4000", process.stderr.readline())  # the second does not end
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=processes.GUARD)
        self.assertEqual(process.returncode, 130)
        self.assertIn("interrupted: 1 of 2 configurations searched; started again, it goes on from here", errors)
        self.assertEqual(len(json.loads(self.path.read_text())["heaps"]), 1)
        self.says(3, f"{self.path}:5: at finished it is false: not all heaps that were asked for are found", "sweep", f"--out={self.out}",
                  *words[:2], f"--minheap={self.path}", "--axis=heap.max=2*min")
        run = self.minheap(0, *words, "--axis=workload.replacements=4000,2000")
        self.assertRegex(run.stderr, r" (\d+) +\1  workload.replacements=4000\n.* 0  workload.replacements=2000\n")
        self.assertEqual(self.path.read_bytes(), self.fresh(*words, "--axis=workload.replacements=4000,2000"))
        process = subprocess.Popen([PINLAB, "minheap", *ENDLESS, "--timeout=0s"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.wait_for("a run", lambda: Interrupts.children(process))
        process.send_signal(signal.SIGINT)
        self.assertIn("begins anew, since no --out=FILE keeps its probes", process.communicate(timeout=processes.GUARD)[1])

    def test_values_may_come_and_go_and_what_was_run_is_kept(self):
        both = self.fresh(*self.PINS)
        self.minheap(0, *self.WORDS, "--axis=pin.share=5%")
        held = len(self.probes(self.path.read_bytes()))
        run = self.minheap(0, *self.PINS)
        self.assertEqual(self.taken_over(run), (len(self.probes(both)), held))
        self.assertEqual(self.path.read_bytes(), both)
        run = self.minheap(0, *self.WORDS, "--axis=pin.share=0.1%", "--axis=seed=1,2")
        self.assertGreater(self.taken_over(run)[1], 0)
        file = json.loads(self.path.read_text())
        self.assertEqual([entry["parameters"]["pin.share"] for entry in file["kept"]], ["0.05"])
        # A heap.max above which there is more than enough moves the places that are tried, and what is kept stays.
        self.minheap(0, *self.WORDS[:2], *self.WORDS[3:], "--heap.max=5MiB", "--axis=pin.share=0.1%,5%")
        self.assertEqual(self.taken_over(self.minheap(0, *self.PINS)), (len(self.probes(both)),) * 2)
        self.assertEqual(json.loads(self.path.read_text())["heaps"], json.loads(both)["heaps"])

    def test_a_nursery_that_is_given_has_a_search_without_pins_of_its_own(self):
        self.minheap(0, *self.WORDS, "--pin.share=5%", "--axis=nursery.size=128KiB,1MiB")
        small, _, large, _ = json.loads(self.path.read_text())["heaps"]
        self.assertEqual([entry["parameters"]["nursery.size"] for entry in (small, large)], ["128KiB", "1MiB"])
        self.assertFalse(small["pins"] or large["pins"])

    def test_a_file_that_a_parameter_names_counts_by_its_content(self):
        profile, other = self.folder / "profile.csv", self.folder / "other.csv"
        words = ["--workload=empirical", "--workload.live=256KiB", "--workload.allocate=1MiB", "--heap.max=4MiB"]
        profile.write_text("size,alloc_rate,num_live\n32,100,100\n64,50,50\n")
        self.minheap(0, *words, f"--workload.profile={profile}")
        profile.rename(other)
        count, old = self.taken_over(self.minheap(0, *words, f"--workload.profile={other}"))
        self.assertEqual(count, old)
        other.write_text("size,alloc_rate,num_live\n32,100,100\n640,50,50\n")
        self.assertEqual(self.taken_over(self.minheap(0, *words, f"--workload.profile={other}"))[1], 0)

    def test_what_a_timeout_decided_holds_as_far_as_it_must(self):
        count, _ = self.taken_over(self.minheap(0, *self.WORDS[:3], "--timeout=60s"))
        for timeout, old in (("60s", count), ("0s", count), ("90s", count), ("50s", 0), ("55s", count), ("60s", count)):
            self.assertEqual(self.taken_over(self.minheap(0, *self.WORDS[:3], f"--timeout={timeout}")), (count, old), timeout)
        self.path.unlink()
        for timeout, old in (("200ms", 0), ("200ms", 1), ("100ms", 1), ("300ms", 0), ("250ms", 1)):
            self.assertEqual(self.taken_over(self.minheap(5, *ENDLESS, "--heap.max=16MiB", f"--timeout={timeout}")), (1, old), timeout)

    def test_a_file_that_is_something_else_or_damaged_is_refused_and_stays(self):
        good = self.fresh(*self.WORDS[:3]).decode()
        for old, new, fragment in [
                (good, "my thesis", r"minheap.json:1:1: syntax error"),
                (good, good[:len(good) // 2], r"minheap.json:\d+:\d+: syntax error"),
                (good, '{"schema": "pinlab/sweep/1"}', r'minheap.json:1: at schema it is "pinlab/sweep/1", and this program reads pinlab/minheap/'),
                (good, "[]", r"minheap.json:1: at the top it is no object"),
                ('"completed"', '"complete"', r"minheap.json:\d: at heaps\[0\].probes\[0\].outcome no probe ends so"),
                ('"live":', '"life":', r"minheap.json:\d: at heaps\[0\].probes\[0\] the key live is missing"),
                ('"blocks":128', '"blocks":-128', r"minheap.json:\d: at heaps\[0\].probes\[0\].blocks it is not a whole number"),
                ('"timeout"', '"heaps": [], "timeout"', r"minheap.json:\d+: at heaps the key is there twice")]:
            with self.subTest(new=new[:30]):
                self.assertIn(old, good)
                self.path.write_text(good.replace(old, new, 1))
                before = self.path.read_bytes()
                self.assertRegex(self.minheap(3, *self.WORDS[:3]).stderr, fragment)
                self.assertEqual(self.path.read_bytes(), before)
        other = re.sub('"hash":"[0-9a-f]*"', '"hash":"0"', good)
        self.path.write_text(other)
        self.assertIn("was begun by another program (pinlab ", self.minheap(2, *self.WORDS[:3]).stderr)
        self.assertEqual(self.path.read_text(), other)
        self.path.write_text("")  # of mktemp
        self.minheap(0, *self.WORDS[:3])
        self.assertEqual(self.path.read_text(), good)

    def test_of_two_on_one_file_the_second_refuses_and_names_the_first(self):
        first = self.start(*ENDLESS, "--heap.max=16MiB", "--timeout=0s")
        processes.wait_for("a run", lambda: Interrupts.children(first))
        self.assertIn(f"{self.path}: another minheap works on it: process {first.pid} on", self.minheap(7, *self.WORDS[:3]).stderr)
        first.kill()
        first.communicate(timeout=processes.GUARD)
        self.minheap(0, *self.WORDS[:3])

    def test_a_full_disk_leaves_the_file_whole_and_with_room_it_goes_on(self):
        whole = self.fresh(*self.PINS)
        run = self.minheap(7, *self.PINS, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (len(whole) * 2 // 3, resource.RLIM_INFINITY)))
        self.assertIn("minheap.json: writing failed: File too large", run.stderr)
        known = self.probes(self.path.read_bytes())
        self.assertTrue(0 < len(known) < len(self.probes(whole)))
        self.assertEqual(self.taken_over(self.minheap(0, *self.PINS))[1], len(known))
        self.assertEqual(self.path.read_bytes(), whole)

    def test_it_says_on_a_terminal_what_it_tries(self):
        master, slave = pty.openpty()
        run = subprocess.run([PINLAB, "minheap", *self.WORDS[:3]], stdout=subprocess.PIPE, stderr=slave, timeout=processes.GUARD, check=True)
        os.close(slave)
        drawn = os.read(master, 1 << 16).decode()
        os.close(master)
        self.assertRegex(drawn, r"\r\x1b\[K0 of 1 configuration; 1 probe, trying [\d.]+ MiB, [\d.]+ .?s each\r\x1b\[K")
        self.assertNotIn(b"trying", run.stdout)

    def test_a_heap_that_is_never_enough_is_said(self):
        self.assertIn("it cannot be written", self.ends(7, "minheap", *self.WORDS[:3], "--out=/proc/m.json").stderr)
        self.assertIn("none", self.ends(5, "minheap", *self.WORDS[:2], "--heap.max=128KiB").stdout)

class Parts(Case):
    def test_shards_are_joined_to_what_one_sweep_makes(self):
        self.sweep(0, *MATRIX)
        shards = [self.folder / f"shard{i}" for i in (1, 2, 3)]
        for i, shard in enumerate(shards, 1):
            self.sweep(0, *MATRIX, f"--shard={i}/3", out=shard)
            self.assertEqual(len(ends_of(shard)), 4)
            self.assertIn("4 of 4 runs done\n", self.sweep(0, out=shard).stdout)  # the folder alone is enough
        self.says(2, "(part 1/3, this one is part 2/3)", "sweep", f"--out={shards[0]}", "--shard=2/3")
        whole = self.folder / "merged"
        self.assertIn("12 of 12 runs done", self.ends(0, "merge", f"--out={whole}", *shards).stdout)
        self.assertEqual(self.exact(), self.exact(whole))
        self.assertEqual(len(list(whole.glob("cells/*/r*.json"))), 12)
        self.assertIn("12 of 12 runs done\n", self.sweep(0, out=whole).stdout)
        self.says(2, "holds a sweep already", "merge", f"--out={whole}", *shards)
        self.says(2, "both have run", "sweep", "merge", f"--out={self.folder}/x", shards[0], shards[0])
        part = self.folder / "part"
        self.assertIn("8 of 12", self.ends(5, "merge", f"--out={part}", *shards[:2]).stdout)
        self.sweep(0, out=part)
        self.assertEqual(self.exact(), self.exact(part))
        other = self.folder / "other"
        self.sweep(0, *SMALL, "--axis=seed=1..3", out=other)
        self.says(2, "do not belong together", "merge", f"--out={self.folder}/y", shards[0], other)
        manifest = other / "manifest.json"
        manifest.write_text(re.sub('"hash": "[0-9a-f]*"', '"hash": "0"', manifest.read_text()))
        self.says(2, "begun by another program", "sweep", f"--out={other}")

    def test_emitted_jobs_run_as_they_stand(self):
        jobs = self.sweep(0, *MATRIX, "--emit-jobs=parallel", "--shards=3").stdout
        self.assertEqual(len(jobs.splitlines()), 3)
        self.says(2, "matrix.json is of another matrix", "sweep", f"--out={self.out}", *MATRIX[:-1], "--emit-jobs=parallel")
        subprocess.run(["xargs", "-P2", "-d", "\n", "-I{}", "bash", "-c", "{}"], input=jobs, text=True,
                       capture_output=True, timeout=120, check=True)
        whole = self.folder / "whole"
        self.ends(0, "merge", f"--out={whole}", *sorted(self.out.glob("shard-*")))
        script = self.sweep(0, *MATRIX, "--emit-jobs=slurm", "--shards=2").stdout
        self.assertIn("#SBATCH --array=1-2\n", script)
        for task in "12":
            shutil.rmtree(self.out / f"shard-{task}", ignore_errors=True)
            subprocess.run(["bash"], input=script, text=True, capture_output=True, timeout=120, check=True,
                           env={**os.environ, "SLURM_ARRAY_TASK_ID": task})
        again = self.folder / "again"
        self.ends(0, "merge", f"--out={again}", self.out / "shard-1", self.out / "shard-2")
        self.assertEqual(self.exact(whole), self.exact(again))

    @unittest.skipUnless(shutil.which("parallel"), "SKIPPED: there is no GNU parallel here (Debian's parallel)")
    def test_gnu_parallel_runs_them_with_several_workers_and_by_logins(self):
        self.sweep(0, *MATRIX, out=self.folder / "one")
        for number, words in enumerate((["-j2"], ["--sshlogin", "2/:"], ["--sshlogin", ":", "--joblog", "log", "--halt", "now,fail=1"])):
            out = self.folder / f"parts {number}"  # a space, as some people's folders have
            jobs = self.sweep(0, *MATRIX, "--emit-jobs=parallel", "--shards=3", out=out).stdout
            subprocess.run(["parallel", *words], input=jobs, text=True, capture_output=True, timeout=120, check=True, cwd=self.folder,
                           env={**os.environ, "HOME": str(self.folder)})
            whole = self.folder / f"whole{number}"
            self.ends(0, "merge", f"--out={whole}", *sorted(out.glob("shard-*")))
            self.assertEqual(self.exact(whole), self.exact(self.folder / "one"))

    def test_shards_that_do_not_belong_together_are_refused(self):
        for name, words in [("third", ["--shard=1/3"]), ("half", ["--shard=1/2"])]:
            self.sweep(0, *MATRIX, *words, out=self.folder / name)
        self.says(2, "both have run", "merge", f"--out={self.folder}/a", self.folder / "third", self.folder / "half")
        self.sweep(0, *MATRIX[:-1], "--reps=1", "--shard=2/3", out=self.folder / "fewer")
        self.says(2, "different matrices", "merge", f"--out={self.folder}/b", self.folder / "third", self.folder / "fewer")
        self.says(7, "manifest.json", "merge", f"--out={self.folder}/c", self.folder / "third", self.folder / "none")
        self.assertFalse((self.folder / "a").exists() or (self.folder / "b").exists() or (self.folder / "c").exists())

    def test_two_programs_run_in_turns(self):
        other = self.folder / "pinlab"
        shutil.copy(PINLAB, other)
        self.sweep(0, *SMALL, "--axis=seed=1..2", "--reps=2", f"--against={other}")
        base, new = self.out / "base", self.out / "new"
        self.assertEqual(self.exact(base), self.exact(new))
        sessions = {json.loads((arm / "manifest.json").read_text())["session"] for arm in (base, new)}
        self.assertEqual(len(sessions), 1)
        self.assertNotIn(None, sessions)
        status = self.ends(0, "sweep", "status", self.out).stdout
        self.assertRegex(status, r"^base: 4 of 4 runs, 100 %(?s:.*)\nnew: 4 of 4 runs, 100 %")
        self.says(2, "/bin/true is no pinlab: --version says", "sweep", f"--out={self.folder}/true", *SMALL, "--against=/bin/true")
        self.says(7, "/no/pinlab: No such file", "sweep", f"--out={self.folder}/true", *SMALL, "--against=/no/pinlab")
        self.assertFalse((self.folder / "true").exists())
        self.says(2, "of two programs: say --against=PROGRAM", "sweep", f"--out={self.out}")
        self.assertIn("8 of 8 runs done\n", self.sweep(0, f"--against={other}").stdout)
        turns = sorted((event["ts"], event["n"], arm.name) for arm in (base, new) for event in ends_of(arm))
        self.assertEqual([name for _, _, name in turns][:4], ["base", "new", "new", "base"])


class Overhead(Case):
    def test_a_sweep_spends_its_time_in_its_children(self):
        """In the fast suite the sweep's own work, which other work on the machine does not change; in the long one its time."""
        cells = 1000 if LONG else 20
        used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        begin = time.monotonic()
        self.sweep(0, "--heap.max=16MiB", "--workload.slots=2000", f"--workload.replacements={800000 if LONG else 20000}",
                   "--record.collections=summary", f"--axis=seed=1..{cells}", "--order=lexical")
        wall = time.monotonic() - begin
        used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - used
        ends = ends_of(self.out)
        self.assertEqual(len(ends), cells)
        inside = sum(event["wall_ns"] for event in ends) / 1e9
        own = used - sum(event["user_ns"] + event["system_ns"] for event in ends) / 1e9
        print(f"{cells} runs of {inside / cells * 1000:.0f} ms: {(wall - inside) / wall:.2%} of the time outside; "
              f"{own / cells * 1000:.2f} ms of work for each", file=sys.stderr)
        # Of a run of 200 ms, 5 % are 10 ms; and the sweep may take a second to begin and end.
        self.assertLess(own, 1.0 + 0.010 * cells)
        if LONG:
            self.assertLess(wall - inside, 1.0 + 0.010 * cells)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
