"""The units of every layer that answer most like a given one: a feature followed through depth."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from atlas.relate.correlation import FEWEST_IMAGES, chance, standardized
from atlas.relate.responses import Responses

MOST = 3
"""Units of a layer that are named for each unit of another."""

DIGITS = 2
"""Of a correlation, as a page prints it; what is equal in these is a tie."""


class Alike(NamedTuple):
    """A unit of one layer, and one of another that answers like it."""

    layer: str
    unit: int
    other_layer: str
    other_unit: int
    correlation: float


@threadpool_limits.wrap(limits=1)  # as sums in several threads round differently
def across(
    responses: Responses,
    units: Mapping[str, Sequence[int]],
    candidates: Mapping[str, Sequence[int]],
) -> list[Alike]:
    """For each unit, those of each other layer whose responses correlate most with its own.

    At most ``MOST`` a layer, the best first, ties by the order of the candidates. Listed are those
    that correlate more than the best of as many unrelated units would by ``chance``. Over fewer
    than ``FEWEST_IMAGES`` images there are none.

    Args:
        responses: to N images.
        units: by layer the numbers of those that are followed.
        candidates: by layer the numbers of those that they are held against.
    """
    if len(responses.images) < FEWEST_IMAGES:
        return []
    columns = {layer: standardized(responses, layer)[:, own] for layer, own in units.items() if own}
    found = []
    for other, numbers in candidates.items():
        if not numbers:
            continue
        theirs = standardized(responses, other)[:, numbers]
        least = chance(len(responses.images), len(numbers))
        for layer, own in columns.items():
            if layer != other:
                correlations = (own.T @ theirs).astype(np.float64).round(DIGITS)
                for unit, row in zip(units[layer], correlations, strict=True):
                    found += [
                        Alike(layer, unit, other, numbers[place], value)
                        for place, value in _above(row, least)
                    ]
    return found


def _above(row: np.ndarray, least: float) -> Iterator[tuple[int, float]]:
    """Places and values of the largest that are above a limit."""
    for place in np.argsort(-row, kind="stable")[:MOST].tolist():
        if row[place] > least:
            yield place, float(row[place])
