"""Bootstrap intervals: how far a figure over a few units can be trusted."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from atlas.examine import student

CONFIDENCE = 0.95

FEWEST = 5
"""Units below which no interval is given."""

FEW, DRAWS, DRAWS_OF_FEW = 50, 2_000, 10_000
"""Below FEW units an interval ends far out in the tails, which takes more draws to fill."""

BLOCK = 2**20
"""Values drawn at once."""

Statistic = Callable[..., NDArray[np.float64]]
"""``numpy.mean`` or ``numpy.median``: along ``axis``."""


@dataclass(frozen=True)
class Range:
    """A middle value and its interval; None where there is no value, or no interval."""

    middle: float | None
    low: float | None = None
    high: float | None = None


def estimate(values: Sequence[float], statistic: Statistic = np.mean) -> Range:
    """A statistic of units and its 95 % interval, by the expanded percentile bootstrap over units.

    Efron 1979, "Bootstrap methods: another look at the jackknife": the units are drawn again with
    replacement, and the interval holds the middle of the statistics. Draws are the same each time.
    No interval is given below FEWEST units.
    """
    if not len(values):
        return Range(None)
    sample = np.asarray(values, dtype=float)
    middle, units = float(statistic(sample, axis=0)), len(sample)
    if units < FEWEST:
        return Range(middle)
    generator = np.random.default_rng(0)
    draws = DRAWS_OF_FEW if units < FEW else DRAWS
    rows = max(BLOCK // units, 1)
    resampled = [
        statistic(sample[generator.integers(0, units, (count, units))], axis=1)
        for count in np.diff([*range(0, draws, rows), draws])
    ]
    tail = expanded_tail(units)
    low, high = np.quantile(np.concatenate(resampled), [tail, 1 - tail])
    return Range(middle, float(low), float(high))


def expanded_tail(units: int) -> float:
    """Which part of the resampled statistics to leave out at either end.

    Hesterberg 2015, "What teachers should know about the bootstrap", 3.3: the middle 95 % of them
    is too narrow for a few units, by what Student's t is wider than the normal distribution and by
    what the deviation over n is below that over n - 1. Of ten units, 0.9 % is left out.
    """
    t = student.quantile((1 + CONFIDENCE) / 2, units - 1)
    return NormalDist().cdf(-math.sqrt(units / (units - 1)) * t)
