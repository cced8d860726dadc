"""Records and sweep folders as runs. A figure that a record does not hold is None, or a Failure that names the
record, the key and the flag that would have recorded it; never a number made up."""

import functools
import glob
import json
import os

import pinlab_files

from .failure import Failure

SCHEMA = "pinlab/run/1"
SWEEP_SCHEMA = "pinlab/sweep/1"
UNSEEN = ("record.", "verify")  # parameters that change no figure


def look_up(record, key):
    """The value of a dotted key; KeyError names the longest part that is missing."""
    value, path = record, ""
    for part in key.split("."):
        path = f"{path}.{part}" if path else part
        if not isinstance(value, dict) or part not in value:
            raise KeyError(path)
        value = value[part]
    return value


def size_of(text):
    """Bytes of a size as records write it."""
    number = text.rstrip("BKMGi")
    return int(float(number) * {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}[text[len(number):]])


class Run:
    """One record. Its figures are looked up when a picture asks for them."""

    def __init__(self, name, record):
        self.name = name
        if not isinstance(record, dict) or record.get("schema") != SCHEMA:
            raise Failure(3, f"{name}: no record of schema {SCHEMA}; pinlab run --out writes them")
        self.record = record
        self.outcome = self.key("outcome", str)
        self.parameters = self.key("parameters", dict)
        self.completed = self.outcome == "completed"
        self.program = self.text("workload")

    def lacks(self, what, flag):
        """A Failure: what is missing, and what would have recorded it."""
        return Failure(3, f"{self.name}: {what}: run it {flag}")

    def key(self, key, kind=None):
        try:
            value = look_up(self.record, key)
        except KeyError as missing:
            raise Failure(3, f"{self.name}: the key {missing.args[0]} is missing, which every record of {SCHEMA} has: "
                             "run it again with pinlab run --out") from None
        if kind is not None and not (isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)):
            raise Failure(3, f"{self.name}: a value has the wrong form: {key} is {json.dumps(value)[:40]}")
        return value

    def text(self, parameter):
        if parameter not in self.parameters:
            raise Failure(3, f"{self.name}: the key parameters.{parameter} is missing, which every record of {SCHEMA} "
                             "has: run it again with pinlab run --out")
        return str(self.parameters[parameter])

    def size(self, parameter):
        try:
            return size_of(self.text(parameter))
        except (KeyError, ValueError):
            raise Failure(3, f"{self.name}: a value has the wrong form: {parameter} is {self.text(parameter)}") from None

    def share(self):
        try:
            share = float(self.text("pin.share"))
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise Failure(3, f"{self.name}: a value has the wrong form: pin.share is {self.text('pin.share')}")
        return share

    def exact(self, key):
        """A figure of summary.exact, or None: null, or the run ended before anything could be asked."""
        if self.key("summary") is None:
            return None
        value = self.key("summary.exact." + key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, dict))):
            raise Failure(3, f"{self.name}: a value has the wrong form: summary.exact.{key} is {json.dumps(value)[:40]}")
        return value

    def timed(self, key):
        return None if self.key("summary") is None else self.key("summary.timed." + key)

    @property
    def seed(self):
        return self.text("seed")

    @functools.cached_property
    def collections(self):
        """Every collection; a Failure where they were not kept, an empty list where there was none."""
        kept = self.record.get("collections")
        if kept is None:
            raise Failure(3, f"{self.name}: it holds no collections, only the sums of a sweep: the record is missing there")
        if not kept and self.text("record.collections") != "all":
            raise self.lacks("it holds no collections", "with --record.collections=all")
        return kept

    @functools.cached_property
    def full(self):
        return [one for one in self.collections if one["kind"] == "full"]

    def maps(self):
        """The maps of the heap; a Failure where none were drawn."""
        maps = self.record.get("heap_maps")
        if maps is None:
            raise self.lacks("it holds no maps of the heap", "with --record.heap_map=full, or =all")
        return maps

    def sites(self):
        return self.key("pins", list)

    def configuration(self):
        """Every parameter but the seed and those without influence."""
        return {key: str(value) for key, value in self.parameters.items() if key != "seed" and not key.startswith(UNSEEN)}

    def order(self):
        return (sorted(self.configuration().items()), self.seed.zfill(20), self.name)


def read_json(path):
    with open(path, "rb") as file:
        return json.loads(file.read().decode("utf-8"))


def read_sweep(folder):
    """The runs of a sweep's folder: its records, or, where one is missing, the sums that its events hold."""
    manifest = read_json(os.path.join(folder, "manifest.json"))
    if not isinstance(manifest, dict) or manifest.get("schema") != SWEEP_SCHEMA:
        raise Failure(3, f"{folder}: manifest.json is no manifest of schema {SWEEP_SCHEMA}")
    cells = {cell["cell"]: cell for cell in manifest["cells"]}
    ended = {}
    with open(os.path.join(folder, "events.jsonl"), "rb") as file:
        lines = file.read().split(b"\n")
    for number, line in enumerate(lines):
        try:
            event = json.loads(line.decode("utf-8"))
        except ValueError:
            if number >= len(lines) - 1:
                break  # the last line was cut short
            raise Failure(3, f"{folder}/events.jsonl:{number + 1}: no JSON") from None
        if event.get("t") == "rep_end" and event["cell"] in cells:
            ended[event["cell"], event["rep"]] = event
    runs = []
    for (cell, rep), event in ended.items():
        path = os.path.join(folder, "cells", cell, f"r{rep}.json")
        if os.path.exists(path):
            record = read_json(path)
        else:
            summary = event.get("run")
            summary = {part: summary[part] for part in ("exact", "timed")} if summary and summary.get("exact") else None
            record = {"schema": SCHEMA, "outcome": event["outcome"], "reason": event.get("reason", ""),
                      "parameters": {**manifest["parameters"], **cells[cell]["parameters"]}, "summary": summary,
                      "collections": None, "pins": [], "survival": None, "heap_maps": None}
        runs.append(Run(path, record))
    return runs


def read_one(path):
    if os.path.isdir(path) and os.path.exists(os.path.join(path, "manifest.json")):
        return read_sweep(path)
    arms = pinlab_files.sweeps_in(path)
    if len(arms) > 1:
        raise Failure(3, f"{path}: it holds the sweeps of two programs, which are no repetitions of each other: name {' or '.join(arms)}")
    if os.path.isdir(path):
        raise Failure(3, f"{path}: it is a folder, and no sweep's: there is no manifest.json"
                      + (f"; name the records in it: {path.rstrip('/')}/*.json" if glob.glob(os.path.join(path, "*.json"))
                         else ""))
    return [Run(path, read_json(path))]


def read_runs(paths):
    runs, wrong, code = [], [], 3
    for path in paths:
        try:
            runs += read_one(path)
        except OSError as error:
            wrong.append(f"{path}: {error.strerror}")
            code = 7
        except (ValueError, RecursionError) as error:
            wrong.append(f"{path}: no JSON: {error}")
        except (KeyError, TypeError) as error:
            wrong.append(f"{path}: a value is missing or has the wrong form: {error}")
        except Failure as failure:
            wrong.append(str(failure))
    if wrong:
        more = [f"and {len(wrong) - 8} more records"] if len(wrong) > 8 else []
        raise Failure(code, "\n".join(wrong[:8] + more))
    return sorted(runs, key=Run.order)


def select(runs, conditions):
    """The runs whose parameters are among those asked for: (name, [texts]) each."""
    for name, texts in conditions:
        known = sorted({run.parameters.get(name, "none") for run in runs})
        left = [run for run in runs if str(run.parameters.get(name, "none")) in texts]
        if not left:
            raise Failure(3, f"no record has {name}={','.join(texts)}; there is: " + ", ".join(map(str, known[:12])))
        runs = left
    return runs
