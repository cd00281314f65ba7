"""Which units of two layers, or of two networks, answer to the same images alike.

Li, Yosinski, Clune, Lipson and Hopcroft 2016, "Convergent Learning: Do different neural networks
learn the same representations?", section 3: every unit's best match by correlation, and the
one-to-one assignment that maximizes the sum of correlations.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

BLOCK = 512
"""Units whose correlations with all others are in memory at once."""

BEYOND_CHANCE = 0.99
"""Which part of the best matches that come about by chance lies below the limit."""

BY_CHANCE = 1000
"""Best matches by chance from which the limit is estimated, at least."""

MOST_ASSIGNED = 2048
"""Units up to which an assignment is made: it takes seconds, and time grows with the cube."""


@dataclass(frozen=True)
class Best:
    """Of each of U units the one of V others that correlates with it most.

    Args:
        counterpart: U numbers of the others, the lowest of equals.
        correlation: U values in -1..1; 0 for a unit that answers all images alike.
        active: which of the U units do not answer all images alike.
        limit: the correlation that one in a hundred best matches exceeds by chance.
    """

    counterpart: NDArray[np.int64]
    correlation: NDArray[np.float32]
    active: NDArray[np.bool_]
    limit: float

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which of the U units have a counterpart: a match better than chance."""
        return self.active & (self.correlation > self.limit)

    @property
    def only_here(self) -> NDArray[np.bool_]:
        """Which of the U units have none, although they do not answer all images alike."""
        return self.active & ~self.found


@dataclass(frozen=True)
class Matching:
    """Best matches both ways: of U units among V others, and of these among the U."""

    forth: Best
    back: Best

    @property
    def mutual(self) -> NDArray[np.int64]:
        """Px2: units that are each other's best match, better than chance, strongest first."""
        units = np.arange(len(self.forth.counterpart))
        others = self.forth.counterpart
        both = self.forth.found & self.back.found[others]
        both &= self.back.counterpart[others] == units
        pairs = np.stack([units, others], axis=1)[both]
        return pairs[np.argsort(-self.forth.correlation[both], kind="stable")]


def match(a: NDArray[np.float32], b: NDArray[np.float32], name: str) -> Matching:
    """Match units by the correlation of their responses to the same images.

    What is no better than chance is told by shuffling the images of one side: the best matches
    that are left then are between units that have nothing in common. Their quantile
    ``BEYOND_CHANCE`` is the limit, each way by itself, as it rises with the units there are to
    choose from. Memory grows with N x (U + V) and ``BLOCK`` x V.

    Args:
        a, b: NxU and NxV, columns of mean 0 and norm 1, or of zeros.
        name: from which the shuffles are drawn.
    """
    forth, back = _best(a, b)
    limits = _by_chance(a, b, name)
    active = (_active(a), _active(b))
    return Matching(Best(*forth, active[0], limits[0]), Best(*back, active[1], limits[1]))


def one_to_one(
    a: NDArray[np.float32], b: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give each of U units another of as many, so that the sum of correlations is the highest.

    Args:
        a, b: NxU, as for ``match``.

    Returns:
        The number of each unit's other, and the correlation with it. Silent units get what is left.
    """
    correlations = _products(a, b)
    units, others = linear_sum_assignment(correlations, maximize=True)
    return others, correlations[units, others]


Sided = tuple[NDArray[np.int64], NDArray[np.float32]]


def _best(a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[Sided, Sided]:
    """The best match of each column of one among the columns of the other, both ways."""
    counterpart = np.zeros(a.shape[1], np.int64)
    correlation = np.zeros(a.shape[1], np.float32)
    back = np.zeros(b.shape[1], np.int64)
    highest = np.full(b.shape[1], -np.inf, np.float32)
    for first in range(0, a.shape[1], BLOCK):
        block = _products(a[:, first : first + BLOCK], b)
        rows = slice(first, first + len(block))
        counterpart[rows], correlation[rows] = block.argmax(axis=1), block.max(axis=1)
        among, high = block.argmax(axis=0), block.max(axis=0)
        better = high > highest
        back[better], highest[better] = among[better] + first, high[better]
    return (counterpart, correlation), (back, highest)


def _products(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(a.T @ b, -1, 1)


def _by_chance(a: NDArray[np.float32], b: NDArray[np.float32], name: str) -> tuple[float, float]:
    """The limit for either side; 1 where a side has no active unit."""
    found: tuple[list[NDArray[np.float32]], ...] = ([], [])
    for time in range(math.ceil(BY_CHANCE / min(a.shape[1], b.shape[1]))):
        order = _shuffled(f"{name} {time}", len(a))
        forth, back = _best(a[order], b) if a.shape[1] < b.shape[1] else _best(a, b[order])
        found[0].append(forth[1][_active(a)])
        found[1].append(back[1][_active(b)])
    pooled = [np.concatenate(each) for each in found]
    forth, back = (float(np.quantile(x, BEYOND_CHANCE)) if len(x) else 1.0 for x in pooled)
    return forth, back


def _shuffled(name: str, count: int) -> NDArray[np.int64]:
    """An order that depends on the name alone."""
    bits = np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest()))
    return bits.random_raw(count).argsort(kind="stable")


def _active(columns: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(columns.any(axis=0))
