"""The program pinlab from outside: exit codes, messages, records. Run by meson:

    command_line_test.py PINLAB SOURCE_ROOT KIND=name,name ...

Exit code 77 (skipped) without python3-jsonschema.
"""

import gzip
import json
import os
import pathlib
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    sys.exit(77)

sys.dont_write_bytecode = True
import processes  # noqa: E402

PINLAB = sys.argv[1]
SOURCE = pathlib.Path(sys.argv[2])
MESON_LISTS = dict(argument.split("=", 1) for argument in sys.argv[3:])
SMALL = ["--heap.max=16MiB", "--workload=lru_churn", "--workload.slots=8000", "--workload.replacements=60000"]
PINNED = SMALL + ["--pin.share=1%", "--pin.lifetime=exp(4MiB)"]
ENDLESS = ["--workload=lru_churn", "--workload.slots=8000", "--workload.replacements=100000000000"]
# For some seconds: what is slow about it keeps it from touching all of that memory.
PAUSELESS = ENDLESS + ["--heap.max=16GiB", "--nursery.size=8GiB", "--workload.size_least=1", "--workload.size_most=1",
                       "--pin.share=1e-9"]


def pinlab(*words, **options):
    return subprocess.run(
        [PINLAB, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False, **options
    )


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_test_"))
        self.addCleanup(shutil.rmtree, self.folder)

    def ends(self, code, *words, **options):
        run = pinlab(*words, **options)
        self.assertEqual(run.returncode, code, f"{words}\n{run.stdout}\n{run.stderr}")
        return run

    def says(self, code, fragment, *words, **options):
        run = self.ends(code, *words, **options)
        self.assertIn(fragment, run.stderr)
        self.assertEqual(run.stdout, "")

    def record(self, code, *words):
        path = self.folder / "record.json"
        path.unlink(missing_ok=True)
        self.ends(code, "run", *words, "--out", path)
        self.assertEqual([entry.name for entry in self.folder.glob("record.json*")], ["record.json"])
        return json.loads(path.read_text())

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)


class Usage(Case):
    def test_what_makes_no_sense_is_exit_code_2_before_anything_runs(self):
        for words, fragment in [
            (["frobnicate"], 'there is no command "frobnicate"'),
            (["rnu"], "did you mean run?"),
            (["run", "--heap.mx=1GiB"], "did you mean heap.max?"),
            (["run", "--timeot=1s"], "did you mean timeout?"),
            (["run", "--heap.max=99999T"], "is no size"),
            (["run", "--heap.max"], '"--heap.max" needs a value'),
            (["run", "--heap.max="], "a value is missing"),
            (["run", "--heap.max", "-1"], "is no size"),
            (["run", "--pin.share=NaN"], "is no share"),
            (["run", "--pin.share=-0"], "is no share"),
            (["run", "--pin.share=1e999"], "is too large"),
            (["run", "--seed=1", "--seed=1"], "seed is given twice"),
            (["run", "--out=a", "--out=b"], "--out is given twice"),
            (["run", "--out="], "--out needs the name of a file"),
            (["run", "--timeout=10"], "has no unit"),
            (["run", "--plan=generatonal"], "did you mean generational?"),
            (["run", "--pin.target_site=\udcff", "--pin.target=site"], "is not UTF-8"),
            (["run", "--nursery.size=2GiB"], "is larger than heap.max=1GiB"),
            (["run", "--heap.block=3MiB"], "is no power of two"),
            (["run", "--heap.block=1GiB", "--heap.max=64MiB"], "is larger than heap.max=64MiB"),
            (["run", "--pin.share=1%", "--pin.count=5"], "give one of them"),
            (["run", "-v"], "options begin with --"),
            (["run", "lru_churn"], "a parameter is written --name=value"),
            (["run", "--workload.depth=3", "--workload=lru_churn"], "workload.depth"),
            (["list"], "say what to list"),
            (["list", "plan"], "did you mean plans?"),
            (["describe"], "usage: pinlab describe NAME"),
            (["describe", "hostages"], "did you mean hostage?"),
            (["describe", "a", "b"], "nothing to do with"),
            (["rerun"], "usage: pinlab rerun RECORD"),
            (["schema", "matrix"], "there is: run"),
            (["run", "--" + "x" * 100000 + "=1"], "there is no option"),
            (["x" * 100000], "there is no command"),
        ]:
            with self.subTest(words=[word[:40] for word in words]):
                self.says(2, fragment, *[os.fsencode(word) for word in words])

    def test_a_value_may_be_a_word_of_its_own(self):
        self.ends(0, "run", "--heap.max", "16MiB", "--workload.slots", "100", "--workload.replacements", "100",
                  "--record.hostage", "false", "--gctrace")

    def test_pinlab_alone_teaches_and_so_does_every_command(self):
        overview = self.ends(0).stdout
        self.assertEqual(overview, self.ends(0, "--help").stdout)
        commands = re.findall(r"^  ([a-z]+)  ", overview.split("Commands")[1], re.MULTILINE)
        self.assertGreaterEqual(set(commands), {"run", "rerun", "explain", "list", "describe", "schema", "env"})
        for command in commands:
            text = self.ends(0, command, "--help").stdout
            self.assertIn(f"pinlab {command}", text)
            self.assertEqual(text, self.ends(0, "help", command).stdout)
            self.assertLessEqual(max(map(len, text.splitlines())), 110)

    def test_the_version_names_commit_and_compiler(self):
        self.assertRegex(self.ends(0, "--version").stdout, r"^pinlab \d+\.\d+\.\d+ \(\S+, (g\+\+|clang) .*\)\n$")


class Inputs(Case):
    def test_a_file_that_is_wrong_is_exit_code_3(self):
        for content, fragment in [
            ('{"seed": 1,}', "config:1:"),
            ('{"seed": 1', "config:1:"),
            ('{"seed": 1, "seed": 2}', "is there twice"),
            ('{"sead": 1}', "did you mean seed?"),
            ('{"heap.max": "lots"}', "is no size"),
            ('{"pin.share": 1.5}', "too large"),
            ('{"heap": {"max": 1}}', "one object"),
            ("[" * 100000, "levels of nesting"),
            (b'{"seed": "\xff"}', "config:1:"),
            ("", "config:1:"),
        ]:
            with self.subTest(content=content[:40]):
                self.says(3, fragment, "run", "--config", self.file("config", content))

    def test_the_command_line_beats_the_file(self):
        path = self.file("config", '// small\n{"heap.max": "16MiB", "seed": 5, "workload.slots": 100, "workload.replacements": 10}')
        record = self.record(0, "--config", path, "--seed=6")
        self.assertEqual(record["parameters"]["seed"], "6")
        self.assertEqual(record["parameters"]["heap.max"], "16MiB")

    def test_a_missing_file_is_exit_code_7(self):
        self.says(7, "No such file", "run", "--config", str(self.folder / "none"))
        self.says(7, "No such file", "rerun", str(self.folder / "none"))
        self.says(7, "it is a directory", "explain", str(self.folder))

    def test_a_trace_that_is_foreign_or_cut_is_exit_code_3(self):
        whole = gzip.compress(b"v 10400 3\nX ./program\n" + b"+ 10 1 1\n" * 1000)
        for name, content in [("foreign", b"ELF, no trace\n"), ("empty", b""), ("cut", whole[: len(whole) // 2]),
                              ("picture", b"\x89PNG\r\n\x1a\n" + bytes(100))]:
            with self.subTest(name=name):
                self.says(3, name, "run", "--workload=heaptrack", "--workload.trace=" + self.file(name, content))

    def test_a_record_that_is_none_is_exit_code_3(self):
        for content, fragment in [("{}", "at schema the key is missing"), ('{"schema": "pinlab/run/9"}', "this program reads"),
                                  ('{"schema": "pinlab/run/1"}', "at outcome the key is missing"), ("{", ":1:"), ("7", "schema")]:
            for command in ["rerun", "explain"]:
                with self.subTest(command=command, content=content):
                    self.says(3, fragment, command, self.file("record", content))

    def test_what_is_wrong_in_a_record_is_named_with_file_line_and_path(self):
        self.record(0, *SMALL)
        text = (self.folder / "record.json").read_text()
        bad = self.folder / "bad.json"
        for old, new, message in [
            (r'"moved"', '"moved": 1, "moved"', r"bad.json:\d+: at summary.exact.moved the key is there twice"),
            (r'"moved": ?\d+', '"moved": 1e999', r"bad.json:\d+: at summary.exact.moved the number 1e999 is out of range"),
            (r'"moved": ?\d+', '"moved": NaN', r"bad.json:\d+:\d+: syntax error"),
            (r'"allocated": ?\d+', '"allocated": -5', r"bad.json:\d+: at summary.exact.allocated it is not a whole number"),
            (r"pinlab/run/1", "pinlab/run/9", r'bad.json:2: at schema it is "pinlab/run/9", and this program reads pinlab/run/1'),
        ]:
            bad.write_text(re.sub(old, new, text, count=1))
            line = next(number for number, (a, b) in enumerate(zip(text.splitlines(), bad.read_text().splitlines()), 1) if a != b)
            for command in ("rerun", "explain"):
                error = self.ends(3, command, bad).stderr
                self.assertRegex(error, message)
                self.assertIn(f"bad.json:{line}:", error)

    def test_every_cut_of_a_record_is_refused(self):
        self.record(0, *PINNED)
        text = (self.folder / "record.json").read_bytes()
        for length in range(0, len(text) - 2, len(text) // 23):
            run = pinlab("explain", self.file("cut", text[:length]))
            self.assertEqual(run.returncode, 3, run.stderr)


class Outputs(Case):
    def test_an_output_that_cannot_be_written_is_exit_code_7_before_the_run(self):
        for path in [self.folder / "no" / "such", self.folder, "/proc/none"]:
            self.says(7, "it cannot be written", "run", *ENDLESS, "--out", path)  # the run would not end

    def test_a_full_disk_is_exit_code_7_and_leaves_nothing(self):
        self.ends(7, "run", *SMALL, "--out", "/dev/full")
        with open("/dev/full", "w", encoding="utf-8") as full:
            run = subprocess.run([PINLAB, "list", "parameters"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(run.returncode, 7)

    def test_a_reader_that_goes_away_is_no_error(self):
        run = subprocess.run(f"'{PINLAB}' list parameters | head -1", shell=True, capture_output=True, text=True, check=False)
        self.assertEqual((run.stdout.count("\n"), run.stderr), (1, ""))
        path = self.folder / "record.json"
        run = subprocess.run(["sh", "-c", f"'{PINLAB}' run {' '.join(SMALL)} --out '{path}' | true"], capture_output=True,
                             text=True, check=False)
        self.assertEqual(run.stderr, "")
        self.assertEqual(json.loads(path.read_text())["outcome"], "completed")

    def test_a_record_on_standard_output_stands_alone(self):
        run = self.ends(0, "run", *SMALL, "--out", "-")
        self.assertEqual(json.loads(run.stdout)["outcome"], "completed")
        self.assertIn("completed", run.stderr)

    def test_a_record_replaces_an_older_one_only_when_it_is_whole(self):
        path = self.folder / "record.json"
        path.write_text("old")
        with subprocess.Popen([PINLAB, "run", *ENDLESS, "--heap.max=16MiB", "--gctrace", "--out", path], stderr=subprocess.PIPE) as process:
            process.stderr.readline()  # it collects
            self.assertEqual(path.read_text(), "old")
            process.kill()
        self.assertEqual(path.read_text(), "old")

    def test_live_draws_in_a_terminal_and_refuses_to_elsewhere(self):
        self.says(2, "--live draws in a terminal", "run", *SMALL, "--live")
        self.says(2, "take one of them", "run", *SMALL, "--live", "--gctrace")
        for environment, coloured in ({}, True), ({"NO_COLOR": "1"}, False):
            master, slave = pty.openpty()
            process = subprocess.Popen([PINLAB, "run", *PINNED, "--live"], stderr=slave, stdout=subprocess.PIPE,
                                       env={**os.environ, **environment})
            os.close(slave)
            drawn = b""
            try:
                while piece := os.read(master, 65536):
                    drawn += piece
            except OSError:
                pass  # the other end of the terminal is closed
            summary = process.stdout.read().decode()
            process.stdout.close()
            os.close(master)
            self.assertEqual(process.wait(processes.GUARD), 0)
            self.assertIn("# live", drawn.decode())
            self.assertEqual(b"\033[34m" in drawn, coloured)
            self.assertIn("completed", summary)
            self.assertNotIn("\033", summary)

    def test_gctrace_is_a_line_for_each_collection(self):
        path = self.folder / "record.json"
        run = self.ends(0, "run", *PINNED, "--gctrace", "--out", path)
        lines = [line for line in run.stderr.splitlines() if line.startswith("gc ")]
        self.assertEqual(len(lines), len(json.loads(path.read_text())["collections"]))


class PinCases(Case):
    def test_every_case_of_moving_pins_is_a_test_or_a_row_that_says_why_not(self):
        text = "".join(path.read_text() for folder in ["collector", "workloads", "pinning"]
                       for path in sorted((SOURCE / folder / "tests").glob("*.cpp")))
        for number in range(1, 16):
            is_test = re.search(rf'TEST_CASE\(\s*"N{number} ', text)
            is_row = re.search(rf"^// N{number} does not apply: \w+", text, re.MULTILINE)
            self.assertTrue(bool(is_test) != bool(is_row), f"N{number}")

    def test_every_case_of_guards_is_a_test(self):
        text = "".join(path.read_text() for path in sorted((SOURCE / "collector/tests").glob("*.cpp")))
        for number in range(1, 10):
            self.assertRegex(text, rf'TEST_CASE\(\s*"P{number} ')


class PinShapes(Case):
    def shapes(self):
        return json.loads(self.ends(0, "list", "shapes", "--json").stdout)

    def test_every_shape_is_one_file_that_says_its_number_lifetime_misuse_and_source(self):
        for shape in self.shapes():
            with self.subTest(shape=shape["name"]):
                text = (SOURCE / "pinning/shapes" / f"{shape['name']}.hpp").read_text()
                for line in [rf"(?m)^// Shape {shape['number']} of the list in results/README.md", r"(?m)^ *///.*Lifetime", r"(?m)^ */// Misuse"]:
                    self.assertRegex(text, line)
                self.assertIn("Source: golang/go issue 46787", re.sub(r"\s*\n// ", " ", text))
                self.assertTrue((SOURCE / "pinning/shapes" / f"{shape['name']}.cpp").exists())

    def test_the_list_says_which_use_cases_a_shape_can_express(self):
        workloads = [row["name"] for row in json.loads(self.ends(0, "list", "workloads", "--json").stdout)]
        words = ["--heap.max=64MiB", "--nursery.size=1MiB", "--record.digest=none", "--workload.operations=3"]
        use_cases = [name for name in workloads if not pinlab("run", f"--workload={name}", *words, "--out", self.folder / "r.json").returncode]
        self.assertGreater(len(use_cases), 10)
        for shape in self.shapes():
            listed = use_cases + ["decay"] if shape["use_cases"] == "all" else shape["use_cases"].split(", ")
            limit = ["--pin.limit=1000000"] if shape["name"] == "limited" else []
            unbounded = shape["expresses"].endswith("process") and shape["use_cases"] == "all"
            for workload in use_cases[:2] if unbounded else use_cases:
                with self.subTest(shape=shape["name"], workload=workload):
                    run = pinlab("run", f"--workload={workload}", f"--pin.shape={shape['name']}", *words, *limit,
                                 "--out", self.folder / "r.json")
                    if workload not in listed:
                        self.assertEqual(run.returncode, 2, run.stderr)
                        self.assertRegex(run.stderr, "holds nothing in place|cannot express workload.lifetime=|needs workload")
                    elif run.returncode != 0:  # its sections hold back collections, by intention
                        self.assertEqual((run.returncode, shape["name"]), (5, "critical"), run.stderr)
                        self.assertEqual(json.loads((self.folder / "r.json").read_text())["outcome"], "gc_blocked")


class PinProfile(Case):
    def profile(self):
        path = self.folder / "pins.pb.gz"
        self.ends(0, "run", *PINNED, "--pprof", path, "--out", self.folder / "record.json")
        return path, json.loads((self.folder / "record.json").read_text())["pins"]

    def test_it_is_a_gzipped_protocol_buffer_with_the_names_of_sites(self):
        path, sites = self.profile()
        data = gzip.decompress(path.read_bytes())
        for name in ["pins", "bytes", "hostage_byte_time", sites[0]["name"]]:
            self.assertIn(bytes([0x32, len(name)]) + name.encode(), data)

    def test_explain_writes_that_of_a_record_to_the_byte(self):
        path, _ = self.profile()
        record, later = self.folder / "record.json", self.folder / "later.pb.gz"
        self.assertIn("heap without", self.ends(0, "explain", record, f"--pprof={later}").stdout)
        self.assertEqual(later.read_bytes(), path.read_bytes())
        text = record.read_text()
        self.says(2, "--pprof needs the name of a file", "explain", record, "--pprof=")
        for option in ("out", "figures", "pprof", "trace-events", "csv"):
            self.says(2, f"--{option} needs the name of a file", "run", *SMALL, f"--{option}=")
        self.says(2, "--out needs the name of a file", "minheap", *SMALL, "--out=")
        self.says(2, "is the record itself", "explain", record, f"--pprof={self.folder}/./record.json")
        self.assertEqual(record.read_text(), text)
        self.record(0, *SMALL)
        self.says(6, "nobody is to blame", "explain", record, f"--pprof={self.folder}/none")
        self.assertFalse((self.folder / "none").exists())
        # Of a program that knows where it pinned, the stacks too.
        self.ends(5, "run", "--workload=heaptrack", f"--workload.trace={SOURCE / 'results/traces/sqlite.raw.zst'}", "--heap.max=8MiB",
                  "--pin.share=2%", "--pin.lifetime=exp(2MiB)", "--pprof", path, "--out", record)
        self.ends(0, "explain", record, f"--pprof={later}")
        self.assertEqual(later.read_bytes(), path.read_bytes())


class Outcomes(Case):
    def test_a_heap_that_is_too_small_is_exit_code_5_with_its_record(self):
        record = self.record(5, "--heap.max=16MiB", "--workload.slots=100000")
        self.assertEqual(record["outcome"], "heap_exhausted")
        self.assertRegex(record["digest"], "^[0-9a-f]{16}$")
        self.ends(0, "rerun", self.folder / "record.json")

    def test_what_pins_do_wrong_ends_a_run_with_who_did_it(self):
        small = ["--heap.max=8MiB", "--workload.slots=8000", "--workload.replacements=60000", "--pin.share=1%"]
        for words, outcome, reason in [
            (["--pin.leak=unreachable"], "pin_leak", r"pinner: a set ended with \d+ pins of \d+ bytes in it; its oldest was made by "
             r"lru_churn buffer at \d+ bytes allocated, \d+ collections ago, of the object at heap offset \d+, and held \d+ bytes hostage"),
            (["--pin.leak=self"], "pin_leak", "pinner: a set ended with .* made by lru_churn buffer"),
            (["--pin.liveness=crash", "--pin.lifetime=fixed(8MiB)"], "pin_collected",
             r"an object of \d+ bytes was collected though it was pinned, by lru_churn buffer at \d+ bytes allocated, \d+ collections ago"),
            (["--pin.limit=10"], "pin_limit", "a pin beyond pin.limit: 10 are held, in 1 calls"),
            (["--pin.limit=3+5"], "pin_limit", "a pin beyond pin.limit: 8 are held, in 1 calls"),
            (["--pin.shape=none"], "pin_violation", r"was moved by collection \d+ while foreign memory needed it and no pin held it; "
             r"its address was given away by lru_churn buffer at \d+ bytes allocated"),
            (["--pin.shape=none", "--pin.store_check=all"], "pin_violation",
             "lru_churn buffer stored the address of an unpinned object of .* bytes in foreign memory"),
            (["--pin.early=1MiB", "--pin.lifetime=fixed(4MiB)"], "pin_violation", "was (moved|freed) by collection"),
        ]:
            with self.subTest(words=words):
                record = self.record(5, *small, *words)
                self.assertEqual(record["outcome"], outcome)
                self.assertRegex(record["reason"], reason)
        for words in [["--pin.leak=global"], ["--pin.liveness=weak"], ["--pin.limit=10", "--pin.limit_answer=fail"],
                      ["--pin.limit=10", "--pin.limit_answer=copy"],
                      ["--pin.limit=10", "--pin.limit_answer=block", "--pin.lifetime=exp(64KiB)"]]:
            with self.subTest(words=words):
                record = self.record(0, *small, *words)
                self.assertEqual(record["outcome"], "completed")

    def test_the_record_tells_the_answers_to_a_limit_apart(self):
        programs = {"ring": ["--workload.in_flight=32", "--workload.operations=200"], "iovec": ["--workload.lifetime=operation", "--workload.set=4"],
                    "pin_comb": ["--workload.m=4096", "--workload.n=64"],
                    "gcperfsim": ["--workload.args=-tc 2 -tagb 50 -tlgb 2 -sohsi 50 -sohpi 5", "--workload.scale=1000"]}
        for workload, words in programs.items():
            small = [f"--workload={workload}", "--heap.max=64MiB", "--pin.limit=8", *words]
            for answer, key in [("crash", None), ("fail", "refused"), ("copy", "copied"), ("block", "waits")]:
                with self.subTest(workload=workload, answer=answer):
                    waits_for_nobody = answer == "block" and workload in ("pin_comb", "gcperfsim")
                    ends = answer == "crash" or waits_for_nobody
                    record = self.record(5 if ends else 0, *small, f"--pin.limit_answer={answer}")
                    self.assertEqual(record["outcome"], "pin_limit" if ends else "completed")
                    self.assertEqual("no thread can make" in record["reason"], waits_for_nobody)
                    limit = record["summary"]["exact"]["pins"]["limit"]
                    told = [name for name in ("refused", "copied", "waits") if limit[name] > 0]
                    self.assertEqual(told, [] if ends else [key])

    def test_time_that_is_over_ends_a_run_at_its_next_pause(self):
        record = self.record(5, *ENDLESS, "--heap.max=16MiB", "--timeout=300ms")
        self.assertEqual(record["outcome"], "timeout")
        self.assertIsNone(record["digest"])
        self.assertGreater(record["summary"]["exact"]["allocated"], 0)
        self.says(6, "which no other run has to repeat", "rerun", self.folder / "record.json")

    @unittest.skipIf("sanitizers" in pinlab("--version").stdout, "a sanitizer's operator new is not for signal handlers")
    def test_a_run_that_comes_to_no_pause_is_ended_all_the_same(self):
        record = self.record(5, *PAUSELESS, "--timeout=100ms")
        self.assertEqual(record["outcome"], "timeout")
        self.assertIn("came to no pause in two seconds", record["reason"])

    def test_no_file_is_written_twice(self):
        small = ["--heap.max=16MiB", "--workload.slots=300", "--workload.replacements=1000"]
        link = self.folder / "link"
        link.symlink_to(self.folder)
        for other in (self.folder / "one", link / "one", f"{self.folder}/../{self.folder.name}/one"):
            self.says(2, "is to be written twice", "run", *small, f"--out={self.folder}/one", f"--csv={other}")
        self.assertFalse((self.folder / "one").exists())
        self.ends(0, "run", *small, "--out=/dev/null", "--csv=/dev/null")

    def interrupt(self, number, *words):
        path = self.folder / "record.json"
        process = subprocess.Popen([PINLAB, "run", *words, "--out", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.send_as_it_runs(process, number)
        return process, path

    def test_a_user_who_interrupts_keeps_the_record(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            process, path = self.interrupt(number, *ENDLESS, "--heap.max=16MiB")
            self.assertEqual(process.wait(processes.GUARD), 130)
            self.assertEqual(json.loads(path.read_text())["outcome"], "interrupted")

    @unittest.skipIf("sanitizers" in pinlab("--version").stdout, "a sanitizer's operator new is not for signal handlers")
    def test_a_second_interrupt_does_not_wait_for_a_pause(self):
        process, path = self.interrupt(signal.SIGINT, *PAUSELESS)
        processes.wait_until_it_took(process, signal.SIGINT)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(processes.GUARD), 130)
        record = json.loads(path.read_text())
        self.assertEqual(record["outcome"], "interrupted")
        self.assertIn("asked again", record["reason"])  # and not: came to no pause in the time that it has for it

    @unittest.skipIf("sanitizers" in pinlab("--version").stdout, "a sanitizer has memory of its own")
    def test_an_interrupt_is_one_though_the_system_gives_no_more_memory(self):
        path = self.folder / "record.json"
        process = subprocess.Popen([PINLAB, "run", *PAUSELESS, "--out", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.wait_for("objects", lambda: processes.resident_bytes(process.pid) > 256 << 20)
        resource.prlimit(process.pid, resource.RLIMIT_AS, (0, 0))
        process.send_signal(signal.SIGINT)
        processes.wait_until_it_took(process, signal.SIGINT)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(processes.GUARD), 130)
        self.assertEqual(json.loads(path.read_text())["outcome"], "interrupted")

    @unittest.skipIf("sanitizers" in pinlab("--version").stdout, "a sanitizer handles the signal")
    def test_a_crash_is_exit_code_4_with_a_record(self):
        process, path = self.interrupt(signal.SIGSEGV, *ENDLESS, "--heap.max=16MiB")
        self.assertEqual(process.wait(processes.GUARD), 4)
        record = json.loads(path.read_text())
        self.assertEqual((record["outcome"], record["summary"]), ("crashed", None))
        jsonschema.validate(record, json.loads(pinlab("schema").stdout), jsonschema.Draft202012Validator)


class UseCases(Case):
    """Workloads with real input and output."""

    SMALL = ["--workload=ring", "--workload.operations=300", "--heap.max=64MiB"]

    def test_equal_parameters_give_equal_figures_whoever_transfers(self):
        for kind in ["--record.digest=full", "--record.digest=sampled"]:
            first = self.record(0, *self.SMALL, kind)
            self.ends(0, "rerun", self.folder / "record.json")
            for words in [["--workload.io=threads"], ["--workload.channel=pipe"]]:
                self.assertEqual(self.record(0, *self.SMALL, kind, *words)["digest"], first["digest"])

    def test_what_chance_had_a_part_in_has_no_digest_and_is_not_run_again(self):
        for words in [["--workload.completion=arrival"], ["--mutator.threads=3"]]:
            record = self.record(0, *self.SMALL, *words)
            self.assertIsNone(record["digest"])
            self.assertIn("there is no digest", record["reason"])
            self.says(6, "no other run has to repeat it", "rerun", self.folder / "record.json")

    def test_an_error_of_the_system_is_an_outcome_with_its_reason(self):
        record = self.record(7, *self.SMALL, "--workload.directory=/no/such/place")
        self.assertEqual(record["outcome"], "io_error")
        self.assertIn("/no/such/place: No such file or directory", record["reason"])
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        run = self.ends(7, "run", *self.SMALL, preexec_fn=limit)
        self.assertIn("File too large", run.stdout)

    def test_a_shape_that_cannot_is_refused_with_those_that_can(self):
        self.says(2, "cannot express workload.lifetime=operation", "run", *self.SMALL, "--pin.shape=scoped")

    def test_an_interrupted_transfer_leaves_a_record_that_says_so(self):
        path = self.folder / "record.json"
        process = subprocess.Popen(
            [PINLAB, "run", "--workload=parked_calls", "--workload.operations=100000000", "--nursery.size=1MiB", "--gctrace",
             "--out", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(3):
            process.stderr.readline()  # it transfers, and collects
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=processes.GUARD)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(json.loads(path.read_text())["outcome"], "interrupted")


class Records(Case):
    def setUp(self):
        super().setUp()
        self.schema = json.loads(self.ends(0, "schema").stdout)
        self.validator = jsonschema.Draft202012Validator(self.schema)

    def check(self, record):
        errors = [f"{list(error.absolute_path)}: {error.message[:300]}" for error in self.validator.iter_errors(record)]
        self.assertEqual(errors, [])

    def test_the_schema_is_one_and_is_the_file_in_results(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.assertEqual(self.schema, json.loads((SOURCE / "results/schema/run.schema.json").read_text()))

    def test_records_of_every_plan_and_route_keep_to_the_schema(self):
        for kind, parameter in [("plans", "plan"), ("nursery-routes", "nursery.route"), ("old-routes", "old.route"),
                                ("compact-rules", "compact.rule"), ("gap-reuse", "gap.reuse"), ("spreads", "pin.spread"), ("shapes", "pin.shape")]:
            for row in json.loads(self.ends(0, "list", kind, "--json").stdout):
                with self.subTest(parameter=parameter, name=row["name"]):
                    lifetime = "exp(4MiB)" if "operation" in row.get("expresses", "operation") else "scope"
                    limit = ["--pin.limit=1000000"] if row["name"] == "limited" else []
                    run = pinlab("run", *SMALL, "--pin.share=1%", f"--pin.lifetime={lifetime}", *limit,
                                 f"--{parameter}={row['name']}", "--timeout=100s", "--out", self.folder / "record.json")
                    self.assertIn(run.returncode, [0, 5], run.stderr)
                    record = json.loads((self.folder / "record.json").read_text())
                    # A shape that hides an address from the collector does what it is there to show.
                    self.assertIn(record["outcome"], ["completed", "heap_exhausted", "gc_blocked", "pin_violation"])
                    self.check(record)

    def test_the_shapes_in_the_documentation_are_those_of_the_program(self):
        readme = (SOURCE / "results/README.md").read_text()
        for row in json.loads(self.ends(0, "list", "shapes", "--json").stdout):
            self.assertIn(f"| `{row['name']}` | {row['number']} |", readme)
            self.assertIn(f"| {row['alive_by']} | {row['misuse']} |", readme)

    def test_records_with_maps_and_survival_keep_to_the_schema(self):
        record = self.record(0, *PINNED, "--record.heap_map=all", "--record.survival=true")
        self.assertEqual(len(record["heap_maps"]), len(record["collections"]))
        for one in record["heap_maps"]:
            self.assertEqual(sum(one["bytes"].values()), len(one["cells"]) * one["cell_bytes"])
            for _, site, *_ in one["islands"]:
                self.assertLess(site, len(record["pins"]))
        self.assertTrue(any(one["islands"] for one in record["heap_maps"]))
        self.assertGreater(sum(record["survival"]["live"]), 0)
        self.assertIn("equal", self.ends(0, "rerun", self.folder / "record.json").stdout)

    def test_records_without_collections_hostage_or_digest_keep_to_the_schema(self):
        for option in ["collections=summary", "hostage=false", "digest=none", "digest=heap", "digest=full", "sites=0"]:
            with self.subTest(option=option):
                record = self.record(0, *PINNED, "--record." + option)
                self.check(record)
        self.check(self.record(0, "--heap.max=1GiB", "--workload.slots=10", "--workload.replacements=10"))

    def test_exact_figures_are_integers_and_no_time_is_among_them(self):
        def check(path, value):
            if isinstance(value, dict):
                for key, child in value.items():
                    self.assertNotIn(key, ["timed", "total", "start"], path)
                    check(f"{path}.{key}", child)
            elif isinstance(value, list):
                for child in value:
                    check(path, child)
            else:
                self.assertNotIsInstance(value, float, path)

        record = self.record(0, *PINNED)
        check("summary", record["summary"]["exact"])
        for collection in record["collections"]:
            check("collections", collection["exact"])
        check("pins", record["pins"])

    def test_equal_parameters_give_equal_records_but_for_times(self):
        def exact(record):
            del record["summary"]["timed"], record["environment"]
            for collection in record["collections"]:
                del collection["timed"]
            return json.dumps(record)

        self.assertEqual(exact(self.record(0, *PINNED)), exact(self.record(0, *PINNED)))

    def test_a_record_can_be_run_again_and_a_difference_is_exit_code_4(self):
        path = self.folder / "record.json"
        for kind in ("full", "sampled"):
            record = self.record(0, *PINNED, f"--record.digest={kind}")
            self.assertIn("equal", self.ends(0, "rerun", path).stdout)
            record["parameters"]["record.digest"] = "sampled" if kind == "full" else "full"
            run = self.ends(4, "rerun", self.file("other", json.dumps(record)))
            self.assertRegex(run.stdout, r"(?m)^ +digest\b")
            self.assertRegex(run.stdout, r"(?m)^ +graph_digest\b")
        record = self.record(0, *PINNED)
        record["summary"]["exact"]["moved"] += 1
        run = self.ends(4, "rerun", self.file("other", json.dumps(record)))
        self.assertIn("summary.exact.moved", run.stdout)

    def test_a_record_shows_every_parameter_with_its_default(self):
        parameters = self.record(0, *SMALL)["parameters"]
        known = [row["name"] for row in json.loads(self.ends(0, "list", "parameters", "--json").stdout)]
        self.assertGreaterEqual(set(known), set(parameters))
        base = {name for name in known if not name.startswith("workload.")}
        self.assertGreaterEqual(set(parameters), base)
        self.assertEqual(set(self.schema["properties"]["parameters"]["properties"]), base)
        self.assertEqual(set(self.schema["properties"]["parameters"]["required"]), base)

    def test_every_metric_is_where_it_says(self):
        record = self.record(0, *PINNED)
        for row in json.loads(self.ends(0, "list", "metrics", "--json").stdout):
            with self.subTest(metric=row["name"]):
                value = record
                for key in row["path"].split("."):
                    value = value[key]
                self.assertIsInstance(value, int)

    def test_an_adversary_reports_what_it_forced_in_granules(self):
        record = self.record(0, "--workload=robson", "--plan=mark_sweep", "--workload.m=1024", "--workload.n=64", "--heap.max=1MiB")
        self.check(record)
        self.assertEqual(record["summary"]["exact"]["adversary"],
                         {"m": 1024, "n": 64, "q": 2, "pins": 0, "top": 4033, "bound": 4033})
        self.assertIsNone(self.record(0, *SMALL)["summary"]["exact"]["adversary"])

    def test_explain_ranks_the_sites(self):
        self.record(5, "--workload=heaptrack", f"--workload.trace={SOURCE / 'results/traces/sqlite.raw.zst'}", "--heap.max=8MiB",
                    "--pin.share=2%", "--pin.lifetime=exp(2MiB)")
        record = json.loads((self.folder / "record.json").read_text())
        text = self.ends(0, "explain", self.folder / "record.json").stdout
        lines = text[text.index("heap without"):].splitlines()[1:]
        measured = [site for site in record["pins"] if site["collections"] > 0]
        self.assertGreater(len(measured), 3)
        ranked = sorted(measured, key=lambda site: -site["hostage_byte_time"])
        self.assertEqual([line.split("  ")[-1] for line in lines[:len(ranked)]], [site["name"] for site in ranked])
        self.assertGreater(ranked[0]["hostage_byte_time"], ranked[1]["hostage_byte_time"])
        units = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}
        last = [one for one in record["collections"] if one["kind"] == "full"][-1]["exact"]
        used = last["census"]["after"]["used"]
        for line, site in zip(lines, ranked):
            value, unit = re.search(r"([\d.]+) (B|KiB|MiB)  \S+ #\d+$", line).groups()
            self.assertAlmostEqual(float(value) * units[unit] / (used - site["hostage"]["last"]), 1, delta=0.01)
            if site["oldest"]["collections"] > 0:
                since, unit, age = re.search(r"([\d.]+) (B|KiB|MiB), (\d+) gc ", line).groups()
                self.assertEqual(int(age), site["oldest"]["collections"])
                self.assertAlmostEqual(float(since) * units[unit], site["oldest"]["since"], delta=site["oldest"]["since"] / 100 + 8)
        self.assertEqual(record["summary"]["exact"]["fragmentation"]["amplification"],
                         (last["hostage"] + last["pins"]["bytes"]) * 10**6 // last["pins"]["bytes"])
        whole, unit = re.search(r"without any pin it would be ([\d.]+) (MiB)", text).groups()
        self.assertAlmostEqual(float(whole) * units[unit] / (used - last["hostage"]), 1, delta=0.01)
        self.record(0, *SMALL)
        self.says(6, "nobody is to blame", "explain", self.folder / "record.json")

    def keys_of(self, schema):
        for key, child in schema.get("properties", {}).items():
            yield key
            yield from self.keys_of(child)
        for part in ["items"]:
            if isinstance(schema.get(part), dict):
                yield from self.keys_of(schema[part])
        for child in schema.get("$defs", {}).values():
            yield from self.keys_of(child)

    def test_the_readme_names_every_key_outcome_and_exit_code(self):
        readme = (SOURCE / "results/README.md").read_text()
        for key in sorted(set(self.keys_of(self.schema))):
            self.assertIn(f"`{key}`", readme)
        for outcome in self.schema["properties"]["outcome"]["enum"]:
            self.assertIn(f"`{outcome}`", readme)
        for name in self.schema["properties"]["parameters"]["properties"]:
            self.assertRegex(readme, rf"(?m)^\| `{re.escape(name)}` \|")
        for code in ["0", "1", "2", "3", "4", "5", "6", "7", "130"]:
            self.assertRegex(readme, rf"(?m)^\| {code} \|")

    def test_every_key_of_the_schema_is_described(self):
        def check(path, schema):
            for key, child in schema.get("properties", {}).items():
                self.assertTrue(child.get("description"), f"{path}.{key}")
                check(f"{path}.{key}", child)
                if "properties" in child and path != "":
                    self.assertIs(child.get("additionalProperties"), False, f"{path}.{key}")
            for name, child in schema.get("$defs", {}).items():
                check(name, child)

        check("record", self.schema)


class Lists(Case):
    def names(self, kind):
        return [row["name"] for row in json.loads(self.ends(0, "list", kind, "--json").stdout)]

    def test_what_meson_lists_is_what_the_program_lists(self):
        self.assertEqual(len(MESON_LISTS), 8)
        for kind, words in MESON_LISTS.items():
            self.assertEqual(self.names(kind), words.split(","), kind)

    def test_everything_that_is_listed_is_described(self):
        for kind in ["plans", "nursery-routes", "old-routes", "compact-rules", "gap-reuse", "spreads", "shapes", "workloads", "parameters",
                     "metrics"]:
            plain = self.ends(0, "list", kind).stdout
            for row in json.loads(self.ends(0, "list", kind, "--json").stdout):
                self.assertGreaterEqual(set(row), {"name", "summary"})
                self.assertIn(row["name"], plain)
                text = self.ends(0, "describe", row["name"]).stdout
                self.assertIn(row["name"], text)
                if "number" in row:  # of a shape, in the list that it is taken from
                    self.assertIn(self.ends(0, "describe", row["number"]).stdout, text)

    def test_the_plots_are_the_files_of_their_folder(self):
        files = {path.stem for path in (SOURCE / "scripts/pinlab_plot/kinds").glob("*.py")} - {"__init__"}
        self.assertEqual(set(self.names("plots")), files)

    def test_kinds_without_members_are_empty_lists(self):
        for kind in ["experiments", "mutants"]:
            run = self.ends(0, "list", kind, "--json")
            self.assertEqual(json.loads(run.stdout), [])
            self.assertIn(f"there are no {kind} yet", run.stderr)

    def test_the_environment_is_told_for_people_and_for_programs(self):
        self.assertIn("processor", self.ends(0, "env").stdout)
        self.assertIsInstance(json.loads(self.ends(0, "env", "--json").stdout)["problems"], list)


class Externals(Case):
    def test_a_command_may_be_a_program_of_its_own(self):
        program = self.folder / "pinlab-greet"
        program.write_text('#!/bin/sh\necho "$PINLAB" "$@"\nexit 9\n')
        program.chmod(0o755)
        environment = dict(os.environ, PINLAB_EXEC_PATH=str(self.folder))
        run = self.ends(9, "greet", "a b", "--c=d", env=environment)
        self.assertEqual(run.stdout.strip(), f"{os.path.realpath(PINLAB)} a b --c=d")
        self.assertIn("greet", self.ends(0, env=environment).stdout)
        self.says(2, "did you mean greet?", "gret", env=environment)
        self.says(2, "there is no command", "../greet", env=environment)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
