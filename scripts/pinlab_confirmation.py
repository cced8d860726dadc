"""Alarms that are measured again before they count: pinlab gate --confirm.

A gate at a level of 0.003 still errs now and then, and a machine that had a bad minute errs with it. Each cell in which a
gated time is an alarm is run once more by both programs, interleaved and as often; an alarm counts where the same time is
worse once more, by the same rules, tested together with the other alarms alone.
"""

import copy
import hashlib
import os
import subprocess

import pinlab_comparison as comparison
import pinlab_failure
import pinlab_files
import pinlab_policy
import pinlab_sides


class Sides:
    """What a sweep --against says of its two programs and its runs."""

    def __init__(self, base, new):
        for side in (base, new):
            if not os.path.isdir(side.path):
                raise pinlab_failure.Failure(2, f"--confirm: {side.path} is no folder of pinlab sweep --against")
        self.manifests = [pinlab_files.read_sweep(side.path).manifest for side in (base, new)]
        if base.session is None or base.session != new.session:
            raise pinlab_failure.Failure(2, "--confirm: the two sides are not of one pinlab sweep --against")

    def programs(self):
        return [manifest["program"]["path"] for manifest in self.manifests]

    def measure(self, folder, words):
        """The cell that the words mean once more, in turns."""
        base, new = self.programs()
        command = [new, "sweep", f"--out={folder}", f"--against={base}", f"--reps={self.manifests[1]['reps']}",
                   f"--timeout={self.manifests[1]['limits']['timeout']}ns", *words]
        try:
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        except OSError as error:
            raise pinlab_failure.Failure(7, f"--confirm: {new}: {error.strerror}") from None
        if done.returncode not in (0, 5):
            raise pinlab_failure.Failure(done.returncode, f"--confirm: {folder}: {(done.stderr.strip().splitlines() or ['the sweep failed'])[-1]}")

    def require_same_programs(self, folder):
        for arm, then in zip(("base", "new"), self.manifests):
            now = pinlab_files.read_sweep(os.path.join(folder, arm)).manifest
            if now["program"]["hash"] != then["program"]["hash"]:
                raise pinlab_failure.Failure(6, f"--confirm: {now['program']['path']} is another program than the one that was measured")
            if any(now["environment"][key] != then["environment"][key] for key in pinlab_sides.MACHINE):
                raise pinlab_failure.Failure(6, "--confirm: the sweep was made on another machine than this one")


def alarms_of(result):
    """The times that fail the gate, by cell."""
    alarms = {}
    for row in result.rows:
        if row.gated and row.sampled and row.verdict == comparison.WORSE:
            alarms.setdefault(row.cell, []).append(row)
    return alarms


def confirm(result, folder, measure=None):
    """Measures what alarms again, and takes back those that do not repeat."""
    alarms = alarms_of(result)
    if not alarms:
        return
    sides = Sides(result.base, result.new)
    for rows in alarms.values():
        words = result.catalogue.words(rows[0].parameters)
        again = os.path.join(folder, name_of(words))
        (measure or sides.measure)(again, words)
        sides.require_same_programs(again)
        judge(result, rows, *(pinlab_sides.Side(os.path.join(again, arm)) for arm in ("base", "new")))
        result.notes.append(f"{pinlab_failure.count(len(rows), 'alarm')} of {rows[0].cell} {'was' if len(rows) == 1 else 'were'} measured again in {again}: "
                            f"{sum(row.verdict == comparison.WORSE for row in rows)} confirmed")
    result.conclude()


def name_of(words):
    """Of a cell's folder: the same whatever else alarms, so that a gate asked again finds what it measured."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:12]


def judge(result, rows, base, new):
    """What two more sides, of the cell of these alarms alone, say of them. The rows say so."""
    policy = pinlab_policy.Policy()
    policy.alpha, policy.min_samples, policy.metrics = result.policy.alpha, result.policy.min_samples, []
    for row in rows:
        rule = result.policy.rule(next(metric for metric in result.catalogue.by_path.values() if metric.name == row.metric), "sampled")
        policy.metrics.append({**rule, "name": row.metric})
    alarmed = {row.metric for row in rows}
    second = comparison.Comparison(*(with_times(side, alarmed, result.catalogue) for side in (base, new)), policy, result.noise,
                                   catalogue=result.catalogue)
    if 4 in second.codes:
        raise pinlab_failure.Failure(4, f"--confirm: equal runs of {base.path} differ")
    found = {row.metric: row for row in second.rows if row.metric in alarmed and row.verdict != comparison.MISSING}
    for row in rows:
        if row.metric not in found:
            raise pinlab_failure.Failure(6, f"--confirm: {base.path}: {row.metric} could not be measured again")
        now = found[row.metric]
        if repeats(result, now):
            row.note += f"; confirmed: {now.note}"
        else:
            row.verdict, row.note = comparison.UNCLEAR, f"not confirmed: {now.note}; before: {row.note}"


def with_times(side, names, catalogue):
    """The side without its other times: Holm's correction is over all that are tested, gated or not."""
    cells = []
    for cell in side.cells:
        few = copy.copy(cell)
        few.timed = {path: values for path, values in cell.timed.items() if catalogue.metric(path).name in names}
        cells.append(few)
    return pinlab_sides.Side.drawn(side, cells)


def repeats(result, now):
    """A value of 0, as of utilisation, has no ratio: what the ranks tell apart then, and is worse, repeats."""
    if now.sampled:
        return now.verdict == comparison.WORSE
    metric = next(metric for metric in result.catalogue.by_path.values() if metric.name == now.metric)
    return now.verdict == comparison.UNCLEAR and comparison.direction(metric, now.base, now.new) == comparison.WORSE
