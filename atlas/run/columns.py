"""What a table of a run is described by: its columns, what they mean, and what tells its rows."""

from typing import Literal, NamedTuple

from atlas.rank.places import STRONGEST

Kind = Literal["text", "whole", "number"]

LARGEST = 1e100
"""No number is larger: any two can still be multiplied."""


class Column(NamedTuple):
    """A column: its name, what its values are, what they mean, and their range."""

    name: str
    kind: Kind
    meaning: str
    least: float = -LARGEST
    most: float = LARGEST


class Table(NamedTuple):
    """``NAME.csv``.

    Args:
        purpose: what a row is.
        command: makes it.
        columns: with which it begins.
        key: the columns that tell a row from every other.
        others: what its further columns are, of which nobody knows the names beforehand.
        gaps: whether a number outside the key may be missing, where it is undefined.
    """

    purpose: str
    command: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    others: str | None = None
    gaps: bool = False

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]


LAYER = Column("layer", "text", "name of the layer")
UNIT = Column("unit", "whole", "number of the unit", 0)
RECIPE = Column("recipe", "text", "name of the recipe")
PLACE = Column("place", "whole", "1 is the strongest", 1, STRONGEST)
RESPONSE = Column("mean", "number", "response: the spatial mean")
SAMPLE = Column("sample", "whole", "which of the unit's pictures", 1)

UNIT_KEY = (LAYER.name, UNIT.name)
KEY = (RECIPE.name, LAYER.name, UNIT.name, SAMPLE.name)
"""Which picture a row of the evidence is of."""

RANK, EXAMINE, RELATE = "atlas rank", "atlas examine", "atlas relate"
"""The commands that make tables."""
