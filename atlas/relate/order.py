"""The wall: in which order the units of each layer stand, so that what is alike stands together.

A height in 0..1 is sought for every unit, evenly spaced within its layer, such that likeness counts
most where heights are close: the sum over pairs of units, in one layer or in neighboring ones, of
their correlation times a Gaussian of the difference of their heights. It starts from the first
principal component, which is a spectral order, and goes on layer by layer: with all others held
where they are, the places of a layer's units are a linear assignment, solved exactly. The Gaussian
is narrowed as the places settle.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

SPREADS = (0.3, 0.2, 0.1, 0.05, 0.03)
"""Deviations of the Gaussian, as parts of the wall; never less than one place."""

OWN_LAYER = 0.5
"""Weight of likeness within the layer; that to each of its neighbors weighs 1."""

Heights = list[NDArray[np.float64]]
"""Of each layer the heights of its units."""


def heights(layers: Sequence[NDArray[np.float32]], start: Sequence[NDArray[np.float64]]) -> Heights:
    """The heights of the units of each layer: (k + ½)/U, each once, for the k-th from the top.

    Memory grows with the pairs of units in a layer and its neighbors.

    Args:
        layers: NxU standardized responses of each layer, in the order of depth.
        start: of each layer a number for each unit, by which they first stand.
    """
    found = [_spaced(values) for values in start]
    likeness = _likeness(layers)
    down = range(len(layers))
    for spread in SPREADS:
        for layer in (*down, *reversed(down)):
            found[layer] = _reordered(layer, found, likeness, spread)
    return found


def _spaced(values: NDArray[np.floating | np.integer]) -> NDArray[np.float64]:
    """Heights in the order of some numbers, equal ones as they come."""
    ranks = np.argsort(np.argsort(values, kind="stable"))
    return (ranks + 0.5) / len(values)


def _likeness(layers: Sequence[NDArray[np.float32]]) -> dict[tuple[int, int], NDArray[np.float32]]:
    """The correlations of units of the same and of neighboring layers; none with itself."""
    found = {}
    for here, columns in enumerate(layers):
        found[here, here] = columns.T @ columns
        np.fill_diagonal(found[here, here], 0)
        if here:
            found[here, here - 1] = columns.T @ layers[here - 1]
            found[here - 1, here] = found[here, here - 1].T
    return found


def _reordered(
    layer: int,
    heights: Heights,
    likeness: dict[tuple[int, int], NDArray[np.float32]],
    spread: float,
) -> NDArray[np.float64]:
    """The heights of a layer's units that suit all others best where they are."""
    count = len(heights[layer])
    places = _spaced(np.arange(count))
    spread = max(spread, 1 / count)
    gain = np.zeros((count, count))
    for other in (layer - 1, layer, layer + 1):
        if (layer, other) in likeness:
            difference = heights[other][:, None] - places
            closeness = np.exp(-((difference / spread) ** 2) / 2).astype(np.float32)
            weight = (OWN_LAYER if other == layer else 1) / len(difference)
            gain += weight * (likeness[layer, other] @ closeness)
    _, chosen = linear_sum_assignment(gain, maximize=True)
    return places[chosen]
