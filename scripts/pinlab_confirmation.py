"""Alarms that are measured again before they count: pinlab gate --confirm.

A gate at a level of 0.003 still errs now and then, and a machine that had a bad minute errs with it. Each cell in which a
gated time is an alarm is run once more by both programs, interleaved and as often; an alarm counts where the same time is
worse once more, by the same rules, tested together with the other alarms alone.
"""

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


def confirm(result, folder, measure=None):
    """Measures what alarms again, and takes back those that do not repeat."""
    alarms = {}
    for row in result.rows:
        if row.gated and row.sampled and row.verdict == comparison.WORSE:
            alarms.setdefault(row.cell, []).append(row)
    if not alarms:
        return
    sides = Sides(result.base, result.new)
    for number, rows in enumerate(alarms.values(), 1):
        again = os.path.join(folder, str(number))
        (measure or sides.measure)(again, result.catalogue.words(rows[0].parameters))
        sides.require_same_programs(again)
        judge(result, rows, again)
    result.conclude()


def judge(result, rows, folder):
    policy = pinlab_policy.Policy()
    policy.alpha, policy.min_samples, policy.metrics = result.policy.alpha, result.policy.min_samples, []
    for row in rows:
        rule = result.policy.rule(next(metric for metric in result.catalogue.by_path.values() if metric.name == row.metric), "sampled")
        policy.metrics.append({**rule, "name": row.metric})
    second = comparison.Comparison(*(pinlab_sides.Side(os.path.join(folder, arm)) for arm in ("base", "new")), policy, result.noise,
                                   catalogue=result.catalogue)
    if 4 in second.codes:
        raise pinlab_failure.Failure(4, f"--confirm: equal runs of {folder} differ")
    found = {row.metric: row for row in second.rows if row.sampled and row.gated}
    for row in rows:
        if row.metric not in found:
            raise pinlab_failure.Failure(6, f"--confirm: {folder}: {row.metric} could not be measured again")
        now = found[row.metric]
        if now.verdict == comparison.WORSE:
            row.note += f"; confirmed: {now.note}"
        else:
            row.verdict, row.note = comparison.UNCLEAR, f"not confirmed: {now.note}; before: {row.note}"
    result.notes.append(f"{len(rows)} alarms of {rows[0].cell} were measured again in {folder}: "
                        f"{sum(row.verdict == comparison.WORSE for row in rows)} confirmed")
