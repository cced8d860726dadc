#!/usr/bin/python3
"""What pinlab writes for other tools, read by these tools: formats_test.py [PINLAB], or PINLAB in the environment.

go tool pprof, jq, jsonschema, pandas, YAML and benchstat; each test says SKIPPED where its tool is not there.
benchstat is no Debian package: a program of that name in PATH is taken, and with PINLAB_LONG=1 it is built by
`go install golang.org/x/perf/cmd/benchstat@latest`, where that can be had.
"""

import csv
import io
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = SOURCE / "scripts"
PINLAB = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PINLAB", SOURCE / "build" / "harness" / "pinlab"))
os.environ["PINLAB_EXEC_PATH"] = str(SCRIPTS)
os.environ.pop("PINLAB", None)
sys.dont_write_bytecode = True
sys.path.insert(0, str(SCRIPTS))
import pinlab_files  # noqa: E402

WORDS = ["--heap.max=16MiB", "--workload.slots=3000", "--workload.replacements=15000"]


def ends(code, *words, **options):
    run = subprocess.run(list(map(str, words)), capture_output=True, timeout=300, check=False, **options)
    if run.returncode != code:
        raise AssertionError(f"{words} ended with {run.returncode}:\n{run.stdout[-2000:]}\n{run.stderr[-2000:]}")
    return run.stdout.decode()


def needs(tool, package):
    return unittest.skipUnless(shutil.which(tool), f"SKIPPED: there is no {tool} here ({package})")


def needs_module(name, package):
    try:
        __import__(name)
        return lambda test: test
    except ImportError:
        return unittest.skip(f"SKIPPED: /usr/bin/python3 has no {name} (Debian's {package})")


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pinlab_formats_"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.sweep, cls.record, cls.profile = cls.folder / "study", cls.folder / "run.json", cls.folder / "pins.pb.gz"
        ends(0, PINLAB, "sweep", f"--out={cls.sweep}", *WORDS, "--axis=pin.share=0,2%", "--axis=seed=1..2", "--reps=6")
        ends(0, PINLAB, "run", "--heap.max=8MiB", "--workload.slots=8000", "--workload.replacements=60000", "--pin.share=0.1%",
             "--pin.lifetime=forever", f"--out={cls.record}", f"--pprof={cls.profile}")
        cls.run_record = json.loads(cls.record.read_text())
        cls.exact = json.loads((cls.sweep / "exact.json").read_text())["cells"]

    def export(self, kind, *paths):
        return ends(0, PINLAB, "export", f"--format={kind}", *paths)


class Pprof(Case):
    """go tool pprof, in Debian's golang-go."""

    def go(self, *words):
        if not shutil.which("go"):
            self.skipTest("SKIPPED: there is no go here (Debian's golang-go)")
        return ends(0, "go", "tool", "pprof", *words, self.profile)

    def test_top_shows_each_site_with_its_value(self):
        site = self.run_record["pins"][0]
        for index, key in [("pins", "made"), ("bytes", "made_bytes"), ("hostage_byte_time", "hostage_byte_time")]:
            top = self.go("-top", "-unit=bytes", f"-sample_index={index}")
            row = next(line for line in top.splitlines() if line.endswith(site["name"]))
            self.assertEqual(int(re.match(r"\s*(-?\d+)", row)[1]), site[key], top)

    def test_tags_show_the_shape_and_the_age_of_the_oldest_pin(self):
        tags = self.go("-tags", "-sample_index=pins")
        self.assertRegex(tags, r"shape: Total (\d+) of \1 .*\n +\1 \(  100%\): pinner")
        self.assertRegex(tags, r"oldest: Total \d+ of \d+ .*\n +\d+ \(  100%\): \d+")

    def test_raw_shows_three_kinds_of_samples_and_their_locations(self):
        raw = self.go("-raw")
        self.assertIn("pins/count bytes/bytes hostage_byte_time/KiB*KiB[dflt]", raw)
        site = self.run_record["pins"][0]
        self.assertRegex(raw, rf"(?m)^\s*{site['made']}\s+{site['made_bytes']}\s+{site['hostage_byte_time']}: 1")
        self.assertIn("Locations\n", raw)


class Refusals(Case):
    def test_names_that_are_wrong_are_answered_with_the_right_ones(self):
        for words, fragment in [(["--formt=csv", self.sweep], "there is no option --formt; did you mean --format?"),
                                (["--format=cvs", self.sweep], "--format: cvs is none of csv, benchstat, github, bencher, hgrm, trace-events; did you mean csv?"),
                                (["--format=csv", self.sweep, "--frm"], "there is no option --frm"),
                                (["--format=hgrm", self.sweep], f"of one record: name one, as {self.sweep}/cells/*/r1.json"),
                                (["--format=trace-events", self.record, self.record], "of one record: name one")]:
            run = subprocess.run([PINLAB, "export", *map(str, words)], capture_output=True, text=True, timeout=100, check=False)
            self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
            self.assertIn(fragment, run.stderr)


class Jq(Case):
    @needs("jq", "Debian's jq")
    def test_a_record_can_be_asked(self):
        moved = ends(0, "jq", ".summary.exact.moved", self.record)
        self.assertEqual(int(moved), self.run_record["summary"]["exact"]["moved"])

    @needs("jq", "Debian's jq")
    def test_events_are_a_json_value_a_line(self):
        text = ends(0, "jq", "-c", 'select(.t == "rep_end") | [.outcome, .run.exact.moved]', self.sweep / "events.jsonl")
        self.assertEqual(len(text.splitlines()), 24)
        self.assertEqual({json.loads(line)[0] for line in text.splitlines()}, {"completed"})

    @needs("jq", "Debian's jq")
    def test_the_other_json_formats_too(self):
        for kind, path, question in [("github", self.sweep, "map(.value) | length"), ("bencher", self.sweep, "keys | length"),
                                     ("trace-events", self.record, ".traceEvents | length")]:
            (self.folder / "out.json").write_text(self.export(kind, path))
            self.assertGreater(int(ends(0, "jq", question, self.folder / "out.json")), 3)


# What the tools' own types say: `BenchmarkResult` of github-action-benchmark's src/extract.ts, and Bencher's
# metric format.
GITHUB = {"type": "array", "minItems": 1, "items": {
    "type": "object", "required": ["name", "value", "unit"], "additionalProperties": False,
    "properties": {"name": {"type": "string", "minLength": 1}, "value": {"type": "number"}, "unit": {"type": "string", "minLength": 1},
                   "range": {"type": "string"}, "extra": {"type": "string"}}}}
BENCHER = {"type": "object", "minProperties": 1, "additionalProperties": {
    "type": "object", "minProperties": 1, "propertyNames": {"minLength": 1, "maxLength": 64}, "additionalProperties": {
        "type": "object", "required": ["value"], "additionalProperties": False,
        "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")}}}}


class Schemas(Case):
    @needs_module("jsonschema", "python3-jsonschema")
    def test_records_of_a_sweep_keep_to_the_schema(self):
        import jsonschema
        validator = jsonschema.Draft202012Validator(json.loads(ends(0, PINLAB, "schema")))
        for path in [self.record, *self.sweep.glob("cells/*/r1.json")]:
            self.assertEqual([error.message[:200] for error in validator.iter_errors(json.loads(path.read_text()))], [])

    @needs_module("jsonschema", "python3-jsonschema")
    def test_github_action_benchmark_gets_customSmallerIsBetter(self):
        import jsonschema
        rows = json.loads(self.export("github", self.sweep))
        jsonschema.validate(rows, GITHUB)
        self.assertEqual(len({row["name"] for row in rows}), len(rows))
        self.assertIn(self.exact[0]["exact"]["moved"], [row["value"] for row in rows if row["name"].endswith(" moved")])

    @needs_module("jsonschema", "python3-jsonschema")
    def test_bencher_gets_its_metric_format(self):
        import jsonschema
        found = json.loads(self.export("bencher", self.sweep))
        jsonschema.validate(found, BENCHER)
        self.assertEqual(len(found), 4)
        for measures in found.values():
            for value in measures.values():
                self.assertTrue(value["lower_value"] <= value["value"] <= value["upper_value"])


class Benchstat(Case):
    def benchstat(self):
        found = shutil.which("benchstat")
        if found:
            return found
        if os.environ.get("PINLAB_LONG") != "1" or not shutil.which("go"):
            self.skipTest("SKIPPED: there is no benchstat in PATH (PINLAB_LONG=1 builds it with go)")
        run = subprocess.run(["go", "install", "golang.org/x/perf/cmd/benchstat@latest"], capture_output=True, text=True, timeout=280,
                             env={**os.environ, "GOBIN": str(self.folder), "GOFLAGS": "-mod=mod"}, check=False)
        if run.returncode != 0:
            self.skipTest("SKIPPED: benchstat cannot be had: " + run.stderr.strip().splitlines()[-1])
        return self.folder / "benchstat"

    def test_it_reads_exact_figures_as_exact_and_times_with_an_interval(self):
        text = self.folder / "new.txt"
        text.write_text(self.export("benchstat", self.sweep))
        rows = list(csv.reader(io.StringIO(ends(0, self.benchstat(), "-format=csv", text))))
        units = {}
        for row in rows:
            if len(row) >= 3 and row[0] == "" and row[1] not in ("", str(text)) and row[2] == "CI":
                unit = row[1]
            elif len(row) >= 3 and row[0].startswith("Pinlab/"):
                units.setdefault(unit, []).append((float(row[1]), row[2]))
        self.assertEqual(sorted(value for value, _ in units["moved"]), sorted(cell["exact"]["moved"] for cell in self.exact))
        self.assertNotIn("∞", str(units["total"]))  # six runs have an interval
        self.assertEqual(len(units["total"]), 4)
        self.assertEqual({interval for _, interval in units["moved"]}, {"0%"})

    def test_a_change_of_an_exact_figure_shows_as_one(self):
        old, new = self.folder / "old.txt", self.folder / "changed.txt"
        old.write_text(self.export("benchstat", self.sweep))
        new.write_text(re.sub(r"\b(\d+) moved", lambda match: f"{int(match[1]) * 11 // 10} moved", old.read_text()))
        shown = ends(0, self.benchstat(), "-filter=.unit:moved", old, new)
        self.assertEqual(shown.count("+10.00%"), 5, shown)  # four cells and their mean


class TraceEvents(Case):
    """The rules of Perfetto's JSON importer: complete events of a thread nest, counters have numbers."""

    def test_events_nest_on_their_threads(self):
        events = json.loads(self.export("trace-events", self.record))["traceEvents"]
        stacks, last = {}, {}
        for event in events:
            self.assertIn(event["ph"], "XCM")
            self.assertIsInstance(event["pid"], int)
            if event["ph"] == "M":
                self.assertEqual(event["name"], "thread_name")
                continue
            self.assertTrue(event["name"] and math.isfinite(event["ts"]) and event["ts"] >= 0)
            if event["ph"] == "C":
                self.assertTrue(all(isinstance(value, (int, float)) for value in event["args"].values()))
                continue
            self.assertGreaterEqual(event["dur"], 0)
            key = event["pid"], event["tid"]
            self.assertGreaterEqual(event["ts"], last.get(key, 0) - 1e-6)
            last[key] = event["ts"]
            stack = stacks.setdefault(key, [])
            while stack and event["ts"] >= stack[-1] - 1e-3:  # a nanosecond: times are microseconds
                stack.pop()
            self.assertTrue(not stack or event["ts"] + event["dur"] <= stack[-1] + 1e-3, event)
            stack.append(event["ts"] + event["dur"])
        pauses = [event for event in events if event["ph"] == "X" and event["name"] in ("young", "full")]
        self.assertEqual(len(pauses), len(self.run_record["collections"]))


class Runs(unittest.TestCase):
    """pinlab run writes by itself what pinlab export makes of its record."""

    WORDS = ["run", "--heap.max=16MiB", "--workload.slots=8000", "--workload.replacements=60000", "--pin.share=1%"]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pinlab_run_formats_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_the_files_are_those_of_export(self):
        record, trace, table = (self.folder / name for name in ("run.json", "trace.json", "run.csv"))
        ends(0, PINLAB, *self.WORDS, f"--out={record}", f"--trace-events={trace}", f"--csv={table}")
        self.assertEqual(trace.read_text(), ends(0, PINLAB, "export", "--format=trace-events", record))
        self.assertEqual(table.read_text(), ends(0, PINLAB, "export", "--format=csv", record))
        self.assertGreater(len(json.loads(trace.read_text())["traceEvents"]), 10)
        self.assertEqual([path for path in self.folder.iterdir() if ".part" in path.name], [])

    def test_a_run_that_ends_badly_has_them_too(self):
        table = self.folder / "run.csv"
        ends(5, PINLAB, "run", "--heap.max=16MiB", "--workload.slots=100000", f"--csv={table}")
        row = next(csv.DictReader(io.StringIO(table.read_text())))
        self.assertEqual((row["source"], row["outcome"]), ("run", "heap_exhausted"))

    def test_standard_output_has_one_of_them_alone(self):
        rows = list(csv.DictReader(io.StringIO(ends(0, PINLAB, *self.WORDS, "--csv=-"))))
        self.assertEqual([row["outcome"] for row in rows], ["completed"])
        ends(2, PINLAB, *self.WORDS, "--csv=-", "--out=-")

    def test_a_run_without_collections_is_an_empty_trace(self):
        trace = json.loads(ends(0, PINLAB, "run", "--workload.slots=10", "--workload.replacements=10", "--trace-events=-"))
        self.assertEqual({event["ph"] for event in trace["traceEvents"]}, {"M"})

    def test_what_cannot_be_is_said_before_the_run(self):
        table = self.folder / "none" / "run.csv"
        ends(7, PINLAB, "run", "--workload.replacements=100000000000", f"--csv={table}")
        ends(2, PINLAB, "run", "--workload.replacements=100000000000", "--record.collections=summary",
             f"--trace-events={self.folder}/trace.json")
        self.assertEqual(list(self.folder.iterdir()), [])


class Hgrm(Case):
    """The percentile text as HdrHistogram's outputPercentileDistribution writes it."""

    LINE = re.compile(r"^ *(\d+\.\d+) +([01]\.\d{12}) +(\d+)(?: +(\d+\.\d\d))?$")

    def test_what_it_says_can_be_read_back_to_the_pauses(self):
        lines = self.export("hgrm", self.record).splitlines()
        self.assertEqual(lines[0].split(), ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"])
        pauses = sorted(c["timed"]["pause"] / 1e6 for c in self.run_record["collections"])
        before = 0
        rows = [line for line in lines[2:] if not line.startswith("#")]
        for line in rows:
            match = self.LINE.match(line)
            self.assertTrue(match, line)
            count = int(match[3])
            self.assertAlmostEqual(float(match[2]), count / len(pauses), places=9)
            self.assertEqual({round(pause, 6) for pause in pauses[before:count]}, {float(match[1])})
            if match[4] is not None:
                self.assertAlmostEqual(float(match[4]), 1 / (1 - count / len(pauses)), delta=0.01)
            before = count
        self.assertEqual(before, len(pauses))
        self.assertRegex(lines[-3], r"^#\[Mean    = +[\d.]+, StdDeviation   = +[\d.]+\]$")
        self.assertRegex(lines[-2], rf"^#\[Max     = +[\d.]+, Total count    = +{len(pauses)}\]$")


class Pandas(Case):
    @needs_module("pandas", "python3-pandas")
    def test_records_and_sweeps_are_one_frame(self):
        frame = pinlab_files.frame(str(self.sweep), str(self.record))
        self.assertEqual(len(frame), 25)
        self.assertEqual(frame["exact.moved"].dtype.name, "Int64")
        self.assertEqual(frame["rep"].max(), 6)
        shares = frame[frame["source"] == str(self.sweep)].groupby(["pin.share", "seed"])["exact.moved"].agg(["min", "max", "count"])
        self.assertEqual(list(shares["min"]), list(shares["max"]))
        expected = {(cell["axes"]["pin.share"], cell["axes"]["seed"]): cell["exact"]["moved"] for cell in self.exact}
        self.assertEqual({key: int(row["min"]) for key, row in shares.iterrows()}, expected)

    @needs_module("pandas", "python3-pandas")
    def test_what_the_documentation_does_works(self):
        text = (SOURCE / "results" / "README.md").read_text()
        code = re.search(r"```python\n(import pinlab_files .*?)```", text, re.DOTALL)[1]
        lines = code.replace('"study"', repr(str(self.sweep))).replace('"run.json"', repr(str(self.record))).rstrip().splitlines()
        known = {}
        exec("\n".join(lines[:-1]), known)  # pylint: disable=exec-used
        means = eval(lines[-1], known)  # pylint: disable=eval-used
        moved = [cell["exact"]["moved"] for cell in self.exact if cell["axes"]["pin.share"] == "0.02"]
        self.assertEqual(dict(means), {16 << 20: sum(moved) / len(moved)})

    @needs_module("pandas", "python3-pandas")
    def test_parameters_are_numbers_where_all_of_them_are(self):
        frame = pinlab_files.frame(str(self.sweep), str(self.record), numbers=True)
        self.assertEqual(set(frame["heap.max"]), {16 << 20, 8 << 20})
        self.assertEqual(set(frame["pin.share"]), {0, 0.02, 0.001})
        self.assertEqual(set(frame["pin.lifetime"]), {"object", "forever"})
        self.assertEqual(frame["plan"].dtype.name, "string")
        for text, value in [("64B", 64), ("1.5KiB", 1536), ("20ms", 20000000), ("0.01", 0.01), ("1e-06", 1e-6), ("3", 3), ("none", None),
                            ("exp(4MiB)", None), ("1 GiB", None), ("", None), ("-1", None), ("3d", None)]:
            self.assertEqual(pinlab_files.number(text), value)

    @needs_module("pandas", "python3-pandas")
    def test_parts_pairs_and_interrupted_sweeps_are_read_as_they_are(self):
        words = [f"--out={self.folder}/part", *WORDS, "--axis=pin.share=2%,0", "--axis=seed=1..3", "--shard=1/2"]
        ends(0, PINLAB, "sweep", *words)
        part = pinlab_files.frame(f"{self.folder}/part")
        self.assertEqual([tuple(row) for row in part[["pin.share", "seed"]].values], [("0.02", "1"), ("0.02", "3"), ("0", "2")])  # as in the matrix
        events = self.folder / "part" / "events.jsonl"
        lines = events.read_bytes().splitlines(keepends=True)
        events.write_bytes(b"".join(lines[:3]) + lines[3][:40])  # killed as it began the second
        self.assertEqual(len(pinlab_files.rows(f"{self.folder}/part")), 1)
        events.unlink()  # killed before it wrote the first line
        self.assertEqual(pinlab_files.rows(f"{self.folder}/part"), [])
        ends(0, PINLAB, "sweep", f"--out={self.folder}/pair", *WORDS, "--axis=seed=1..2", f"--against={PINLAB}")
        pair = pinlab_files.frame(f"{self.folder}/pair")
        self.assertEqual(list(pair["source"]), [f"{self.folder}/pair/base"] * 2 + [f"{self.folder}/pair/new"] * 2)
        for path, fragment in [(self.sweep / "exact.json", "not 'pinlab/run/1': pinlab run --out writes records, and a sweep is named by its folder"),
                               (self.sweep / "manifest.json", "'pinlab/sweep/1' and not")]:
            with self.assertRaisesRegex(pinlab_files.BadInput, fragment):
                pinlab_files.rows(str(path))
        with self.assertRaisesRegex(pinlab_files.BadInput, "it holds two sweeps: name .*/pair/base or .*/pair/new"):
            pinlab_files.read_sweep(f"{self.folder}/pair")

    @needs_module("pandas", "python3-pandas")
    def test_what_was_not_measured_is_missing_and_never_0(self):
        frame = pinlab_files.frame(str(self.record))
        self.assertTrue(frame["wall_ns"].isna().all())  # a record knows no process
        self.assertTrue(frame["exact.adversary"].isna().all())
        self.assertFalse(frame["exact.moved"].isna().any())


class Workflows(unittest.TestCase):
    """The examples of CI that users copy."""

    @classmethod
    def setUpClass(cls):
        cls.files = {path.stem: path for path in (SCRIPTS / "examples").glob("*.yml")}

    def commands_are_right(self, commands, artifacts):
        for command in commands:
            ends(0, "bash", "-n", "-c", command)
            for script in re.findall(r"\bscripts/[\w-]+", command):
                self.assertTrue(os.access(SOURCE / script, os.X_OK), script)
        self.assertTrue(any(re.fullmatch(r"scripts/ci-gate( --\S+)*", command) for command in commands))
        usage = ends(0, SCRIPTS / "ci-gate", "--help")
        for word in re.findall(r"scripts/ci-gate(.*)", "\n".join(commands)):
            for option in word.split():
                self.assertIn(option.split("=")[0], usage)
        written = {"out/ci-gate/junit.xml", "out/ci-gate/gate.md", "out/ci-gate/sweep/exact.json"}
        self.assertLessEqual(set(artifacts), written)

    @needs_module("yaml", "python3-yaml")
    def test_github_actions(self):
        import yaml
        flow = yaml.safe_load(self.files["github-actions"].read_text())
        self.assertIn("push", flow.get("on", flow.get(True)))  # YAML 1.1 takes the word on for true
        job = flow["jobs"]["gate"]
        self.assertEqual(job["runs-on"], "ubuntu-latest")
        self.assertTrue(all(("uses" in step) != ("run" in step) for step in job["steps"]))
        artifacts = next(step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
        self.commands_are_right([step["run"] for step in job["steps"] if "run" in step], artifacts.split())

    @needs_module("yaml", "python3-yaml")
    def test_gitlab(self):
        import yaml
        job = yaml.safe_load(self.files["gitlab-ci"].read_text())["gate"]
        self.assertEqual(job["image"], "debian:12")
        self.assertEqual(job["artifacts"]["reports"]["junit"], "out/ci-gate/junit.xml")
        self.commands_are_right(job["script"], job["artifacts"]["paths"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
