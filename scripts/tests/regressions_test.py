#!/usr/bin/python3
"""Whether the gate finds real regressions of the compactor: regressions_test.py [OPTIONS] ROOT

Without options: whether every edit of regressions.py still has its place in the sources. With --build each of
them is built in a scratch copy of the sources, runs the sweep that scripts/ci-gate runs, and is gated against
what the unchanged sources do. A regression that the gate does not find, that does not complete what completed
before, or that the verifier finds, fails the test.

  --build           build and gate
  --matrix=FILE     another matrix than results/reference/quick.matrix.json
  --only=NAMES      some of them, with commas
  --folder=DIR      keep the scratch copy there, and take it from there where it is
  --markdown=FILE   the table of what was found, as in results/benchmarks/experiments.md
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import regressions

OPTIONS = ["--buildtype=plain", "-Doptimization=1", "-Ddebug=false", "-Db_ndebug=false"]
LEFT_OUT = {".git", "out", ".ci"}
VERIFIED = ["--heap.max=8MiB", "--workload.slots=8000", "--workload.replacements=20000", "--pin.share=2%",
            "--pin.lifetime=fixed(1MiB)", "--verify=full"]


class Failed(Exception):
    pass


def ends(words, *codes, **options):
    run = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         timeout=1800, check=False, **options)
    if run.returncode not in codes:
        raise Failed(f"{' '.join(map(str, words))} ended with {run.returncode}:\n{run.stdout[-3000:]}")
    return run.returncode


def edited(root, name, path, edits):
    text = (root / path).read_text()
    for old, new in edits:
        if text.count(old) != 1:
            raise Failed(f"{name}: its text stands {text.count(old)} times in {path}, and not once: the sources have changed, "
                         f"so change scripts/tests/regressions.py with them:\n{old}")
        text = text.replace(old, new)
    return text


def check_table(root):
    names = [name for name, *_ in regressions.REGRESSIONS]
    if len(set(names)) != len(names) or len(names) < 20:
        raise Failed("there are to be twenty regressions, each with a name of its own")
    for name, _, path, edits in regressions.REGRESSIONS:
        edited(root, name, path, edits)


class Scratch:
    """A copy of the sources, and the program that is built from it."""

    def __init__(self, root, folder, matrix):
        self.root, self.tree, self.folder, self.matrix = root, folder / "tree", folder, matrix
        self.build = self.tree / "build"
        self.environment = {**os.environ, "PINLAB_EXEC_PATH": str(root / "scripts")}
        self.base, self.base_out = folder / "pinlab-unchanged", folder / "unchanged"
        if not self.build.exists():
            shutil.copytree(root, self.tree, symlinks=True, ignore=self.ignored)
            ends(["meson", "setup", self.build, self.tree, *OPTIONS], 0)
            self.run("unchanged")

    @staticmethod
    def ignored(path, names):
        return {name for name in names if name in LEFT_OUT or name == "__pycache__" or
                (name.startswith("build") and os.path.isdir(os.path.join(path, name)))}

    def run(self, name):
        """Builds what the tree is now, and runs the sweep: (program, folder)."""
        ends(["ninja", "-C", self.build, "harness/pinlab"], 0)
        program, out = self.folder / f"pinlab-{name}", self.folder / name
        shutil.rmtree(out, ignore_errors=True)
        shutil.copy(self.build / "harness" / "pinlab", program)
        ends([program, "sweep", self.matrix, f"--out={out}", "--jobs=2", "--timeout=300s"], 0, 5, env=self.environment)
        ends([program, "run", *VERIFIED], 0)
        return out

    def judge(self, out):
        """(what the gate says, the cells that changed, the rows that are not equal)."""
        verdict = out / "gate.json"
        code = ends([self.base, "gate", self.base_out / "exact.json", out, f"--json={verdict}"], 0, 1, 4, 6, env=self.environment)
        rows = [row for row in json.loads(verdict.read_text())["rows"] if row["verdict"] != "equal"]
        return code, {row["cell"] for row in rows}, rows


def change(rows, name):
    """The largest change of a figure in any cell."""
    shares = [(row["new"] - row["base"]) / row["base"] for row in rows if row["metric"] == name and row["base"]]
    return f"{max(shares, key=abs):+.2%}" if shares else "="


def row_of(name, summary, code, cells, rows):
    figures = {row["metric"] for row in rows} - {"digest"}
    shown = [change(rows, figure) for figure in ("moved", "pause_work", "used_peak", "hostage")]
    return f"| {name} | {summary} | {'found' if code == 1 else 'NOT FOUND'} | {len(cells)} | {len(figures)} | {' | '.join(shown)} |"


def build_all(root, folder, matrix, only, markdown):
    head = "| regression | what it does | verdict | cells | figures | moved | pause_work | used_peak | hostage |\n|" + "---|" * 9
    lines, wrong = [head], []
    print(head, flush=True)
    scratch = Scratch(root, folder, matrix)
    if not only and scratch.judge(scratch.run("unchanged-again"))[0] != 0:
        wrong.append("the unchanged program does not pass against itself")
    for name, summary, path, edits in regressions.REGRESSIONS:
        if only and name not in only:
            continue
        target = scratch.tree / path
        original = target.read_text()
        target.write_text(edited(scratch.tree, name, path, edits))
        try:
            code, cells, rows = scratch.judge(scratch.run(name))
        except Failed as failure:
            wrong.append(f"{name}: {failure}")
            continue
        finally:
            target.write_text(original)
        lines.append(row_of(name, summary, code, cells, rows))
        print(lines[-1], flush=True)
        if code != 1:
            wrong.append(f"{name}: the gate says {code}")
    if markdown:
        pathlib.Path(markdown).write_text("\n".join(lines) + "\n")
    return wrong


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("root", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--matrix")
    parser.add_argument("--only", type=lambda names: names.split(","))
    parser.add_argument("--folder", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--markdown")
    options = parser.parse_args()
    try:
        check_table(options.root)
        matrix = pathlib.Path(options.matrix or options.root / "results/reference/quick.matrix.json").resolve()
        wrong = []
        if options.build:
            with tempfile.TemporaryDirectory(prefix="pinlab_regressions_") as scratch:
                wrong = build_all(options.root, options.folder or pathlib.Path(scratch), matrix, options.only, options.markdown)
    except Failed as failure:
        wrong = [str(failure)]
    for text in wrong:
        print("regressions:", text, file=sys.stderr)
    count = len(options.only if options.build and options.only else regressions.REGRESSIONS)
    print(f"{count - len(wrong)} of {count} " + ("found" if options.build else "apply"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
