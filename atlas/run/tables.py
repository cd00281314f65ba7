"""The tables of a run: which columns each has, and what they mean.

Readers, writers and the checks of damage go by these descriptions, and so does
``docs/run-folder.md``.
"""

from collections.abc import Hashable
from typing import Annotated, Literal, NamedTuple, get_type_hints

from msgspec import Meta, Struct

Kind = Literal["text", "whole", "number"]


class Column(NamedTuple):
    """A column: its name, what its values are, and what they mean."""

    name: str
    kind: Kind
    meaning: str


class Table(NamedTuple):
    """``NAME.csv``.

    Args:
        purpose: what a row is.
        command: makes it.
        columns: with which it begins.
        others: what its further columns are, of which nobody knows the names beforehand.
        gaps: whether a number may be missing, where it is undefined.
    """

    purpose: str
    command: str
    columns: tuple[Column, ...]
    others: str | None = None
    gaps: bool = False

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [column.name for column in self.columns]


LAYER = Column("layer", "text", "name of the layer")
UNIT = Column("unit", "whole", "number of the unit, from 0")
RECIPE = Column("recipe", "text", "name of the recipe")
SAMPLE = Column("sample", "whole", "which of the unit's pictures, from 1")

DISTURBANCES = ("shift", "blur", "jpeg", "rescale")
"""What a picture is put through to see how much of the activation is left."""

Measured = float | None


class Evidence(Struct, kw_only=True):
    """What a finished picture does to the network; None where undefined."""

    mean: Annotated[
        Measured, Meta(description="spatial mean of the unit on the published picture")
    ] = None
    rms: Annotated[Measured, Meta(description="root mean square over positions there")] = None
    gain_mean: Annotated[
        Measured, Meta(description="mean over that on the strongest probe image")
    ] = None
    gain_rms: Annotated[
        Measured, Meta(description="RMS over that on the strongest probe image")
    ] = None
    z: Annotated[Measured, Meta(description="mean in standard deviations over the probe set")] = (
        None
    )
    standing: Annotated[
        int | None, Meta(description="rank of z among the units of the layer, from 1")
    ] = None
    shift: Annotated[
        Measured, Meta(description="fraction of the RMS left after a shift of 8 pixels")
    ] = None
    blur: Annotated[Measured, Meta(description="fraction left after a Gaussian of 1 pixel")] = None
    jpeg: Annotated[Measured, Meta(description="fraction left after JPEG at quality 50")] = None
    rescale: Annotated[
        Measured, Meta(description="fraction left at 0.9 and 1.1 times the size")
    ] = None
    slope: Annotated[Measured, Meta(description="of log power over log spatial frequency")] = None
    alike: Annotated[
        Measured, Meta(description="cosine between the layer's responses to the samples")
    ] = None

    @property
    def robustness(self) -> float | None:
        """Mean of what is left after each disturbance; None where one is unknown."""
        left = [getattr(self, name) for name in DISTURBANCES]
        known = [value for value in left if value is not None]
        return sum(known) / len(known) if len(known) == len(left) else None


EVIDENCE = list(Evidence.__struct_fields__)
"""What is measured of a picture, in the order of the table."""

EVIDENCE_COLUMNS = [
    Column(name, "number", hint.__metadata__[0].description)
    for name, hint in get_type_hints(Evidence, include_extras=True).items()
]

RANK, EXAMINE = "atlas rank", "atlas examine"

TABLES = {
    "probe": Table(
        "an image of the probe set",
        RANK,
        (Column("image", "text", "name of the image: its path in the folder"),),
        others="of the stimuli their family and parameters",
        gaps=True,
    ),
    "skipped": Table(
        "a file of the probe set that could not be read",
        RANK,
        (Column("file", "text", "its path in the folder"), Column("reason", "text", "why")),
    ),
    "activations": Table(
        "a unit of a layer of the run",
        RANK,
        (
            LAYER,
            UNIT,
            Column("mean", "number", "mean activation over all images and positions"),
            Column("std", "number", "standard deviation, over images, of the image's mean"),
            Column("max", "number", "highest activation at any position of any image"),
            Column("active_fraction", "number", "fraction of positions above 0, 0 to 1"),
        ),
    ),
    "ranking": Table(
        "one of a layer's most active units",
        RANK,
        (
            LAYER,
            Column("rank", "whole", "by mean activation, from 1; ties by unit number"),
            UNIT,
            Column("mean", "number", "mean activation"),
        ),
    ),
    "strongest": Table(
        "one of a unit's nine strongest images",
        RANK,
        (
            LAYER,
            UNIT,
            Column("place", "whole", "from 1, the strongest"),
            Column("image", "text", "name of the image"),
            Column("mean", "number", "response: the spatial mean"),
            Column("peak", "number", "highest activation at any position"),
            Column("row", "whole", "row of the peak, from 0"),
            Column("column", "whole", "column of the peak, from 0"),
            Column("rms", "number", "root mean square over positions"),
        ),
    ),
    "strongest_stimuli": Table(
        "one of a unit's nine strongest stimuli; left out where they are the probe set",
        RANK,
        (
            LAYER,
            UNIT,
            Column("place", "whole", "from 1, the strongest"),
            Column("stimulus", "text", "name of the stimulus, by which it is drawn again"),
            Column("mean", "number", "response: the spatial mean"),
        ),
    ),
    "tuning": Table(
        "a unit; one column for each condition of the stimuli",
        RANK,
        (LAYER, UNIT),
        others="mean activation over the stimuli of the condition",
    ),
    "tasks": Table(
        "a two-choice task of identification",
        RANK,
        (
            LAYER,
            UNIT,
            Column("task", "whole", "of the unit, from 1"),
            Column("strong", "whole", "row of probe.csv of the image that excites the unit"),
            Column("weak", "whole", "row of probe.csv of the one that does not"),
        ),
    ),
    "examination": Table(
        "a finished picture",
        EXAMINE,
        (
            RECIPE,
            LAYER,
            UNIT,
            SAMPLE,
            *EVIDENCE_COLUMNS,
        ),
        gaps=True,
    ),
    "identification": Table(
        "a unit's pictures by a recipe, or its strongest photographs, as likenesses of it",
        EXAMINE,
        (
            RECIPE,
            LAYER,
            UNIT,
            Column("correct", "number", "fraction of tasks answered rightly; 0.5 is chance"),
        ),
    ),
}

KEY = [column.name for column in (RECIPE, LAYER, UNIT, SAMPLE)]
"""Which picture a row of the evidence is of."""

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
