"""The tables of a run, by name.

Readers, writers and the checks of damage go by these descriptions, and so does
``docs/run-folder.md``.
"""

from collections.abc import Hashable

from atlas.rank.places import STRONGEST
from atlas.run.columns import (
    EXAMINE,
    KEY,
    LAYER,
    PLACE,
    RANK,
    RECIPE,
    RELATE,
    RESPONSE,
    SAMPLE,
    UNIT,
    UNIT_KEY,
    Column,
    Table,
)
from atlas.run.evidence_columns import EVIDENCE_COLUMNS
from atlas.run.relation_tables import RELATION_TABLES

TABLES = {
    "probe": Table(
        "an image of the probe set",
        RANK,
        (Column("image", "text", "name of the image: its path in the folder"),),
        ("image",),
        others="label: class of the image, where there are any; of the stimuli family, parameters",
        gaps=True,
    ),
    "skipped": Table(
        "a file of the probe set that could not be read",
        RANK,
        (Column("file", "text", "its path in the folder"), Column("reason", "text", "why")),
        ("file",),
    ),
    "spectrum": Table(
        "the mean amplitude of some waves of the probe images, in the logit of their colors; left "
        "out where no recipe of the run has the basis phases, and for stimuli",
        RANK,
        (
            Column(
                "axis",
                "whole",
                "bright and dark, blue and yellow, green and purple; or the "
                "channel, where there are not three",
                0,
            ),
            Column("frequency", "whole", "of the waves, in cycles an image", 0),
            Column("amplitude", "number", "mean over images and directions", 0),
        ),
        ("axis", "frequency"),
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
        "a row of responses.npy; its columns are the units in the order of activations.csv, its "
        "values responses in standard deviations (std there) from the mean",
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
        "what a person wrote of a unit; may be changed by hand",
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
        "a unit's pictures by a recipe, its strongest photographs, or the strongest alone, as "
        "likenesses of it",
        EXAMINE,
        (
            RECIPE,
            LAYER,
            UNIT,
            Column("correct", "number", "fraction of tasks answered rightly; 0.5 is chance", 0, 1),
        ),
        (RECIPE.name, *UNIT_KEY),
    ),
    "clarity": Table(
        "a unit with nine strongest images, where there is a judge of likeness",
        RANK,
        (
            LAYER,
            UNIT,
            Column("clarity", "number", "mean cosine of two of the images; 0 by chance", -1, 1),
            Column("within", "number", "of two of one group, of the best two", -1, 1),
            Column("polysemanticity", "number", "1 - cosine of the two groups' means", 0, 2),
            Column("second", "text", "places of the images of the second group"),
        ),
        UNIT_KEY,
    ),
    **RELATION_TABLES,
}

BY_HAND = "notes"
"""The table that people may change: no digest vouches for it, and nothing removes it."""

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
