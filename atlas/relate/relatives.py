"""Relatives of a unit: those whose responses to the same images correlate most with its own."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from atlas.relate import neighbors
from atlas.relate.correlation import FEWEST_IMAGES, chance, standardized
from atlas.relate.responses import Responses

MOST = 12
"""Relatives of each kind."""

DIGITS = 4
"""Of a correlation: half precision keeps no more, and what is equal but for rounding is a tie."""

BLOCK = 1024
"""Units that are held against a layer at once."""

KINDS = ("same", "before", "after", "any")
COLUMNS = ("layer", "unit", "kind", "place", "other_layer", "other_unit", "correlation")

Row = tuple[str, int, str, int, str, int, float]


class Best(NamedTuple):
    """The most alike to each of R units among some candidates, as RxK tables, the best first."""

    candidates: int
    layers: NDArray[np.str_]
    numbers: NDArray[np.intp]
    correlations: NDArray[np.float64]


@threadpool_limits.wrap(limits=1)  # as sums in several threads round differently
def relatives(
    responses: Responses, units: Mapping[str, Sequence[int]], pools: Mapping[str, str]
) -> pd.DataFrame:
    """The units that are most like each of the given ones, by Pearson's correlation.

    At most ``MOST`` of each kind: of the ``same`` layer, of the nearest one ``before`` and
    ``after``, and of ``any`` layer. A unit is none of its own relatives, nor is its channel before
    or after a pooling; among ``any`` a channel stands for its pooled copies. Listed are those that
    correlate more than the best of as many unrelated units would by ``chance``, ties by depth and
    number. A unit that answers all images alike has no relatives and is nobody's; over fewer than
    ``FEWEST_IMAGES`` images nobody has. Memory grows with images × (``BLOCK`` + the units of a
    layer).

    Args:
        responses: to N images.
        units: by layer, in the order of depth, the numbers of those whose relatives are asked for.
        pools: by layer of the responses the one, also of the responses, whose channels it pools.

    Returns:
        The rows of ``relatives.csv``.
    """
    rows: list[Row] = []
    if len(responses.images) >= FEWEST_IMAGES:
        chosen = [(layer, unit) for layer, own in units.items() for unit in own]
        for first in range(0, len(chosen), BLOCK):
            rows += _of_block(responses, chosen[first : first + BLOCK], pools)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_block(
    responses: Responses, chosen: Sequence[tuple[str, int]], pools: Mapping[str, str]
) -> Iterator[Row]:
    """The rows of some units."""
    layers = list(responses.units)
    own = {layer: [unit for name, unit in chosen if name == layer] for layer, _ in chosen}
    columns = {layer: standardized(responses, layer)[:, numbers] for layer, numbers in own.items()}
    found: dict[str, dict[str, list[Best]]] = {layer: {} for layer in own}
    for other in layers:
        theirs = standardized(responses, other)
        for layer, numbers in own.items():
            kinds = _kinds(layer, other, layers, pools)
            if kinds:
                correlations = columns[layer].T @ theirs
                if neighbors.origin(layer, pools) == neighbors.origin(other, pools):
                    correlations[np.arange(len(numbers)), numbers] = 0  # the same channel
                best = _best(other, correlations)
                for kind in kinds:
                    found[layer].setdefault(kind, []).append(best)
    for layer, numbers in own.items():
        merged = {kind: _merged(found[layer][kind]) for kind in KINDS if kind in found[layer]}
        for row, unit in enumerate(numbers):
            for kind, best in merged.items():
                least = chance(len(responses.images), best.candidates)
                for place, relative in enumerate(_above(best, row, least), start=1):
                    yield layer, unit, kind, place, *relative


def _kinds(layer: str, other: str, layers: Sequence[str], pools: Mapping[str, str]) -> list[str]:
    """As what the units of another layer are relatives of a layer's."""
    places = {
        "same": layer,
        "before": neighbors.before(layer, layers, pools),
        "after": neighbors.after(layer, layers, pools),
    }
    kinds = [kind for kind, place in places.items() if place == other]
    return kinds if other in pools else [*kinds, "any"]


def _best(layer: str, correlations: NDArray[np.float32]) -> Best:
    """Of RxU correlations with the units of a layer."""
    rounded = correlations.astype(np.float64).round(DIGITS)
    numbers = np.argsort(-rounded, axis=1, kind="stable")[:, :MOST]
    return Best(
        candidates=correlations.shape[1],
        layers=np.full(numbers.shape, layer),
        numbers=numbers,
        correlations=np.take_along_axis(rounded, numbers, axis=1),
    )


def _merged(parts: Sequence[Best]) -> Best:
    """The best of several layers."""
    layers, numbers, correlations = (
        np.concatenate([part[field] for part in parts], axis=1) for field in (1, 2, 3)
    )
    order = np.argsort(-correlations, axis=1, kind="stable")[:, :MOST]
    return Best(
        sum(part.candidates for part in parts),
        *(np.take_along_axis(table, order, axis=1) for table in (layers, numbers, correlations)),
    )


def _above(best: Best, row: int, least: float) -> Iterator[tuple[str, int, float]]:
    """Layer, number and correlation of those that correlate with a unit more than ``least``."""
    for layer, number, correlation in zip(*(table[row] for table in best[1:]), strict=True):
        if correlation > least:
            yield str(layer), int(number), float(correlation)
