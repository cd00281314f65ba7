"""Units of two networks beside each other, and those that stand alone."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from atlas.relate.matching import Best
from atlas.relate.side_by_side import LayerPair
from atlas.render.kept import Kept, Side
from atlas.render.members import Face, Member

MOST_ALONE, LEAST_ALIKE = 24, 6
"""How many units without a counterpart, and units least like theirs, stand on a page."""


class Couple(NamedTuple):
    """A unit of each network, and the correlation of their responses."""

    first: Face
    second: Face
    correlation: float


class Alone(NamedTuple):
    """A unit, its mean activation, and the unit of the other network that it is most like."""

    face: Face
    mean: float
    nearest: Face
    correlation: float


class Way(NamedTuple):
    """A layer of one network, seen from there to a layer of the other.

    Args:
        member, other: the networks.
        kept: how much of the layer is found.
        total: its units without a counterpart.
        alone: the strongest of them.
        least: of the others those least like their counterpart.
    """

    member: Member
    other: Member
    kept: Kept
    total: int
    alone: list[Alone]
    least: list[Alone]


class Group(NamedTuple):
    """The units of a layer that have no counterpart in all the other network."""

    layer: str
    total: int
    alone: list[Alone]


class WholeWay(NamedTuple):
    """A whole network, seen from there to the other.

    Args:
        member, other: the networks.
        total: units of the one without a counterpart anywhere in the other.
        active: its units that do not answer all images alike.
        limit: the correlation that one in a hundred best matches exceeds by chance.
        groups: the strongest without a counterpart, by layer.
        least: of the others those least like their counterpart.
    """

    member: Member
    other: Member
    total: int
    active: int
    limit: float
    groups: list[Group]
    least: list[Alone]


def mutual(side: Side, pair: LayerPair) -> list[Couple]:
    """The units of two layers that are each other's best match, strongest first."""
    pairs = pair.matching.mutual
    return _couples(side, pair, pairs, pair.matching.forth.correlation[pairs[:, 0]].tolist())


def assigned(side: Side, pair: LayerPair) -> list[Couple]:
    """The units of two layers one to one, strongest first; none where they are not as many."""
    if pair.assigned is None:
        return []
    others, correlations = pair.assigned
    units = np.argsort(-correlations, kind="stable")
    units = units[pair.matching.forth.active[units] & pair.matching.back.active[others[units]]]
    pairs = np.stack([units, others[units]], axis=1)
    return _couples(side, pair, pairs, correlations[units].tolist())


def _couples(
    side: Side, pair: LayerPair, pairs: np.ndarray, correlations: list[float]
) -> list[Couple]:
    return [
        Couple(side.first.face(pair.layer, unit), side.second.face(pair.other, other), correlation)
        for (unit, other), correlation in zip(pairs.tolist(), correlations, strict=True)
    ]


def ways(side: Side, pair: LayerPair) -> list[Way]:
    """Two layers, seen from either side."""
    matching = pair.matching
    return [
        _way(side.first, side.second, pair.layer, pair.other, matching.forth),
        _way(side.second, side.first, pair.other, pair.layer, matching.back),
    ]


def _way(member: Member, other: Member, layer: str, other_layer: str, best: Best) -> Way:
    def shown(unit: int) -> Alone:
        nearest = (other_layer, int(best.counterpart[unit]))
        return _alone(member, layer, unit, other, nearest, float(best.correlation[unit]))

    ranked = [row.unit for row in member.layers[layer].table]
    alone = [unit for unit in ranked if best.only_here[unit]]
    least = [unit for unit in ranked if best.found[unit]]
    least.sort(key=lambda unit: best.correlation[unit])
    return Way(
        member,
        other,
        Kept.of(best),
        len(alone),
        [*map(shown, alone[:MOST_ALONE])],
        [*map(shown, least[:LEAST_ALIKE])],
    )


def whole_ways(side: Side) -> list[WholeWay]:
    """Two networks, seen from either side."""
    found = side.found
    return [
        _whole_way(side.first, side.second, found.layers, found.others, found.whole.forth),
        _whole_way(side.second, side.first, found.others, found.layers, found.whole.back),
    ]


def _whole_way(
    member: Member, other: Member, layers: Mapping[str, int], others: Mapping[str, int], best: Best
) -> WholeWay:
    ours, theirs = _places(layers), _places(others)
    index = {place: row for row, place in enumerate(ours)}

    def shown(row: int) -> Alone:
        nearest = theirs[best.counterpart[row]]
        return _alone(member, *ours[row], other, nearest, float(best.correlation[row]))

    groups = []
    for layer in layers:
        known = member.layers[layer]
        ranked = [index[layer, row.unit] for row in known.table]
        alone = [row for row in ranked if best.only_here[row]]
        if alone:
            groups.append(Group(known.short, len(alone), [*map(shown, alone[:MOST_ALONE])]))
    found = np.flatnonzero(best.found)
    least = found[np.argsort(best.correlation[found], kind="stable")][: 2 * LEAST_ALIKE]
    return WholeWay(
        member,
        other,
        int(best.only_here.sum()),
        int(best.active.sum()),
        best.limit,
        groups,
        [shown(row) for row in least.tolist()],
    )


def _places(layers: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(layer, unit) for layer, units in layers.items() for unit in range(units)]


def _alone(
    member: Member,
    layer: str,
    unit: int,
    other: Member,
    nearest: tuple[str, int],
    correlation: float,
) -> Alone:
    mean = member.statistics[layer, unit].mean
    return Alone(member.face(layer, unit), mean, other.face(*nearest), correlation)
