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

RANK, EXAMINE, RELATE = "atlas rank", "atlas examine", "atlas relate"

OTHER_LAYER = Column("other_layer", "text", "layer of the other unit")
OTHER_UNIT = Column("other_unit", "whole", "number of the other unit", 0)

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
    "responses": Table(
        "a row of responses.npy, whose columns are the units in the order of activations.csv",
        RANK,
        (Column("image", "text", "name of the image"),),
        ("image",),
    ),
    "stimulus_responses": Table(
        "a row of stimulus_responses.npy; left out where the stimuli are the probe set",
        RANK,
        (
            Column("stimulus", "text", "name of the stimulus"),
            Column("family", "text", "of which it is"),
        ),
        ("stimulus",),
    ),
    "thresholds": Table(
        "a unit of a layer of the run",
        RANK,
        (
            LAYER,
            UNIT,
            Column("high", "number", "exceeded at one of a hundred positions of the images"),
        ),
        UNIT_KEY,
    ),
    "weakest": Table(
        "one of the nine images with the lowest response, of a layer without a final ReLU",
        RANK,
        (
            LAYER,
            UNIT,
            Column("place", "whole", "1 is the weakest", 1, STRONGEST),
            Column("image", "text", "name of the image"),
            RESPONSE,
        ),
        (*UNIT_KEY, "place"),
    ),
    "notes": Table(
        "what a person wrote of a unit",
        "atlas build --notes FILE",
        (LAYER, UNIT, Column("text", "text", "the note")),
        UNIT_KEY,
    ),
    "classes": Table(
        "a class that the network tells",
        RANK,
        (
            Column("number", "whole", "which output of the network", 0),
            Column("name", "text", "what it is called"),
        ),
        ("number",),
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
    "relatives": Table(
        "one of the units whose responses to the same images correlate most with a unit's own",
        RELATE,
        (
            LAYER,
            UNIT,
            Column("kind", "text", "same layer, the one before, the one after, or any"),
            Column("place", "whole", "1 is the most alike", 1),
            OTHER_LAYER,
            OTHER_UNIT,
            Column("correlation", "number", "of the responses to the same images", -1, 1),
        ),
        (*UNIT_KEY, "kind", "place"),
    ),
    "alignment": Table(
        "a pair of layers",
        RELATE,
        (
            LAYER,
            Column("other_layer", "text", "the other layer, the same or a deeper one"),
            Column("cka", "number", "centered kernel alignment, unbiased; about 0 by chance"),
        ),
        (LAYER.name, "other_layer"),
        gaps=True,
    ),
    "layout": Table(
        "a unit's place on the wall and on the map",
        RELATE,
        (
            Column("of", "text", "pictured: among the units with a picture; all: among all"),
            LAYER,
            UNIT,
            Column("height", "number", "place in its layer by likeness, on the wall", 0, 1),
            Column("x", "number", "on the map, from the left", 0, 1),
            Column("y", "number", "on the map, from the top", 0, 1),
        ),
        ("of", *UNIT_KEY),
    ),
    "connections": Table(
        "what a unit reads from, what it feeds, or a class that it argues for or against",
        RELATE,
        (
            LAYER,
            UNIT,
            Column("source", "text", "measured on the strongest images, or on its own picture"),
            Column("size", "whole", "side in pixels of the picture; 0 for images", 0),
            Column("kind", "text", "reads: from the layer before; feeds: the next; argues"),
            Column("place", "whole", "1 is the largest, whatever its sign", 1),
            Column("other_layer", "text", "layer of the other unit; output for a class"),
            Column("other_unit", "whole", "number of the other unit, or of the class", 0),
            Column("contribution", "number", "activation times gradient, over all positions"),
            Column("share", "number", "of the unit's response; of the class's logit none"),
        ),
        (*UNIT_KEY, "source", "kind", "place"),
        gaps=True,
    ),
    "labels": Table(
        "a class of images, or a family of stimuli, that a unit tells from all others",
        RELATE,
        (
            LAYER,
            UNIT,
            Column("kind", "text", "class: of the probe images; family: of the stimuli"),
            Column("place", "whole", "1 is the best on the images by which it was chosen", 1),
            Column("label", "text", "name of the class or the family"),
            Column("auc", "number", "area under the curve on the held-out images", 0, 1),
            Column("images", "whole", "held-out images of the class", 1),
        ),
        (*UNIT_KEY, "kind", "place"),
    ),
    "regions": Table(
        "where in one of its strongest images a unit is active",
        RELATE,
        (
            LAYER,
            UNIT,
            PLACE,
            Column("area", "number", "part of the image in which the map is high", 0, 1),
            Column("outline", "text", "of that region: an SVG path, in thousandths of the image"),
        ),
        (*UNIT_KEY, "place"),
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
    "relations": RELATE,
}
"""The command that makes each file, by its name without suffix."""
