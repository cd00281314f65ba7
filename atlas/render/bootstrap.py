"""Bootstrap intervals: how far a figure over a few units can be trusted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
FEWEST = 5
"""Units below which no interval is given."""

BLOCK = 2**20
"""Draws made at once."""

Statistic = Callable[..., NDArray[np.float64]]
"""``numpy.mean`` or ``numpy.median``: along ``axis``."""


@dataclass(frozen=True)
class Range:
    """A middle value and from where to where; None where there is no value, or no interval."""

    middle: float | None
    low: float | None = None
    high: float | None = None


def estimate(values: Sequence[float], statistic: Statistic = np.mean) -> Range:
    """A statistic of units and its 95 % interval, by the percentile bootstrap over units.

    Efron 1979, "Bootstrap methods: another look at the jackknife": the units are drawn again with
    replacement, and the interval holds the middle 95 % of the statistic. Draws are the same each
    time. No interval is given below FEWEST units.
    """
    if not len(values):
        return Range(None)
    sample = np.asarray(values, dtype=float)
    middle = float(statistic(sample, axis=0))
    if len(sample) < FEWEST:
        return Range(middle)
    generator = np.random.default_rng(0)
    rows = max(BLOCK // len(sample), 1)
    resampled = [
        statistic(sample[generator.integers(0, len(sample), (count, len(sample)))], axis=1)
        for count in np.diff([*range(0, RESAMPLES, rows), RESAMPLES])
    ]
    low, high = np.quantile(np.concatenate(resampled), [0.025, 0.975])
    return Range(middle, float(low), float(high))
