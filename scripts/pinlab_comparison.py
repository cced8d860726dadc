"""Two sweeps side by side: what is to be said of each figure.

The rules are those of results/README.md, "Comparisons": exact figures exactly; times only where the runs
of both sides were interleaved, by rank tests with Holm's correction, an effect floor and three times the
noise that calibrate found.
"""

import pinlab_statistics
from pinlab_failure import gravest
from pinlab_metrics import Catalogue
from pinlab_policy import Policy, effect
from pinlab_sides import Pairing

EQUAL, BETTER, WORSE, CHANGED = "equal", "better", "worse", "changed"
UNCLEAR, UNMEASURED, MISSING, BROKEN = "inconclusive", "nothing was measured", "incomparable", "not repeatable"


class Row:
    """What is to be said of one figure of one cell."""

    def __init__(self, cell, metric, verdict, base=None, new=None, note="", gated=True, parameters=None,
                 sampled=False):
        self.sampled = sampled
        self.cell, self.metric, self.verdict, self.base, self.new = cell, metric, verdict, base, new
        self.note, self.gated, self.parameters = note, gated, parameters or {}

    def change(self):
        numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (self.base, self.new))
        if not numbers or self.base == 0:
            return ""
        change = (self.new - self.base) / abs(self.base) * 100
        return f"{change:+.3g} %" if abs(change) < 1000 else f"{change:+.0f} %"


def direction(metric, base, new):
    if base == new:
        return EQUAL
    if metric.better == "neither" or not all(isinstance(v, (int, float)) for v in (base, new)):
        return CHANGED
    return BETTER if (new < base) == (metric.better == "lower") else WORSE


class Comparison:
    def __init__(self, base, new, policy, noise=None, ignored=(), catalogue=None, canary=None):
        self.canary = canary
        self.base, self.new, self.policy, self.noise = base, new, policy, noise or {}
        self.catalogue = catalogue or Catalogue()
        self.pairing = Pairing(base, new, ignored)
        self.rows, self.notes, self.codes = [], [], []
        self.compare()

    # Every exact figure of every pair, then all times together: Holm's correction is over all of them.
    def compare(self):
        pairing = self.pairing
        self.policy.refuse_unknown_metrics(self.metric_names())
        self.measured = 0
        for left, right in pairing.pairs:
            self.compare_exact(left, right)
        self.compare_timed()
        for name, cells in ((self.base.path, pairing.only_base), (self.new.path, pairing.only_new)):
            for cell in cells:
                self.rows.append(Row(pairing.label(cell), "cell", MISSING, note=f"only {name} has it",
                                     gated=self.policy.on_missing == "fail", parameters=cell.parameters))
        if pairing.one_sided:
            self.notes.append("only one side knows " + ", ".join(pairing.one_sided))
        if (pairing.only_base or pairing.only_new) and pairing.different_parameters():
            self.notes.append("the sides differ: " + "; ".join(pairing.different_parameters()[:5]) +
                              " (--ignore=NAME leaves a parameter out)")
        self.conclude()

    def metric_names(self):
        paths = {path for side in (self.base, self.new) for cell in side.cells for path in [*(cell.exact or ()), *cell.timed]}
        metrics = [*self.catalogue.by_path.values(), *map(self.catalogue.metric, paths)]
        return {name for metric in metrics for name in (metric.name, metric.path)}

    def add(self, cell, metric, verdict, **more):
        self.rows.append(Row(self.pairing.label(cell), metric, verdict, parameters=cell.parameters, **more))

    def compare_exact(self, left, right):
        if left.broken or right.broken:
            side = self.base if left.broken else self.new
            return self.add(right, "exact", BROKEN, note=f"equal runs of {side.path} differ")
        if left.outcome is None or right.outcome is None:
            side = self.base if left.outcome is None else self.new
            return self.add(right, "outcome", UNMEASURED, base=left.outcome, new=right.outcome,
                            note=f"{side.path} never ran it")
        if left.outcome != right.outcome:
            verdict = WORSE if left.outcome == "completed" else BETTER if right.outcome == "completed" else CHANGED
            return self.add(right, "outcome", verdict, base=left.outcome, new=right.outcome)
        self.add(right, "outcome", EQUAL, base=left.outcome, new=right.outcome)
        if left.exact is None or right.exact is None:
            return self.add(right, "exact", UNMEASURED, note=f"the outcome {left.outcome} leaves no exact figures")
        self.measured += 1
        for path in [*left.exact, *(path for path in right.exact if path not in left.exact)]:
            self.compare_figure(left, right, path)
        if self.policy.metrics is None and None not in (left.digest, right.digest):
            if left.digest_kind() != right.digest_kind():
                return self.add(right, "digest", MISSING, base=left.digest, new=right.digest,
                                note=f"that of {self.base.path} is {left.digest_kind()}, that of {self.new.path} {right.digest_kind()}: "
                                     "run both with one record.digest")
            self.add(right, "digest", EQUAL if left.digest == right.digest else CHANGED, base=left.digest, new=right.digest,
                     note="" if left.digest == right.digest else "something exact differs: single collections or the heap")
            if None not in (left.graph_digest, right.graph_digest) and left.graph_digest != right.graph_digest:
                self.add(right, "graph_digest", CHANGED, base=left.graph_digest, new=right.graph_digest,
                         note="the program left another object graph: it ran another program")

    def compare_figure(self, left, right, path):
        metric = self.catalogue.metric(path)
        rule = self.policy.rule(metric, "exact")
        if path not in left.exact or path not in right.exact:
            side = self.new if path in right.exact else self.base
            self.notes.append(f"only {side.path} has {metric.name}")
            self.notes = list(dict.fromkeys(self.notes))
            return
        base, new = left.exact[path], right.exact[path]
        verdict = direction(metric, base, new)
        if rule is None:
            return self.add(right, metric.name, verdict, base=base, new=new, gated=False)
        gated, note = True, ""
        if verdict != EQUAL and (self.policy.allows(rule, base, new) or (rule.get("allow") == "better" and verdict == BETTER)):
            gated, note = False, "allowed"
        self.add(right, metric.name, verdict, base=base, new=new, gated=gated and not rule.get("advisory", False), note=note)

    def timed_obstacle(self):
        """Why times of these two sides cannot be believed, or nothing."""
        if self.base.session is None or self.base.session != self.new.session:
            return "the runs were not interleaved: pinlab sweep --against does that"
        if self.base.environment != self.new.environment:
            return "they ran on different machines"
        if max(self.base.jobs, self.new.jobs) > 1:
            return "several runs went on at a time"
        return self.canary.verdict() if self.canary else ""

    def compare_timed(self):
        obstacle = self.timed_obstacle()
        tested = []
        for left, right in self.pairing.pairs:
            for path in left.timed:
                metric = self.catalogue.by_path.get(path)
                if metric is None or path not in right.timed or metric.better == "neither":
                    continue
                rule = self.policy.rule(metric, "sampled")
                gated = rule is not None and not rule.get("advisory", False)
                a, b = left.timed[path], right.timed[path]
                few = min(len(a), len(b)) < self.policy.min_samples
                if obstacle or few:
                    if gated:
                        note = obstacle or f"{min(len(a), len(b))} samples, and {self.policy.min_samples} are needed"
                        self.add(right, metric.name, MISSING, note=note)
                    continue
                tested.append((right, metric, rule or {}, gated, a, b))
        if obstacle:
            self.notes.append("times are not compared: " + obstacle)
        ps = [pinlab_statistics.mann_whitney(a, b) for *_, a, b in tested]
        if tested and len(tested) * pinlab_statistics.least_p(len(tested[0][4]), len(tested[0][5])) > self.policy.alpha:
            self.notes.append(f"{len(tested)} times are tested with {len(tested[0][4])} samples on a side: too few for any of "
                              f"them to reach alpha {self.policy.alpha}")
            if any(gated for *_, gated, _, _ in tested):
                self.codes.append(6)
        for (right, metric, rule, gated, a, b), p in zip(tested, pinlab_statistics.holm(ps)):
            self.judge(right, metric, rule, gated, a, b, p)

    def judge(self, right, metric, rule, gated, a, b, p):
        estimate = pinlab_statistics.ratio(a, b)
        base, new = (sorted(values)[len(values) // 2] for values in (a, b))
        if estimate is None:
            return self.add(right, metric.name, EQUAL if p >= self.policy.alpha else UNCLEAR, base=base, new=new, gated=False,
                            note="a value of 0 has no ratio")
        middle, low, high = estimate
        floor = max(effect(rule.get("min_effect", 0.05)), 3 * self.noise.get(metric.name, 0))
        note = f"ratio {middle:.3f} (95 % {low:.3f} to {high:.3f}), p {p:.2g}, floor {floor * 100:.2g} %, n {len(a)}, {len(b)}"
        significant = p < self.policy.alpha
        large = abs(middle - 1) > floor
        if significant and large:
            verdict = BETTER if (middle < 1) == (metric.better == "lower") else WORSE
        else:
            verdict = UNCLEAR if significant or high > 1 + floor or low < 1 - floor else EQUAL
        self.add(right, metric.name, verdict, base=base, new=new, gated=gated, note=note, sampled=True)

    def conclude(self):
        """The code of the rows as they are; once more where rows have changed."""
        self.codes = [code for code in self.codes if code != 1]
        found = {row.verdict for row in self.rows if row.gated}
        if BROKEN in found:
            self.codes.append(4)
        if self.measured == 0 or UNMEASURED in found or MISSING in found:
            self.codes.append(6)
        if self.measured == 0:
            self.notes.append("nothing was measured on both sides")
        moving = [right for _, right in self.pairing.pairs
                  if right.exact and right.parameters.get("plan") not in ("mark_sweep", "no_gc")]
        if moving and all(cell.exact.get("exact.moved") == 0 for cell in moving):
            self.codes.append(6)
            self.notes.append("inert: no collection moved a byte in any cell, so this shows nothing of a moving collector")
        improved = any(row.verdict == BETTER and row.gated and not row.sampled for row in self.rows)
        if found & {WORSE, CHANGED} or improved:  # an exact figure that is better is a reference that is old
            self.codes.append(1)
        self.notes = list(dict.fromkeys(self.notes))
        self.code = gravest(self.codes)

    def findings(self):
        return [row for row in self.rows if row.verdict not in (EQUAL,)]


class Canary(Comparison):
    """Two sweeps of one old build, then and now: what differs is the machine. All their times are tested together, by the
    rules of gated ones, though they were not interleaved: that is what they are for."""

    def __init__(self, then, now, policy, noise=None, catalogue=None):
        every_time = Policy()
        every_time.alpha, every_time.min_samples = policy.alpha, policy.min_samples
        every_time.metrics = [{"name": "*", "kind": "sampled"}]
        super().__init__(then, now, every_time, noise, catalogue=catalogue)

    def timed_obstacle(self):
        if self.base.program is None or self.base.program != self.new.program:
            return f"{self.base.path} and {self.new.path} are not sweeps of one build"
        if self.base.environment != self.new.environment:
            return "the canary ran on different machines"
        if max(self.base.jobs, self.new.jobs) > 1:
            return "several runs of the canary went on at a time"
        return ""

    def verdict(self):
        """Why nothing that ran beside it can be believed, or nothing."""
        moved = [row for row in self.rows if row.sampled and row.verdict in (BETTER, WORSE)]
        if moved:
            row = max(moved, key=lambda row: abs(row.new - row.base) / row.base)
            return f"the machine moved: {row.metric} of the canary, {row.cell}, by {row.change()} ({row.note})"
        if 6 in self.codes or not any(row.sampled for row in self.rows):
            why = self.timed_obstacle() or next((row.note for row in self.rows if row.verdict == MISSING), "") or "; ".join(self.notes)
            return f"the canary does not say whether the machine moved: {why}"
        return ""
