"""Records and sweeps of pinlab, read strictly: for Python programs and notebooks.

    import pinlab_files
    frame = pinlab_files.frame("study", "run.json")       # a pandas data frame, one row for each run
    frame = pinlab_files.frame("study", numbers=True)      # sizes as bytes, shares as numbers, ...
    rows = pinlab_files.rows("study")                      # the same as dictionaries, without pandas
    record = pinlab_files.read_record("run.json")
    sweep = pinlab_files.read_sweep("study")               # a folder of pinlab sweep

The folder of a sweep may be of a shard, interrupted or still at work: there is a row for each run that has ended. Of a sweep
--against another program, both are read. A row has `source`, `cell`, `rep`, `outcome`, `wall_ns` (of a sweep's process), every parameter by its name, and every figure by its path
in the record (`exact.moved`, `timed.pauses.full.p99`), as results/README.md defines them. Nothing is
read leniently: a key that is there twice, a NaN, a number out of range, a wrong schema raise BadInput,
which names file, line and path.
"""

import json
import math
import os
import re
import zlib

import pinlab_shapes

RUN, SWEEP, EXACT = "pinlab/run/1", "pinlab/sweep/1", "pinlab/exact/1"
MOST_LEVELS = 64


class BadInput(Exception):
    """A file says what cannot be."""


# ---- JSON, strictly --------------------------------------------------------------------------------


class _Bad(Exception):
    pass


def _pairs(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Bad
    return result


def _integer(text):
    value = int(text) if len(text) < 25 else 1 << 65
    if not -(1 << 63) <= value < 1 << 64:
        raise _Bad
    return value


def _number(text):
    value = float(text)
    if not math.isfinite(value):
        raise _Bad
    return value


def _constant(_):
    raise _Bad


def loads(text, name="text", first_line=1):
    """The value of a JSON text. `name` and `first_line` are for messages."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, object_pairs_hook=_pairs, parse_int=_integer, parse_float=_number, parse_constant=_constant)
    except UnicodeDecodeError as error:
        line = first_line + text[:error.start].count(b"\n")
        raise BadInput(f"{name}:{line}: it is no UTF-8") from None
    except (ValueError, RecursionError, _Bad):
        _Scanner(text, name, first_line).explain()
        raise BadInput(f"{name}: it is no JSON") from None


class _Scanner:
    """Reads once more, slowly, to say where it is wrong; and where the value of a path stands."""

    TOKEN = re.compile(r'[ \t\r\n]*(?:([{}\[\],:])|("(?:[^"\\\x00-\x1f]|\\.)*")|(-?[0-9][0-9.eE+-]*)|([A-Za-z]+))')

    def __init__(self, text, name, first_line=1, wanted=None):
        self.text, self.name, self.first_line, self.wanted = text, name, first_line, wanted
        self.at, self.token_at, self.found = 0, 0, None

    def line(self):
        return self.first_line + self.text.count("\n", 0, self.token_at)

    def fail(self, path, what):
        place = f" at {path}" if path else ""
        raise BadInput(f"{self.name}:{self.line()}:{place} {what}")

    def take(self, path):
        match = self.TOKEN.match(self.text, self.at)
        if match is None:
            rest = re.compile(r"[ \t\r\n]*").match(self.text, self.at).end()
            self.token_at = min(rest, len(self.text) - 1)
            self.fail(path, "the text ends here" if rest >= len(self.text) else f"{self.text[rest]!r} is no JSON")
        self.at = match.end()
        self.token_at = match.start(match.lastindex)
        return match.group(match.lastindex), match.lastindex

    def explain(self):
        self.value("", 0)
        if self.text[self.at:].strip():
            self.token_at = self.at
            self.fail("", "there is more behind the value")

    def value(self, path, level):
        token, kind = self.take(path)
        if path == self.wanted and self.found is None:
            self.found = self.line()
        if level > MOST_LEVELS:
            self.fail(path, f"there are more than {MOST_LEVELS} levels of nesting")
        if token == "{":
            self.members(path, level)
        elif token == "[":
            self.elements(path, level)
        elif kind == 1:
            self.fail(path, f"{token!r} is no value")
        elif kind == 3:
            self.number(path, token)
        elif kind == 4 and token not in ("true", "false", "null"):
            self.fail(path, f"{token} is no value of JSON")

    def number(self, path, token):
        try:
            _number(token) if re.search("[.eE]", token) else _integer(token)
            json.loads(token)
        except _Bad:
            self.fail(path, f"the number {token[:40]} is out of range")
        except ValueError:
            self.fail(path, f"{token[:40]} is no number")

    def members(self, path, level):
        keys, first = set(), True
        while True:
            token, kind = self.take(path)
            if token == "}" and first:
                return
            if kind != 2:
                self.fail(path, f"{token!r} is no key")
            key = json.loads(token)
            inside = f"{path}.{key}" if path else key
            if key in keys:
                self.fail(inside, "the key is there twice")
            keys.add(key)
            if self.take(inside)[0] != ":":
                self.fail(inside, "a colon is missing")
            self.value(inside, level + 1)
            first = False
            token, _ = self.take(path)
            if token == "}":
                return
            if token != ",":
                self.fail(path, f"{token!r} where a comma should be")

    def elements(self, path, level):
        before = self.at
        if self.take(path)[0] == "]":
            return
        self.at = before
        index = 0
        while True:
            self.value(f"{path}[{index}]", level + 1)
            index += 1
            token, _ = self.take(path)
            if token == "]":
                return
            if token != ",":
                self.fail(path, f"{token!r} where a comma should be")


def line_of(text, path, name="text", first_line=1):
    """The line on which the value of a path stands."""
    scanner = _Scanner(text, name, first_line, path)
    try:
        scanner.explain()
    except BadInput:
        pass
    return scanner.found or first_line


def read_text(path):
    with open(path, "rb") as file:
        content = file.read()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + content[:error.start].count(b"\n")
        raise BadInput(f"{path}:{line}: it is no UTF-8") from None


# ---- what the schema says of types and ranges ------------------------------------------------------


def _schema():
    path = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "results", "schema", "run.schema.json")
    with open(path, "rb") as file:
        return json.load(file)


class _Rules:
    """The part of JSON Schema that results/schema/run.schema.json is written in, without `required`: a
    record of an earlier program lacks what was added since."""

    TYPES = {"object": dict, "array": list, "string": str, "null": type(None), "boolean": bool}

    def __init__(self):
        self.schema = _schema()

    def part(self, *names):
        rule = self.schema
        for name in names:
            rule = self.resolve(rule)["properties"][name]
        return rule

    def resolve(self, rule):
        while "$ref" in rule:
            here = self.schema
            for name in rule["$ref"].lstrip("#/").split("/"):
                here = here[name]
            rule = {**here, **{k: v for k, v in rule.items() if k != "$ref"}}
        return rule

    def problem(self, rule, value, path):
        """(path, what is wrong), or None."""
        rule = self.resolve(rule)
        for key in ("anyOf", "oneOf"):
            if key in rule:
                problems = [self.problem(choice, value, path) for choice in rule[key]]
                if all(problems):
                    return max(problems, key=lambda problem: len(problem[0]))
        if "const" in rule and value != rule["const"]:
            return path, f"is {value!r} and not {rule['const']!r}"
        if "enum" in rule and value not in rule["enum"]:
            return path, f"is {value!r} and none of {', '.join(map(str, rule['enum']))}"
        if "type" in rule and not self.has_type(rule["type"], value):
            return path, f"is {str(value)[:40]!r} and not of type {rule['type']}"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if value < rule.get("minimum", value) or value > rule.get("maximum", value):
                return path, f"is out of range: {value}"
        if "pattern" in rule and isinstance(value, str) and not re.search(rule["pattern"], value):
            return path, f"is {value!r} and not of the form {rule['pattern']}"
        return self.inner_problem(rule, value, path)

    def inner_problem(self, rule, value, path):
        if isinstance(value, dict):
            properties, patterns = rule.get("properties", {}), rule.get("patternProperties", {})
            for key in rule.get("needs", []):
                if key not in value:
                    return path, f"has no key {key!r}"
            for key, inner in value.items():
                if rule.get("closed") and key not in properties:
                    return f"{path}.{key}" if path else key, f"has no meaning: there is no key {key!r}; there are {', '.join(sorted(properties))}"
                rules = [properties[key]] if key in properties else []
                rules += [other for pattern, other in patterns.items() if re.search(pattern, key)]
                if not rules and isinstance(rule.get("additionalProperties"), dict):
                    rules = [rule["additionalProperties"]]
                for other in rules:
                    problem = self.problem(other, inner, f"{path}.{key}" if path else key)
                    if problem:
                        return problem
        if isinstance(value, list) and isinstance(rule.get("items"), dict):
            for index, inner in enumerate(value):
                problem = self.problem(rule["items"], inner, f"{path}[{index}]")
                if problem:
                    return problem
        return None

    def has_type(self, names, value):
        for name in [names] if isinstance(names, str) else names:
            if name in ("integer", "number"):
                if isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool):
                    return True
            elif isinstance(value, self.TYPES[name]):
                return True
        return False


_rules = None


def rules():
    global _rules
    if _rules is None:
        _rules = _Rules()
    return _rules


def _require_object(value, name, schema, hint):
    found = value.get("schema") if isinstance(value, dict) else None
    if found != schema:
        raise BadInput(f"{name}:1: at schema: it is {found!r} and not {schema!r}: {hint}")


def _check(rule, value, name, text, path="", first_line=1, inside=""):
    """`inside` is the path that leads to `value` in `text`, `path` how it is called."""
    problem = rules().problem(rule, value, inside)
    if problem:
        line = line_of(text, problem[0], name, first_line)
        raise BadInput(f"{name}:{line}: at {problem[0] or 'the top'} it {problem[1]}")


def read_shaped(path, schema, shape, hint):
    """(value, text) of a file that is no record, checked by its shape of pinlab_shapes."""
    text = read_text(path)
    value = loads(text, path)
    _require_object(value, path, schema, hint)
    _check(shape, value, path, text)
    return value, text


# ---- records and sweeps ----------------------------------------------------------------------------


def read_record(path):
    """The record of a run, checked."""
    text = read_text(path)
    record = loads(text, path)
    _require_object(record, path, RUN, "pinlab run --out writes records, and a sweep is named by its folder")
    for key in ("outcome", "parameters", "summary", "environment", "digest"):
        if key not in record:
            raise BadInput(f"{path}:1: at {key}: the key is missing")
    _check(rules().schema, record, path, text)
    return record


class Run:
    """One run: `cell` and `rep`, `outcome`, `parameters`, and its figures (None where it left none)."""

    def __init__(self, source, cell, rep, outcome, parameters, figures, wall_ns=None, reason=""):
        self.source, self.cell, self.rep, self.outcome = source, cell, rep, outcome
        self.parameters, self.wall_ns, self.reason = parameters, wall_ns, reason
        figures = figures or {}
        self.exact, self.timed = figures.get("exact"), figures.get("timed")
        self.digest, self.graph_digest = figures.get("digest"), figures.get("graph_digest")


class Sweep:
    """What a folder holds: `manifest`, `axes` (names), `cells` (id, axes, parameters), `runs`."""

    def __init__(self, path, manifest, cells, runs):
        self.path, self.manifest, self.cells, self.runs = path, manifest, cells, runs
        self.axes = [name for axis in manifest["axes"] for name in axis["names"]]


def _events(path):
    """(line number, event) of each whole line. A last line that was cut short is left out, and before the first there is no file."""
    try:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return
    whole, tail = lines[:-1], lines[-1]
    for number, line in enumerate(whole, 1):
        body, seal = line[:-16], line[-16:]
        if seal != b',"c":"%08x"}' % zlib.crc32(body):
            if number == len(whole) and not tail:
                return
            raise BadInput(f"{path}:{number}: the line is damaged: its CRC is not that of its content")
        event = loads(line, path, number)
        if event.get("n") != number - 1:
            raise BadInput(f"{path}:{number}: at n: it is {event.get('n')}: lines are missing before it")
        yield number, line.decode("utf-8"), event


def sweeps_in(path):
    """The folder itself, or those of two programs that a sweep --against has made in it."""
    arms = [os.path.join(path, arm) for arm in ("base", "new")]
    is_one = os.path.exists(os.path.join(path, "manifest.json"))
    return arms if not is_one and all(os.path.exists(os.path.join(arm, "manifest.json")) for arm in arms) else [path]


def read_sweep(path):
    """A folder of pinlab sweep, checked. Of several ends of one run the last one holds."""
    name = os.path.join(path, "manifest.json")
    if len(sweeps_in(path)) > 1:
        raise BadInput(f"{path}: it holds two sweeps: name {' or '.join(sweeps_in(path))}")
    manifest, _ = read_shaped(name, SWEEP, pinlab_shapes.MANIFEST, "pinlab sweep writes such folders")
    cells = {cell["cell"]: {**cell, "parameters": {**manifest["parameters"], **cell["parameters"]}} for cell in manifest["cells"]}
    exact, timed = rules().part("summary", "exact"), rules().part("summary", "timed")
    runs = {}
    events = os.path.join(path, "events.jsonl")
    for number, text, event in _events(events):
        if event.get("t") != "rep_end":
            continue
        _check(pinlab_shapes.REP_END, event, events, text, first_line=number)
        cell, rep, outcome, figures = cells.get(event["cell"]), event["rep"], event["outcome"], event["run"]
        if cell is None:
            continue  # of a matrix that was here before --extend
        for key, rule in (("exact", exact), ("timed", timed)):
            if figures is not None:
                _check(rule, figures[key], events, text, first_line=number, inside=f"run.{key}")
        runs[cell["cell"], rep] = Run(path, cell["cell"], rep, outcome, cell["parameters"], figures, event.get("wall_ns"),
                                      event.get("reason", ""))
    return Sweep(path, manifest, cells, [runs[key] for key in sorted(runs)])


def read_exact(path):
    """An exact.json of a sweep: a reference. Cells with all their parameters."""
    exact, text = read_shaped(path, EXACT, pinlab_shapes.EXACT, "pinlab sweep derives exact.json")
    rule = rules().part("summary", "exact")
    for index, cell in enumerate(exact["cells"]):
        cell["parameters"] = {**exact["parameters"], **cell["parameters"], **cell["axes"]}
        if cell["exact"] is not None:
            _check(rule, cell["exact"], path, text, inside=f"cells[{index}].exact")
    return exact


def flatten(value, prefix=""):
    """{"exact.moved": 1, ...}: the leaves of nested objects by dotted path."""
    leaves = {}
    for key, inner in (value or {}).items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(inner, dict):
            leaves.update(flatten(inner, path))
        elif not isinstance(inner, list):
            leaves[path] = inner
    return leaves


def runs_of(path):
    """The runs of a sweep folder, in the order of its matrix, or of a record."""
    if os.path.isdir(path):
        sweep = read_sweep(path)
        places = {cell: place for place, cell in enumerate(sweep.cells)}
        return sorted(sweep.runs, key=lambda run: (places[run.cell], run.rep))
    record = read_record(path)
    summary = record["summary"] or {}
    figures = {**summary, "digest": record["digest"], "graph_digest": record.get("graph_digest")}
    return [Run(path, "", 1, record["outcome"], record["parameters"], figures, reason=record.get("reason", ""))]


def rows(*paths):
    """A dictionary for each run of these records and folders."""
    result = []
    for path in (inside for path in paths for inside in sweeps_in(path)):
        for run in runs_of(path):
            row = {"source": path, "cell": run.cell, "rep": run.rep, "outcome": run.outcome, "wall_ns": run.wall_ns, **run.parameters}
            row.update(flatten(run.exact, "exact"))
            row.update(flatten(run.timed, "timed"))
            row["digest"] = run.digest
            result.append(row)
    return result


UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "ns": 1, "us": 10 ** 3, "ms": 10 ** 6, "s": 10 ** 9}
NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?:(" + "|".join(UNITS) + r"))?$")


def number(text):
    """A parameter as a number: bytes, nanoseconds, or what it says; None where it is none, as exp(4MiB) is none."""
    match = NUMBER.match(text)
    if match is None:
        return None
    value = float(match[1]) if re.search("[.e]", match[1]) else int(match[1])
    value *= UNITS.get(match[2], 1)
    return int(value) if match[2] and value == int(value) else value


def frame(*paths, numbers=False):
    """The rows as a pandas data frame (python3-pandas). What was not measured is <NA>, and integers stay integers.
    With `numbers`, parameters that are numbers in every row are numbers (see number())."""
    import pandas
    found = rows(*paths)
    for name in {name for row in found for name, value in row.items() if isinstance(value, str)} if numbers else ():
        values = [number(row[name]) for row in found if name in row and isinstance(row[name], str)]
        if name not in ("source", "cell", "digest") and None not in values:
            for row in found:
                row[name] = number(row[name]) if isinstance(row.get(name), str) else row.get(name)
    return pandas.DataFrame(found).convert_dtypes()
