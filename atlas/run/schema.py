"""The JSON files of a run: what each holds, typed, and what cannot be.

Readers, writers and the checks of damage go by these descriptions, and so does
``docs/run-folder.md``. A file may hold more than is described, as one of a later version does.
What a struct finds wrong in itself begins with the key that is wrong.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from atlas.run.json_types import Count, Name, Place, Positive, Sha256
from atlas.target import Status

SCHEMA = 1
"""The version of the run folder, in ``run.json``."""


class Making(Struct, kw_only=True):
    """What makes the pictures of a run."""

    network: Annotated[str, Meta(description="name of the network")]
    weights: Annotated[Sha256, Meta(description="SHA-256 of its weights")]
    recipes: Annotated[
        dict[str, dict[str, Any]], Meta(description="constants of every recipe asked for")
    ]
    seed: Annotated[Place, Meta(description="of every start")]
    precision: Annotated[
        Literal["float32", "bfloat16", "float64"],
        Meta(description="of the convolutions during maximization"),
    ]
    device: Annotated[Literal["cpu", "cuda"], Meta(description="kind of device")]
    input: Annotated[
        list[Count] | UnsetType,
        Meta(description="channels, height and width of its images; left out by older runs"),
    ] = UNSET
    mean: Annotated[
        list[float] | UnsetType, Meta(description="of its images, by channel, in 0..1")
    ] = UNSET
    std: Annotated[list[Positive] | UnsetType, Meta(description="of its images, by channel")] = (
        UNSET
    )


class Identity(Making, kw_only=True):
    """What identifies a run: asked again with another, it is refused."""

    probe: Annotated[Sha256, Meta(description="SHA-256 of the probe set's names and contents")]


class Weights(Struct, kw_only=True):
    """Where the weights came from."""

    source: Annotated[
        Literal["imagenet", "bundled", "file", "module"], Meta(description="where they were")
    ]
    name: Annotated[Name, Meta(description="of the file, or of the published weights")]
    sha256: Annotated[
        Sha256,
        Meta(description="of the file, with what was chosen in it, or of the tensors of a module"),
    ]
    classes: Annotated[Place, Meta(description="outputs of the last layer")]
    notice: Annotated[str | None, Meta(description="what every page must say of them")]
    key: Annotated[
        str | UnsetType, Meta(description="the entry of the file that was asked for")
    ] = UNSET


class Probe(Struct, kw_only=True):
    """The probe set."""

    kind: Annotated[
        Literal["stimuli", "folder", "imagenette", "array"],
        Meta(description="what its images are"),
    ]
    name: Annotated[
        Name,
        Meta(
            description="stimuli, imagenette, imagenette-160, the folder's or the array's; no path"
        ),
    ]
    images: Annotated[Count, Meta(description="images that can be read")]
    skipped: Annotated[Place, Meta(description="files that cannot")]
    synthetic: Annotated[bool, Meta(description="whether the images are drawn")]
    sha256: Annotated[Sha256, Meta(description="of names and contents")]
    slope: Annotated[
        Annotated[list[float], Meta(min_length=3, max_length=3)] | UnsetType | None,
        Meta(description="quartiles of the spectral slopes; left out before the set is measured"),
    ] = UNSET
    fallback: Annotated[
        str | None, Meta(description="why auto took the stimuli; null where it did not")
    ] = None

    def __post_init__(self) -> None:
        if self.slope and self.slope != sorted(self.slope):
            raise ValueError("slope does not ascend")


class RunSettings(Struct, kw_only=True):
    """``run.json``: what was asked, and what it was resolved to."""

    schema: Annotated[int, Meta(description="version of the run folder")]
    asked: Annotated[dict[str, Any], Meta(description="the latest request, as atlas.toml has it")]
    requests: Annotated[
        list[dict[str, Any]], Meta(min_length=1, description="all requests there were")
    ]
    identity: Identity
    weights: Weights
    probe: Probe
    stimuli: Annotated[
        Sha256 | None, Meta(description="SHA-256 of the stimuli that units were tuned by")
    ] = None
    judge: Annotated[
        Sha256 | None, Meta(description="SHA-256 of the judge's weights; null where there is none")
    ] = None
    judge_name: Annotated[str | UnsetType, Meta(description="what the judge is called")] = UNSET
    batch: Annotated[int, Meta(ge=1, le=10_000, description="pictures made at once")]
    threads: Annotated[int, Meta(ge=1, le=4096, description="threads that torch took")]
    versions: Annotated[dict[str, str], Meta(description="of all that shapes a picture")]
    warnings: Annotated[list[str], Meta(description="lines that the method page shows")]

    def __post_init__(self) -> None:
        if self.weights.sha256 != self.identity.weights:
            raise ValueError("weights.sha256 is not identity.weights")
        if self.probe.sha256 != self.identity.probe:
            raise ValueError("probe.sha256 is not identity.probe")
        if "atlas" not in self.versions:
            raise ValueError("versions.atlas is missing")


class Relations(Struct, kw_only=True):
    """``relations.json``: what the relations of the units were made of, each as a SHA-256."""

    likeness: Annotated[
        Sha256 | None, Meta(description="relatives, layout and labels: responses, classes, units")
    ] = None
    images: Annotated[
        Sha256 | None, Meta(description="connections on strongest images: images, units")
    ] = None
    pictures: Annotated[
        Sha256 | None, Meta(description="connections on pictures: pictures, units")
    ] = None


class StageRecord(Struct):
    """A stage of a picture."""

    upscale: Annotated[Place, Meta(description="upscales before it")]
    size: Annotated[Count, Meta(description="side in pixels")]


class PictureDigests(Struct):
    """SHA-256 of a picture's files."""

    stages: Annotated[Sha256, Meta(description="of UNIT.stages.png")]
    picture: Annotated[Sha256, Meta(description="of UNIT.png")]
    channels: Annotated[
        Sha256 | UnsetType,
        Meta(description="of UNIT.channels.npy, which a picture of more than three channels has"),
    ] = UNSET


class Record(Struct, kw_only=True):
    """``units/RECIPE/LAYER/UNIT.json``: how a picture was made and how it ended."""

    layer: Annotated[Name, Meta(description="of the unit")]
    unit: Annotated[Place, Meta(description="number of the unit")]
    sample: Annotated[Count, Meta(description="which of the unit's pictures, from 1")]
    seed: Annotated[Place, Meta(description="of the run")]
    attempt: Annotated[Place, Meta(description="0, or how often the unit was started again")]
    status: Annotated[Status, Meta(description="how it ended")]
    size: Annotated[Count, Meta(description="side in pixels")]
    stages: Annotated[list[StageRecord], Meta(min_length=1)]
    terms: Annotated[
        dict[str, float | None], Meta(description="of the loss before the last step, by name")
    ]
    activations: Annotated[
        list[Annotated[float, Meta(ge=0)] | None],
        Meta(min_length=1, description="RMS of what the recipe counts, before each step"),
    ]
    sha256: PictureDigests
    field: Annotated[
        tuple[float, float, float] | UnsetType,
        Meta(
            description="left, top and side, in pixels, of what its one position sees, by recipes "
            "of the center where that is known"
        ),
    ] = UNSET

    def __post_init__(self) -> None:
        for before, after in pairwise(self.stages):
            if not (before.upscale < after.upscale and before.size < after.size):
                raise ValueError("stages do not ascend")
        if self.stages[-1].size != self.size:
            raise ValueError("size is not that of the last of stages")
        if missing := {"activation", "loss"} - self.terms.keys():
            raise ValueError(f"terms.{min(missing)} is missing")


class PlanFile(Struct, kw_only=True):
    """``plan.json``: how the pictures are cut into chunks."""

    chunks: Annotated[
        Sequence[Sequence[tuple[str, str, Place, Count]]],
        Meta(description="of pictures made at once: recipe, layer, unit, sample"),
    ]
    most: Annotated[
        Count | UnsetType, Meta(description="pictures that the memory holds, once that was found")
    ] = UNSET
