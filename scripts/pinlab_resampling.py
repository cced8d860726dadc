"""How often the gate is wrong: comparisons of a program with itself, drawn from a large sweep against itself.

Each comparison is made and judged by pinlab_comparison itself, with every time gated. Runs are drawn whole, so
that what is correlated stays so: at random from all runs of a cell, or as windows, the next runs of both sides
as they followed each other, which is what a smaller sweep would have had, drift and all.
"""

import pinlab_comparison as comparison
import pinlab_failure
import pinlab_policy
import pinlab_sides
import pinlab_statistics


def gated(alpha, samples):
    policy = pinlab_policy.Policy()
    policy.alpha, policy.min_samples = alpha, samples
    policy.metrics = [{"name": "*", "kind": "exact"}, {"name": "*", "kind": "sampled"}]
    return policy


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

    def side(self, of, pick, factor=1.0):
        """A side with the runs that pick(number of the cell) names as (arm, run)."""
        cells = []
        for number, (cell, times) in enumerate(self.cells):
            drawn = pinlab_sides.Cell(cell.parameters)
            drawn.outcome, drawn.exact, drawn.digest, drawn.graph_digest = cell.outcome, cell.exact, cell.digest, cell.graph_digest
            chosen = pick(number)
            drawn.timed = {path: [samples[arm][run] * factor for arm, run in chosen] for path, samples in times.items()}
            cells.append(drawn)
        return pinlab_sides.Side.drawn(self.sides[of], cells)

    def finds(self, picks, policy, noise, factor=1.0):
        """Whether a comparison finds a difference of any time: better or worse, either would be said."""
        result = comparison.Comparison(self.side(0, picks[0]), self.side(1, picks[1], factor), policy, noise,
                                       catalogue=self.catalogue)
        if result.codes and 6 in result.codes:
            raise pinlab_failure.Failure(6, "; ".join(result.notes))
        if any(row.verdict != comparison.EQUAL for row in result.rows if not row.sampled and row.gated):
            raise pinlab_failure.Failure(4, "exact figures of equal programs differ")
        return any(row.sampled and row.verdict in (comparison.BETTER, comparison.WORSE) for row in result.rows)

    def at_random(self, chance, samples):
        drawn = [chance.sample([(arm, run) for arm in (0, 1) for run in range(self.runs)], 2 * samples) for _ in self.cells]
        return (lambda number: drawn[number][:samples]), (lambda number: drawn[number][samples:])

    def window(self, begin, samples):
        return tuple(lambda number, arm=arm: [(arm, run) for run in range(begin, begin + samples)] for arm in (0, 1))

    def rate(self, comparisons, policy, noise, factor=1.0):
        """How many of these comparisons find a difference, as pinlab calibrate writes it."""
        trials = alarms = 0
        for picks in comparisons:
            trials += 1
            alarms += self.finds(picks, policy, noise, factor)
        low, high = pinlab_statistics.clopper_pearson(alarms, trials)
        return {"comparisons": trials, "alarms": alarms, "share_95_low": round(low, 6), "share_95_high": round(high, 6)}
