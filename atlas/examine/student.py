"""The part of Student's t distribution that intervals need."""

import math
from functools import cache


def two_sided(t: float, freedom: int) -> float:
    """How likely |T| is below ``t`` >= 0 for a whole number of degrees of freedom.

    The finite series of Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.
    """
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2 == 1
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 if odd else 1, freedom - 2, 2):
        term *= k / (k + 1) * cosine**2
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


@cache
def quantile(probability: float, freedom: int) -> float:
    """The value that T stays below with a probability of one half or more, found by bisection."""
    low, high = 0.0, 1.0
    while (1 + two_sided(high, freedom)) / 2 < probability:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        below = (1 + two_sided(middle, freedom)) / 2 < probability
        low, high = (middle, high) if below else (low, middle)
    return high
