"""The data of a comparison, for programs."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from atlas.relate.matching import Best
from atlas.render.kept import Side
from atlas.render.members import Member

MATCHES = ["network", "layer", "unit", "other_network", "other_layer", "other_unit"]


def alignment_csv(sides: Sequence[Side]) -> str:
    """The alignment of every layer of one network with every layer of another."""
    rows = [
        (side.first.name, layer, side.second.name, other, side.found.alignment[row, column])
        for side in sides
        for row, layer in enumerate(side.found.layers)
        for column, other in enumerate(side.found.others)
    ]
    return _csv(rows, ["network", "layer", "other_network", "other_layer", "cka"])


def matches_csv(sides: Sequence[Side]) -> str:
    """Of every unit that answers to the images its best match in the other network."""
    rows = []
    for side in sides:
        found = side.found
        rows += _matches(side.first, found.layers, side.second, found.others, found.whole.forth)
        rows += _matches(side.second, found.others, side.first, found.layers, found.whole.back)
    return _csv(rows, [*MATCHES, "correlation", "beyond_chance"])


def _matches(
    member: Member, layers: Mapping[str, int], other: Member, others: Mapping[str, int], best: Best
) -> Iterator[tuple[object, ...]]:
    theirs = list(_places(others))
    columns = zip(*(x.tolist() for x in (best.counterpart, best.correlation)), best.found,
                  best.active, strict=True)  # fmt: skip
    for place, (counterpart, correlation, found, active) in zip(
        _places(layers), columns, strict=True
    ):
        if active:
            beyond = "yes" if found else "no"
            yield member.name, *place, other.name, *theirs[counterpart], correlation, beyond


def _places(layers: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    return ((layer, unit) for layer, units in layers.items() for unit in range(units))


def _csv(rows: Sequence[tuple[object, ...]], columns: list[str]) -> str:
    table = pd.DataFrame(rows, columns=columns)
    return table.to_csv(index=False, float_format="%.4f", lineterminator="\n")
