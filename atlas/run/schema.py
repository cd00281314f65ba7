"""The JSON files of a run: what each holds, typed, and what cannot be.

Readers, writers and the checks of damage go by these descriptions, and so does
``docs/run-folder.md``. A file may hold more than is described, as one of a later version does.
What a struct finds wrong in itself begins with the key that is wrong.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from atlas.network.sizes import Sizes
from atlas.target import Status

SCHEMA = 1
"""The version of the run folder, in ``run.json``."""

MOST = 2**63 - 1
"""No whole number is larger: tables hold them in 64 bits."""

Name = Annotated[str, Meta(min_length=1)]
Place = Annotated[int, Meta(ge=0, le=MOST)]
Count = Annotated[int, Meta(ge=1, le=MOST)]
Positive = Annotated[float, Meta(gt=0)]
Seconds = Annotated[float, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]


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


class BranchDescription(Struct):
    """Consecutive units of a layer that come from one branch of a concatenation."""

    name: Annotated[Name, Meta(description="of the branch")]
    first: Annotated[Place, Meta(description="number of its first unit")]
    units: Annotated[Count, Meta(description="how many there are")]


class LayerDescription(Struct, kw_only=True):
    """A layer of the run."""

    name: Annotated[Name, Meta(description="of the layer")]
    units: Annotated[Count, Meta(description="its channels")]
    stride: Annotated[Count | None, Meta(description="input pixels between neighboring positions")]
    receptive_field: Annotated[
        Count | None, Meta(description="side in input pixels; null for the whole image, or unknown")
    ]
    field_known: Annotated[
        bool, Meta(description="whether stride and receptive_field are known")
    ] = True
    center: Annotated[
        tuple[float, float] | None, Meta(description="row and column that position (0, 0) sees")
    ]
    height: Annotated[Count, Meta(description="rows of positions for an input image")]
    width: Annotated[Count, Meta(description="columns of positions")]
    rectified: Annotated[bool, Meta(description="whether activations are never negative")]
    branches: list[BranchDescription]
    pools: Annotated[
        Name | None,
        Meta(description="the earlier layer of the run whose channels these are, after a pooling"),
    ] = None
    classifies: Annotated[
        bool, Meta(description="whether its units are the classes that the network tells apart")
    ] = False

    def __post_init__(self) -> None:
        _check_branches(self.branches, self.units)


class NodeDescription(Struct, kw_only=True):
    """A module of the network, for its drawing."""

    name: Annotated[Name, Meta(description="of the module")]
    kind: Annotated[Name, Meta(description="its class")]
    units: Annotated[Count, Meta(description="channels of its output")]
    stride: Annotated[Count | None, Meta(description="input pixels between positions")]
    size: Annotated[Count, Meta(description="rows of positions")]
    branches: list[BranchDescription]
    layer: Annotated[bool, Meta(description="whether it is a layer of the run")]

    def __post_init__(self) -> None:
        _check_branches(self.branches, self.units)


def _check_branches(branches: Sequence[BranchDescription], units: int) -> None:
    """Raise ValueError unless the branches, where there are any, share out the units."""
    following = 0
    for branch in branches:
        if branch.first != following:
            raise ValueError("branches do not follow each other")
        following += branch.units
    if branches and following != units:
        raise ValueError(f"branches have {following} units, of {units}")


class NetworkDescription(Struct, kw_only=True):
    """``network.json``: the layers of the run, and the network's drawing."""

    network: Annotated[str, Meta(description="name of the network")]
    input: Annotated[Count, Meta(description="side of a probe image in pixels")]
    smallest_input: Annotated[Count, Meta(description="side of the smallest image it takes")]
    fixed: Annotated[
        Count | None,
        Meta(description="the only side it takes as a whole; null where there is none"),
    ] = None
    channels: Annotated[Count, Meta(description="of an image")] = 3
    mean: Annotated[
        tuple[float, ...], Meta(description="of the input, by channel, in 0..1; RGB if three")
    ]
    std: Annotated[tuple[Positive, ...], Meta(description="of the input, by channel")]
    layers: Annotated[list[LayerDescription], Meta(min_length=1)]
    graph: list[NodeDescription]

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != self.channels:
                raise ValueError(f"{name} has {len(values)} numbers, of {self.channels} channels")
        names = {layer.name for layer in self.layers}
        if len(names) < len(self.layers):
            raise ValueError("layers have a name twice")
        if unknown := {node.name for node in self.graph if node.layer} - names:
            raise ValueError(f"graph has {min(unknown)} as a layer, which layers lacks")

    @property
    def names(self) -> list[str]:
        """The names of the layers, in the order of depth."""
        return [layer.name for layer in self.layers]

    @property
    def pools(self) -> dict[str, str]:
        """By the name of a layer that of the one whose channels it has, after a pooling."""
        return {layer.name: layer.pools for layer in self.layers if layer.pools}

    @property
    def sizes(self) -> Sizes:
        """Which sides of images the network takes."""
        return Sizes(self.smallest_input, self.fixed)


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
        Meta(min_length=1, description="RMS of the unit before each optimizer step"),
    ]
    sha256: PictureDigests

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
