"""Medians and their bands, with nothing random in them."""

import math
import statistics

LEAST_FOR_INTERVAL = 6  # below, no two order statistics hold the median with 95 %


def median_band(values):
    """(median, low, high): order statistics that hold the median with at least 95 %, from 6 values on; fewer
    than that: least and most."""
    ordered = sorted(values)
    n = len(ordered)
    middle = statistics.median(ordered)
    if n < LEAST_FOR_INTERVAL:
        return middle, ordered[0], ordered[-1]
    tail, rank = 0.0, 0
    for k in range(n // 2):
        tail += math.comb(n, k) / 2**n
        if 2 * tail > 0.05:
            break
        rank = k
    return middle, ordered[rank], ordered[n - 1 - rank]


def band_sentence(counts):
    if not counts or max(counts) == 1:
        return ""
    if min(c for c in counts) >= LEAST_FOR_INTERVAL:
        return "Lines are medians, bands hold them with 95 % (order statistics)."
    if max(counts) < LEAST_FOR_INTERVAL:
        return "Lines are medians, bands from the least to the most."
    return (f"Lines are medians; bands hold them with 95 % (order statistics), and go from the least to the most where "
            f"there are fewer than {LEAST_FOR_INTERVAL} runs.")


def quantile(ordered, share):
    """By nearest rank, as records do."""
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-12) - 1)]
