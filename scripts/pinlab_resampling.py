"""How often the gate is wrong: comparisons of a program with itself, drawn from a large sweep against itself.

Each comparison is made and judged by pinlab_comparison itself, with every time gated. Runs are drawn whole, so
that what is correlated stays so: at random from all runs of a cell, or as windows, the next runs of both sides
as they followed each other, which is what a smaller sweep would have had, drift and all.
"""

import pinlab_comparison as comparison
import pinlab_confirmation as confirmation
import pinlab_failure
import pinlab_policy
import pinlab_sides
import pinlab_statistics


def gated(alpha, samples, floor=None):
    """Every time is gated; `floor`: the least effect, where it is not that of the gate."""
    policy = pinlab_policy.Policy()
    policy.alpha, policy.min_samples = alpha, samples
    policy.metrics = [{"name": "*", "kind": "exact"}, {"name": "*", "kind": "sampled"} | ({} if floor is None else {"min_effect": floor})]
    return policy


def share(hits, trials):
    """With its exact 95 % interval, as pinlab calibrate writes it."""
    low, high = pinlab_statistics.clopper_pearson(hits, trials)
    return {"alarms": hits, "share_95_low": round(low, 6), "share_95_high": round(high, 6)}


def enough(tests, alpha, least=8):
    """The fewest runs on a side with which one of so many times could reach alpha with a tenfold margin."""
    samples = least
    while 10 * tests * pinlab_statistics.least_p(samples, samples) > alpha:
        samples += 1
    return samples


class Resampling:
    """`sides` are those of a sweep --against itself; times that are comparable in every run are kept."""

    def __init__(self, sides, catalogue):
        self.sides, self.catalogue = sides, catalogue
        self.cells = []  # [(cell, {path: [base runs, new runs]})]
        for left, right in pinlab_sides.Pairing(*sides).pairs:
            both = {path: (left.timed[path], right.timed[path]) for path in left.timed
                    if path in catalogue.by_path and catalogue.by_path[path].better != "neither" and path in right.timed}
            runs = max((len(samples[0]) for samples in both.values()), default=0)
            self.cells.append((left, {path: samples for path, samples in both.items()
                                      if len(samples[0]) == len(samples[1]) == runs}))
        self.runs = min((len(samples[0]) for _, times in self.cells for samples in times.values()), default=0)
        self.tests = sum(len(times) for _, times in self.cells)

    def side(self, of, pick, factor=1.0, only=None):
        """A side with the runs that pick(number of the cell) names as (arm, run); `only`: of cells with these parameters."""
        cells = []
        for number, (cell, times) in enumerate(self.cells):
            if only is not None and cell.parameters != only:
                continue
            drawn = pinlab_sides.Cell(cell.parameters)
            drawn.outcome, drawn.exact, drawn.digest, drawn.graph_digest = cell.outcome, cell.exact, cell.digest, cell.graph_digest
            chosen = pick(number)
            drawn.timed = {path: [samples[arm][run] * factor for arm, run in chosen] for path, samples in times.items()}
            cells.append(drawn)
        return pinlab_sides.Side.drawn(self.sides[of], cells)

    def compared(self, picks, policy, noise, factor=1.0):
        result = comparison.Comparison(self.side(0, picks[0]), self.side(1, picks[1], factor), policy, noise,
                                       catalogue=self.catalogue)
        if result.codes and 6 in result.codes:
            raise pinlab_failure.Failure(6, "; ".join(result.notes))
        if any(row.verdict != comparison.EQUAL for row in result.rows if not row.sampled and row.gated):
            raise pinlab_failure.Failure(4, "exact figures of equal programs differ")
        return result

    def finds(self, picks, policy, noise, factor=1.0):
        """Whether a comparison finds a difference of any time: better or worse, either would be said."""
        result = self.compared(picks, policy, noise, factor)
        return any(row.sampled and row.verdict in (comparison.BETTER, comparison.WORSE) for row in result.rows)

    def confirms(self, picks, policy, noise, factor=1.0):
        """Whether pinlab gate would fail for a time that is worse, and whether it still would with --confirm: each cell that
        alarms is measured again, by the third and fourth lot of runs."""
        result = self.compared(picks, policy, noise, factor)
        alarms = confirmation.alarms_of(result)
        for rows in alarms.values():
            only = rows[0].parameters
            confirmation.judge(result, rows, self.side(0, picks[2], 1.0, only), self.side(1, picks[3], factor, only))
        return bool(alarms), any(row.verdict == comparison.WORSE for rows in alarms.values() for row in rows)

    def at_random(self, chance, samples, lots=2):
        """So many lots of runs; no run is in two of them."""
        drawn = [chance.sample([(arm, run) for arm in (0, 1) for run in range(self.runs)], lots * samples) for _ in self.cells]
        return tuple(lambda number, at=lot * samples: drawn[number][at:at + samples] for lot in range(lots))

    def window(self, begin, samples):
        return tuple(lambda number, arm=arm: [(arm, run) for run in range(begin, begin + samples)] for arm in (0, 1))

    def rate(self, comparisons, policy, noise, factor=1.0):
        """How many of these comparisons find a difference."""
        found = [self.finds(picks, policy, noise, factor) for picks in comparisons]
        return {"comparisons": len(found), **share(sum(found), len(found))}

    def confirmed_rate(self, comparisons, policy, noise, factor=1.0):
        """How many of these comparisons fail for a time, and how many still do with --confirm."""
        found = [self.confirms(picks, policy, noise, factor) for picks in comparisons]
        trials = len(found)
        return {"comparisons": trials, **share(sum(first for first, _ in found), trials),
                "confirmed": share(sum(second for _, second in found), trials)}
