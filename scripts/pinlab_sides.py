"""The two sides of a comparison: sweep folders, records or exact figures as cells, and which cells belong together."""

import os

import pinlab_files
from pinlab_failure import Failure

UNSEEN = ("record.", "verify")  # parameters that change no figure
MACHINE = ("kernel", "processor", "cores", "memory")  # of an environment


class Cell:
    def __init__(self, parameters):
        self.parameters = parameters
        self.outcome = self.exact = self.digest = self.graph_digest = None
        self.broken = False
        self.timed = {}  # path: samples

    def digest_kind(self):
        """What the digests are of: a sample, or all. Before there were samples, it was all."""
        return "sampled" if self.parameters.get("record.digest") == "sampled" else "full"

    def add(self, run):
        leaves = pinlab_files.flatten(run.exact, "exact") if run.exact else None
        if self.outcome is None:
            self.outcome, self.exact = run.outcome, leaves
            self.digest, self.graph_digest = run.digest, run.graph_digest
        elif run.digest is not None and (run.digest, leaves) != (self.digest, self.exact):
            self.broken = True
        if run.outcome == "completed" and run.timed:
            for path, value in pinlab_files.flatten(run.timed, "timed").items():
                if value is not None and path != "timed.pause_work_fit":
                    self.timed.setdefault(path, []).append(value)


class Side:
    """A sweep folder, a record, or an exact.json."""

    def __init__(self, path, cells=None):
        self.path, self.cells, self.axes = path, cells or [], []
        self.session = self.environment = self.jobs = self.program = None
        if cells is None:
            self.read(path)

    @classmethod
    def drawn(cls, side, cells):
        """Other runs of a side: for comparisons of what was drawn from them."""
        drawn = cls(side.path, cells)
        drawn.axes, drawn.session, drawn.environment, drawn.jobs = side.axes, side.session, side.environment, side.jobs
        return drawn

    def read(self, path):
        try:
            if os.path.isdir(path):
                self.take_sweep(pinlab_files.read_sweep(path))
            elif self.schema_of(path) == pinlab_files.EXACT:
                self.take_exact(pinlab_files.read_exact(path))
            else:
                self.take_runs(pinlab_files.runs_of(path))
        except pinlab_files.BadInput as error:
            raise Failure(3, str(error)) from None
        except OSError as error:
            raise Failure(7, f"{error.filename}: {error.strerror}") from None

    @staticmethod
    def schema_of(path):
        value = pinlab_files.loads(pinlab_files.read_text(path), path)
        return value.get("schema") if isinstance(value, dict) else None

    def take_sweep(self, sweep):
        manifest = sweep.manifest
        self.axes = sweep.axes
        self.session, self.program = manifest["session"], manifest["program"]["version"]
        self.jobs = manifest["limits"]["jobs"]
        self.environment = {key: manifest["environment"].get(key) for key in MACHINE}
        cells = {}
        for name, cell in sweep.cells.items():
            cells[name] = Cell(cell["parameters"])
        for run in sweep.runs:
            cells[run.cell].add(run)
        self.cells = list(cells.values())

    def take_exact(self, exact):
        for entry in exact["cells"]:
            cell = Cell(entry["parameters"])
            self.axes = list(dict.fromkeys([*self.axes, *entry["axes"]]))
            cell.outcome, cell.digest, cell.graph_digest = entry["outcome"], entry["digest"], entry["graph_digest"]
            cell.exact = pinlab_files.flatten(entry["exact"], "exact") if entry["exact"] else None
            self.cells.append(cell)

    def take_runs(self, runs):
        cell = Cell(runs[0].parameters)
        for run in runs:
            cell.add(run)
        self.cells = [cell]


class Pairing:
    """The cells of two sides that belong together: equal in every parameter that both sides know."""

    def __init__(self, base, new, ignored=()):
        self.ignored = set(ignored)
        names = [set().union(*(cell.parameters for cell in side.cells)) for side in (base, new)]
        for name in ignored:
            if name not in names[0] | names[1]:
                raise Failure(2, f"--ignore: neither side has a parameter {name}")
        self.one_sided = sorted(name for name in names[0] ^ names[1]
                                if not name.startswith(UNSEEN) and name not in self.ignored)
        self.names = sorted(name for name in names[0] & names[1]
                            if not name.startswith(UNSEEN) and name not in self.ignored)
        left, right = self.keyed(base), self.keyed(new)
        self.pairs = [(left[key], right[key]) for key in left if key in right]
        self.only_base = [left[key] for key in left if key not in right]
        self.only_new = [right[key] for key in right if key not in left]
        self.axes = [name for name in dict.fromkeys([*base.axes, *new.axes]) if name not in self.ignored]

    def keyed(self, side):
        cells = {}
        for cell in side.cells:
            key = tuple(cell.parameters.get(name) for name in self.names)
            if key in cells:
                raise Failure(6, f"{side.path}: two of its cells differ only in what is not compared "
                                 f"({', '.join([*sorted(self.ignored), *self.one_sided]) or 'record.*'})")
            cells[key] = cell
        return cells

    def label(self, cell):
        words = [f"{name}={cell.parameters[name]}" for name in self.axes if name in cell.parameters]
        return " ".join(words) or "the only cell"

    def different_parameters(self):
        """Parameters by which all cells of one side differ from all of the other: why nothing pairs up."""
        found = []
        for name in self.names:
            left = {cell.parameters.get(name) for cell in self.only_base}
            right = {cell.parameters.get(name) for cell in self.only_new}
            if left and right and not left & right:
                found.append(f"{name} is {' or '.join(sorted(map(str, left))[:3])} and "
                             f"{' or '.join(sorted(map(str, right))[:3])}")
        return found
