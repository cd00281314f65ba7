"""The tables of a run: which columns each has, and what they mean.

Readers, writers and the checks of damage go by these descriptions, and so does
``docs/run-folder.md``.
"""

from collections.abc import Hashable
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

from msgspec import Meta, Struct

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

DISTURBANCES = ("shift", "blur", "jpeg", "rescale")
"""What a picture is put through to see how much of the activation is left."""

Measured = float | None
Magnitude = Annotated[float, Meta(ge=0)] | None
Cosine = Annotated[float, Meta(ge=-1, le=1)] | None
Rank = Annotated[int, Meta(ge=1)] | None


class Evidence(Struct, kw_only=True):
    """What a finished picture does to the network; None where undefined."""

    mean: Annotated[
        Measured, Meta(description="spatial mean of the unit on the published picture")
    ] = None
    rms: Annotated[Magnitude, Meta(description="root mean square over positions there")] = None
    gain_mean: Annotated[
        Measured, Meta(description="mean over that on the strongest probe image")
    ] = None
    gain_rms: Annotated[
        Magnitude, Meta(description="RMS over that on the strongest probe image")
    ] = None
    z: Annotated[Measured, Meta(description="mean in standard deviations over the probe set")] = (
        None
    )
    standing: Annotated[Rank, Meta(description="rank of z among the units of the layer")] = None
    shift: Annotated[
        Magnitude, Meta(description="fraction of the RMS left after a shift of 8 pixels")
    ] = None
    blur: Annotated[Magnitude, Meta(description="fraction left after a Gaussian of 1 pixel")] = None
    jpeg: Annotated[Magnitude, Meta(description="fraction left after JPEG at quality 50")] = None
    rescale: Annotated[
        Magnitude, Meta(description="fraction left at 0.9 and 1.1 times the size")
    ] = None
    slope: Annotated[Measured, Meta(description="of log power over log spatial frequency")] = None
    alike: Annotated[
        Cosine, Meta(description="cosine between the layer's responses to the samples")
    ] = None

    @property
    def robustness(self) -> float | None:
        """Mean of what is left after each disturbance; None where one is unknown."""
        left = [getattr(self, name) for name in DISTURBANCES]
        known = [value for value in left if value is not None]
        return sum(known) / len(known) if len(known) == len(left) else None


EVIDENCE = list(Evidence.__struct_fields__)
"""What is measured of a picture, in the order of the table."""


def _column(name: str, hint: Any) -> Column:
    """The column of a field of the evidence."""
    value, _ = get_args(hint.__origin__)
    kind = "whole" if getattr(value, "__origin__", value) is int else "number"
    (bounds,) = getattr(value, "__metadata__", (Meta(),))
    least, most = (-LARGEST if bounds.ge is None else bounds.ge, bounds.le or LARGEST)
    return Column(name, kind, hint.__metadata__[0].description, least, most)


EVIDENCE_COLUMNS = [
    _column(name, hint) for name, hint in get_type_hints(Evidence, include_extras=True).items()
]

RANK, EXAMINE = "atlas rank", "atlas examine"

TABLES = {
    "probe": Table(
        "an image of the probe set",
        RANK,
        (Column("image", "text", "name of the image: its path in the folder"),),
        ("image",),
        others="of the stimuli their family and parameters",
        gaps=True,
    ),
    "skipped": Table(
        "a file of the probe set that could not be read",
        RANK,
        (Column("file", "text", "its path in the folder"), Column("reason", "text", "why")),
        ("file",),
    ),
    "activations": Table(
        "a unit of a layer of the run",
        RANK,
        (
            LAYER,
            UNIT,
            Column("mean", "number", "mean activation over all images and positions"),
            Column("std", "number", "standard deviation, over images, of the image's mean", 0),
            Column("max", "number", "highest activation at any position of any image"),
            Column("active_fraction", "number", "fraction of positions above 0", 0, 1),
        ),
        UNIT_KEY,
    ),
    "ranking": Table(
        "one of a layer's most active units",
        RANK,
        (
            LAYER,
            Column("rank", "whole", "by mean activation; ties by unit number", 1),
            UNIT,
            Column("mean", "number", "mean activation"),
        ),
        UNIT_KEY,
    ),
    "strongest": Table(
        "one of a unit's nine strongest images",
        RANK,
        (
            LAYER,
            UNIT,
            PLACE,
            Column("image", "text", "name of the image"),
            RESPONSE,
            Column("peak", "number", "highest activation at any position"),
            Column("row", "whole", "row of the peak", 0),
            Column("column", "whole", "column of the peak", 0),
            Column("rms", "number", "root mean square over positions", 0),
        ),
        (*UNIT_KEY, "place"),
    ),
    "strongest_stimuli": Table(
        "one of a unit's nine strongest stimuli; left out where they are the probe set",
        RANK,
        (
            LAYER,
            UNIT,
            PLACE,
            Column("stimulus", "text", "name of the stimulus, by which it is drawn again"),
            RESPONSE,
        ),
        (*UNIT_KEY, "place"),
    ),
    "tuning": Table(
        "a unit; one column for each condition of the stimuli",
        RANK,
        (LAYER, UNIT),
        UNIT_KEY,
        others="mean activation over the stimuli of the condition",
    ),
    "tasks": Table(
        "a two-choice task of identification",
        RANK,
        (
            LAYER,
            UNIT,
            Column("task", "whole", "of the unit", 1),
            Column("strong", "whole", "row of probe.csv of the image that excites the unit", 0),
            Column("weak", "whole", "row of probe.csv of the one that does not", 0),
        ),
        (*UNIT_KEY, "task"),
    ),
    "examination": Table(
        "a finished picture",
        EXAMINE,
        (
            RECIPE,
            LAYER,
            UNIT,
            SAMPLE,
            Column("size", "whole", "side in pixels of the picture that was measured"),
            *EVIDENCE_COLUMNS,
        ),
        KEY,
        gaps=True,
    ),
    "identification": Table(
        "a unit's pictures by a recipe, or its strongest photographs, as likenesses of it",
        EXAMINE,
        (
            RECIPE,
            LAYER,
            UNIT,
            Column("correct", "number", "fraction of tasks answered rightly; 0.5 is chance", 0, 1),
        ),
        (RECIPE.name, *UNIT_KEY),
    ),
}

TEXTS: dict[Hashable, type[str]] = {
    "family": str,  # of the stimuli
    **{
        column.name: str
        for table in TABLES.values()
        for column in table.columns
        if column.kind == "text"
    },
}
"""The columns that hold texts, in whatever table: a name such as NA or 007 stays a name."""

COMMANDS = {
    **{name: table.command for name, table in TABLES.items()},
    **dict.fromkeys(("run", "network", "judge"), RANK),
    "plan": "atlas maximize",
}
"""The command that makes each file, by its name without suffix."""
