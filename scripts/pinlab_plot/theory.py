"""The formulas that pictures draw beside what was measured. Sizes in granules where nothing else is said."""

import math


def robson(m, n):
    """Robson 1971: what a program with at most m live, of sizes 1, 2, 4, ... n, forces on a heap that never moves."""
    return m * (math.log2(n) / 2 + 1) - n + 1


def residues(m, q, n):
    """The same by factors of q: forced on a heap that moves everything but what was pinned."""
    return m * (1 + (1 - 1 / q) * math.log(n) / math.log(q)) - n + 1


def comb_lower(m, n, pins):
    return n * (pins + (m - pins) // n) - n + 1


def comb_upper(m, n, pins):
    """No program with so many pins forces more on a heap that slides around them at every allocation."""
    return m + pins * (n - 1)


def island_waste(islands, blocks, largest, granule):
    """Bytes that sliding around islands leaves below the top, at most: each gap that it closes has less room than
    the largest object, and a block's end is an island of no length."""
    return (islands + blocks) * (largest - granule)


def residual(size_sum, square_sum, granule):
    """What sliding objects into a long gap is expected to leave over when it closes: E[S^2] / 2E[S], less half a
    granule (renewal theory)."""
    return square_sum / (2 * size_sum) - granule / 2


def radioactive(age, mean_lifetime):
    """Survival where the old die as fast as the young. By Little's law the mean lifetime, in bytes allocated, is the
    mean of the live bytes."""
    return math.exp(-age / mean_lifetime) if mean_lifetime > 0 else 0.0


def utilisation(pauses, total, window):
    """Minimum mutator utilisation: the least share of any window in [0, total] that is no pause. `pauses` are
    (begin, length) in order, none into another. Exact: the minimum has an edge of the window at an edge of a pause."""
    import bisect
    window = min(window, total)
    if window <= 0:
        return 1.0
    begins = [begin for begin, _ in pauses]
    before = [0]
    for _, length in pauses:
        before.append(before[-1] + length)

    def paused_until(t):
        i = bisect.bisect_right(begins, t)
        if i == 0:
            return 0
        begin, length = pauses[i - 1]
        return before[i - 1] + min(length, t - begin)

    worst = 0
    for begin, length in pauses:
        for start in (begin, begin + length - window):
            start = min(max(start, 0), total - window)
            worst = max(worst, paused_until(start + window) - paused_until(start))
    return 1.0 - worst / window
