"""What a unit is related to, as its page shows it: relatives and connections, with their faces."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from atlas.run.folder import Run

RELATED = 6
"""How many relatives of a kind are shown as pictures; all are in the table below them."""

CONNECTED = 5
"""How many connections of a sign are shown."""


class Relative(NamedTuple):
    """A unit, and how its responses correlate with those of another."""

    layer: str
    unit: int
    correlation: float


class Connection(NamedTuple):
    """A unit, or a class, and what it gives to another, or takes.

    ``share`` is of the response of the one that reads; None for a class.
    """

    layer: str
    unit: int
    contribution: float
    share: float | None


@dataclass
class Relations:
    """Of one unit: relatives by kind, connections by source and kind; the largest first."""

    relatives: dict[str, list[Relative]] = field(default_factory=dict)
    connections: dict[tuple[str, str], list[Connection]] = field(default_factory=dict)

    def of_sign(self, source: str, kind: str, sign: int) -> list[Connection]:
        """The first connections that excite (1), or inhibit (-1)."""
        rows = self.connections.get((source, kind), [])
        return [row for row in rows if row.contribution * sign > 0][:CONNECTED]


@dataclass(frozen=True)
class Face:
    """A unit, or a class, beside the one that it is related to.

    Args:
        name: the layer, short, and the unit; or the class.
        value: the correlation, or what it gives, as text.
        image: its small picture; None where it has none.
        side: of that in pixels.
        href: its page, or that of its layer; None for a class.
    """

    name: str
    value: str
    image: str | None = None
    side: int = 0
    href: str | None = None


class Group(NamedTuple):
    """Faces under a title: the first are shown, all are in a table."""

    title: str
    faces: list[Face]


def read_relations(run: Run) -> Mapping[tuple[str, int], Relations]:
    """The relations of every unit that has some; none of a run without the stage ``relate``."""
    found: dict[tuple[str, int], Relations] = {}
    if run.has("relatives.csv"):
        columns = ["layer", "unit", "kind", "other_layer", "other_unit", "correlation"]
        table = run.table("relatives").sort_values(["layer", "unit", "kind", "place"])[columns]
        for layer, unit, kind, other, number, value in table.itertuples(index=False, name=None):
            own = found.setdefault((layer, unit), Relations())
            own.relatives.setdefault(kind, []).append(Relative(other, number, value))
    if run.has("connections.csv"):
        columns = ["layer", "unit", "source", "kind"]
        columns += ["other_layer", "other_unit", "contribution", "share"]
        order = ["layer", "unit", "source", "kind", "place"]
        table = run.table("connections").sort_values(order)[columns]
        for layer, unit, source, kind, *row in table.itertuples(index=False, name=None):
            own = found.setdefault((layer, unit), Relations())
            other, number, contribution, share = row
            known = None if math.isnan(share) else share
            connection = Connection(other, number, contribution, known)
            own.connections.setdefault((source, kind), []).append(connection)
    return found
