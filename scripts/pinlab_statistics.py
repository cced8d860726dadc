"""The statistics of pinlab compare, gate and calibrate: whether two samples differ, and by how much.

Ranks and ratios only, since times have heavy tails: the exact Mann-Whitney test (ties counted), Holm's
correction, and the ratio of two samples with the confidence interval that the same test gives
(Hodges and Lehmann). Without scipy, so that a comparison begins at once; scripts/tests/compare_test.py
compares with scipy.
"""

import functools
import math

EXACT_MOST = 20  # samples on a side for which the null distribution is counted out


@functools.lru_cache(maxsize=None)
def _counts(m, n):
    """How many orders of m and n values give each U, without ties."""
    counts = [1]
    for i in range(1, m + 1):  # times (1 - q^(n+i)) / (1 - q^i)
        longer = counts + [0] * (n + i)
        for k in range(len(longer) - 1, n + i - 1, -1):
            longer[k] -= longer[k - n - i]
        for k in range(i, len(longer)):
            longer[k] += longer[k - i]
        counts = longer[:i * n + 1]
    return counts


@functools.lru_cache(maxsize=None)
def _cumulated(m, n):
    total, sums = 0, []
    for count in _counts(m, n):
        total += count
        sums.append(total)
    return sums


def _tied_counts(ranks, m):
    """How many choices of m of these doubled ranks have each sum."""
    ways = [{} for _ in range(m + 1)]
    ways[0][0] = 1
    for index, rank in enumerate(ranks):
        for size in range(min(index, m - 1), -1, -1):
            for total, count in ways[size].items():
                ways[size + 1][total + rank] = ways[size + 1].get(total + rank, 0) + count
    return ways[m]


def _doubled_ranks(values):
    """Twice the mean rank of each value, from 2."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, begin = [0] * len(values), 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for at in order[begin:end]:
            ranks[at] = begin + 1 + end
        begin = end
    return ranks


def mann_whitney(a, b):
    """The two-sided p of the hypothesis that both come from the same distribution."""
    m, n = len(a), len(b)
    ranks = _doubled_ranks(list(a) + list(b))
    doubled = sum(ranks[:m]) - m * (m + 1)  # 2 U of a
    distance = abs(doubled - m * n)  # from its mean, doubled
    if distance == 0:
        return 1.0
    if max(m, n) > EXACT_MOST:
        ties = sum(count ** 3 - count for count in _tie_sizes(ranks))
        size = m + n
        variance = m * n / 12 * (size + 1 - ties / (size * (size - 1)))
        if variance == 0:
            return 1.0
        z = max(distance / 2 - 0.5, 0) / math.sqrt(variance)
        return math.erfc(z / math.sqrt(2))
    if len(set(ranks)) == m + n:
        low = (m * n - distance) // 2
        return min(1.0, 2 * _cumulated(m, n)[low] / math.comb(m + n, m))
    counts = _tied_counts(ranks, m)
    middle = m * (m + n + 1)
    extreme = sum(count for total, count in counts.items() if abs(total - middle) >= distance)
    return min(1.0, extreme / math.comb(m + n, m))


def _tie_sizes(ranks):
    sizes = {}
    for rank in ranks:
        sizes[rank] = sizes.get(rank, 0) + 1
    return sizes.values()


def holm(ps):
    """Each p as it is after Holm's correction for all of them."""
    order = sorted(range(len(ps)), key=ps.__getitem__)
    adjusted, worst = [0.0] * len(ps), 0.0
    for place, at in enumerate(order):
        worst = max(worst, min(1.0, ps[at] * (len(ps) - place)))
        adjusted[at] = worst
    return adjusted


def least_p(m, n):
    """The least p that samples of these sizes can have."""
    return 2 / math.comb(m + n, m)


def ratio(a, b, confidence=0.95):
    """(b by a, low, high): the median of all ratios, and what the Mann-Whitney test does not rule out.
    None where a value is not above 0."""
    if min(a) <= 0 or min(b) <= 0:
        return None
    ratios = sorted(y / x for x in a for y in b)
    count, m, n = len(ratios), len(a), len(b)
    middle = (ratios[(count - 1) // 2] + ratios[count // 2]) / 2
    if max(m, n) <= EXACT_MOST:
        limit = (1 - confidence) / 2 * math.comb(m + n, m)
        skipped = sum(1 for total in _cumulated(m, n) if total <= limit)
    else:
        spread = math.sqrt(m * n * (m + n + 1) / 12)
        z = 1.959963985 if confidence == 0.95 else _normal_quantile((1 + confidence) / 2)
        skipped = int(max(m * n / 2 - z * spread, 0))
    if skipped == 0:
        return middle, 0.0, math.inf
    return middle, ratios[skipped - 1], ratios[count - skipped]


def _normal_quantile(p):
    low, high = -10.0, 10.0
    for _ in range(80):
        middle = (low + high) / 2
        if math.erfc(-middle / math.sqrt(2)) / 2 < p:
            low = middle
        else:
            high = middle
    return low


def _at_most(hits, trials, share):
    """The chance of at most so many hits."""
    if share <= 0 or hits >= trials:
        return 1.0
    if share >= 1:
        return 0.0
    logs = [math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * math.log(share) +
            (trials - k) * math.log1p(-share) for k in range(hits + 1)]
    return min(1.0, sum(map(math.exp, logs)))


def _share_where(holds):
    """The largest share of which `holds` is true, which is so up to there."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def clopper_pearson(hits, trials, confidence=0.95):
    """The exact confidence interval of a share."""
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _share_where(lambda share: 1 - _at_most(hits - 1, trials, share) <= tail)
    high = 1.0 if hits == trials else _share_where(lambda share: _at_most(hits, trials, share) >= tail)
    return low, high
