"""The JSON files of a run: what each holds, typed.

Readers, writers and the checks of damage go by these descriptions, and so does
``docs/run-folder.md``. A file may hold more than is described, as one of a later version does.
"""

import re
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

SCHEMA = 1
"""The version of the run folder, in ``run.json``."""

Known = TypeVar("Known")
Count = Annotated[int, Meta(ge=1)]


class Identity(Struct, kw_only=True):
    """What identifies a run: asked again with another, it is refused."""

    network: Annotated[str, Meta(description="name of the network")]
    weights: Annotated[str, Meta(description="SHA-256 of its weights")]
    recipes: Annotated[
        dict[str, dict[str, Any]], Meta(description="constants of every recipe asked for")
    ]
    seed: Annotated[int, Meta(description="of every start")]
    precision: Annotated[str, Meta(description="of the convolutions during maximization")]
    device: Annotated[str, Meta(description="kind of device: cpu or cuda")]
    probe: Annotated[str, Meta(description="SHA-256 of the probe set's names and contents")]


class Weights(Struct, kw_only=True):
    """Where the weights came from."""

    source: Annotated[str, Meta(description="imagenet, bundled, file or module")]
    name: Annotated[str, Meta(description="of the file, or of the published weights")]
    sha256: Annotated[str, Meta(description="of the file, or of the tensors of a module")]
    classes: Annotated[int, Meta(description="outputs of the last layer")]
    notice: Annotated[str | None, Meta(description="what every page must say of them")]


class Probe(Struct, kw_only=True):
    """The probe set."""

    kind: Annotated[str, Meta(description="stimuli, folder or imagenette")]
    name: Annotated[
        str, Meta(description="stimuli, imagenette, imagenette-160, or the folder's; no path")
    ]
    images: Annotated[int, Meta(description="images that can be read")]
    skipped: Annotated[int, Meta(description="files that cannot")]
    synthetic: Annotated[bool, Meta(description="whether the images are drawn")]
    sha256: Annotated[str, Meta(description="of names and contents")]
    slope: Annotated[
        list[float] | UnsetType | None,
        Meta(description="quartiles of the spectral slopes; left out before the set is measured"),
    ] = UNSET
    fallback: Annotated[
        str | None, Meta(description="why auto took the stimuli; null where it did not")
    ] = None


class RunSettings(Struct, kw_only=True):
    """``run.json``: what was asked, and what it was resolved to."""

    schema: Annotated[int, Meta(description="version of the run folder")]
    asked: Annotated[dict[str, Any], Meta(description="the latest request, as atlas.toml has it")]
    requests: Annotated[list[dict[str, Any]], Meta(description="all requests there were")]
    identity: Identity
    weights: Weights
    probe: Probe
    stimuli: Annotated[
        str | None, Meta(description="SHA-256 of the stimuli that units were tuned by")
    ] = None
    judge: Annotated[
        str | None, Meta(description="SHA-256 of the judge's weights; null where there is none")
    ] = None
    batch: Annotated[Count, Meta(description="pictures made at once")]
    threads: Annotated[Count, Meta(description="threads that torch took")]
    versions: Annotated[dict[str, str], Meta(description="of all that shapes a picture")]
    warnings: Annotated[list[str], Meta(description="lines that the method page shows")]


class BranchDescription(Struct):
    """Consecutive units of a layer that come from one branch of a concatenation."""

    name: Annotated[str, Meta(description="of the branch")]
    first: Annotated[int, Meta(description="number of its first unit")]
    units: Annotated[int, Meta(description="how many there are")]


class LayerDescription(Struct, kw_only=True):
    """A layer of the run."""

    name: Annotated[str, Meta(description="of the layer")]
    units: Annotated[int, Meta(description="its channels")]
    stride: Annotated[int | None, Meta(description="input pixels between neighboring positions")]
    receptive_field: Annotated[
        int | None, Meta(description="side in input pixels; null for the whole image")
    ]
    center: Annotated[
        tuple[float, float] | None, Meta(description="row and column that position (0, 0) sees")
    ]
    height: Annotated[int, Meta(description="rows of positions for an input image")]
    width: Annotated[int, Meta(description="columns of positions")]
    rectified: Annotated[bool, Meta(description="whether activations are never negative")]
    branches: list[BranchDescription]


class NodeDescription(Struct, kw_only=True):
    """A module of the network, for its drawing."""

    name: Annotated[str, Meta(description="of the module")]
    kind: Annotated[str, Meta(description="its class")]
    units: Annotated[int, Meta(description="channels of its output")]
    stride: Annotated[int | None, Meta(description="input pixels between positions")]
    size: Annotated[int, Meta(description="rows of positions")]
    branches: list[BranchDescription]
    layer: Annotated[bool, Meta(description="whether it is a layer of the run")]


class NetworkDescription(Struct, kw_only=True):
    """``network.json``: the layers of the run, and the network's drawing."""

    network: Annotated[str, Meta(description="name of the network")]
    input: Annotated[int, Meta(description="side of a probe image in pixels")]
    smallest_input: Annotated[int, Meta(description="side of the smallest image it takes")]
    mean: Annotated[list[float], Meta(description="of the input, by channel, RGB in 0..1")]
    std: Annotated[list[float], Meta(description="of the input, by channel")]
    layers: list[LayerDescription]
    graph: list[NodeDescription]


class StageRecord(Struct):
    """A stage of a picture."""

    upscale: Annotated[int, Meta(description="upscales before it")]
    size: Annotated[int, Meta(description="side in pixels")]


class PictureDigests(Struct):
    """SHA-256 of a picture's files."""

    stages: Annotated[str, Meta(description="of UNIT.stages.png")]
    picture: Annotated[str, Meta(description="of UNIT.png")]


class Record(Struct, kw_only=True):
    """``units/RECIPE/LAYER/UNIT.json``: how a picture was made and how it ended."""

    layer: Annotated[str, Meta(description="of the unit")]
    unit: Annotated[int, Meta(description="number of the unit")]
    sample: Annotated[int, Meta(description="which of the unit's pictures, from 1")]
    seed: Annotated[int, Meta(description="of the run")]
    attempt: Annotated[int, Meta(description="0, or how often the unit was started again")]
    status: Annotated[str, Meta(description="ok, silent or broken")]
    size: Annotated[int, Meta(description="side in pixels")]
    stages: list[StageRecord]
    terms: Annotated[
        dict[str, float | None], Meta(description="of the loss before the last step, by name")
    ]
    activations: Annotated[
        list[float | None], Meta(description="RMS of the unit before each optimizer step")
    ]
    sha256: PictureDigests | UnsetType = UNSET


class PlanFile(Struct, kw_only=True):
    """``plan.json``: how the pictures are cut into chunks."""

    chunks: Annotated[
        list[list[list[Any]]],
        Meta(description="of pictures made at once: recipe, layer, unit, sample"),
    ]
    most: Annotated[
        Count | UnsetType, Meta(description="pictures that the memory holds, once that was found")
    ] = UNSET


KINDS = {
    "str": ("text", (str,)),
    "int": ("whole number", (int,)),
    "float": ("number", (int, float)),
    "bool": ("true or false", (bool,)),
    "array": ("list", (list,)),
    "object": ("object", (dict,)),
    "null": ("null", (type(None),)),
}
"""What msgspec calls a kind of value, what we do, and what Python does."""


def read_as(kind: type[Known], value: object) -> Known:
    """A value of JSON as what it should be.

    Raises ValueError that names the first key that is missing or of another type.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_in_words(str(error), value)) from None


def _in_words(message: str, value: Any) -> str:
    """What msgspec found in a value, in the words of whoever reads a log."""
    said, _, place = message.partition(" - at `$")
    where = place.rstrip("`").lstrip(".")
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", said):
        return f"{where}.{missing[1]} is missing" if where else f"{missing[1]} is missing"
    if wrong := re.fullmatch(r"Expected `([^`]+)`, got `[^`]+`", said):
        wanted = [KINDS[word] for word in wrong[1].split(" | ")]
        if where.endswith("[...]"):
            where = _with_key(where, value, [kind for _, kinds in wanted for kind in kinds])
        return f"{where or 'it'} is no {' or '.join(word for word, _ in wanted)}"
    return f"{where or 'it'}: {said[0].lower()}{said[1:]}"


def _with_key(where: str, value: Any, wanted: list[type]) -> str:
    """A place within an object of any keys, with the first key that has not what is wanted."""
    above = where.removesuffix("[...]")
    for part in filter(None, above.split(".")):
        value = value[part]
    key = next(key for key, each in value.items() if type(each) not in wanted)
    return f"{above}.{key}" if above else key
