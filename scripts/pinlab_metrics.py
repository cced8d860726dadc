"""What pinlab knows of metrics and parameters."""

import json
import shlex
import subprocess

from pinlab_failure import Failure, pinlab


class Metric:
    def __init__(self, name, path, better="neither", unit=""):
        self.name, self.path, self.better, self.unit = name, path, better, unit


class Catalogue:
    """What pinlab knows of metrics and parameters."""

    def __init__(self):
        rows = self.listed("metrics")
        self.by_path = {row["path"].removeprefix("summary."): Metric(row["name"], row["path"].removeprefix("summary."),
                                                                   row["better"], row["unit"]) for row in rows}
        self.defaults = {row["name"]: row["default"] for row in self.listed("parameters")}

    @staticmethod
    def listed(kind):
        done = subprocess.run([pinlab(), "list", kind, "--json"], stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Failure(7, f"{pinlab()} list {kind} failed")
        return json.loads(done.stdout)

    def metric(self, path):
        return self.by_path.get(path) or Metric(path, path)

    def words(self, parameters):
        return [f"--{name}={value}" for name, value in parameters.items() if self.defaults.get(name) != value]

    def command(self, parameters):
        return "pinlab run " + " ".join(map(shlex.quote, self.words(parameters)))
