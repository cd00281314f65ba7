"""Trained networks: torchvision's download, the bundled weights, or a file of one's own.

Whatever the source, the result is the network with exactly those weights.
"""

import hashlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import GoogLeNet, Inception3, get_model_weights

from atlas._system.display import display_name
from atlas._system.paths import as_path
from atlas.errors import AtlasError, UsageError
from atlas.network.architectures import BVLC, check_name, untrained
from atlas.network.bvlc_googlenet import torch_names
from atlas.network.weights.class_names import class_names
from atlas.network.weights.filling import Found, copy, find
from atlas.network.weights.input_scaling import takes_unit_range, trained_without_scale
from atlas.network.weights.published import fetch
from atlas.network.weights.weight_file import Content, digest, read_content

BUNDLED = Path(__file__).parents[1] / "data" / "googlenet-tinyimagenet.pt"
NOTICE = (
    "These pictures come from the small network bundled with Atlas, trained on Tiny ImageNet (202 "
    "classes, about 50 % top-1), and not from GoogLeNet's ImageNet weights, which have to be "
    "downloaded (--weights imagenet)."
)

RESCALING = ("googlenet", "inception_v3")
"""Networks that can take images in -1..1, if their transform_input is on."""

TRANSFORMED_INPUT = ("1378be20", "0cc3c7bd", "1a9a5a14")
"""How the hashes begin of the published GoogLeNet and Inception v3 that need transform_input."""


@dataclass(frozen=True)
class WeightsInfo:
    """Which weights a network has.

    Attributes:
        source: ``bundled``, ``imagenet`` or ``file``; ``module`` for a network made in Python.
        name: of the file, without its folder.
        sha256: of the file, or of that and the choices made in it, in hexadecimal.
        classes: how many the network tells apart.
        notice: what everyone who sees its pictures should know about the weights, if anything.
        fallback: why ``auto`` took the bundled ones; names places of this machine.
        key: which entry of the file was asked for.
        reading: lines for the log about what was taken of the file.
        categories: names of the classes, in the order of the outputs; empty where not known.
    """

    source: str
    name: str
    sha256: str
    classes: int
    notice: str | None
    fallback: str | None = None
    key: str | None = None
    reading: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """Lines for the log."""
        said = {"NOTICE": self.notice, "auto took the bundled weights": self.fallback}
        return [*self.reading, *(f"{what}: {text}" for what, text in said.items() if text)]

    def as_json(self) -> dict[str, Any]:
        """The weights as a run keeps them, wherever it was made."""
        kept = asdict(self)
        del kept["fallback"], kept["reading"], kept["categories"]
        return kept if self.key else {name: kept[name] for name in kept if name != "key"}


def describe_module(module: nn.Module) -> WeightsInfo:
    """Identify the weights of a module by their content."""
    state: dict[str, Any] = module.state_dict()
    digest = hashlib.sha256()
    for name, value in state.items():
        digest.update(name.encode())
        # As bytes, since NumPy does not know every kind of number that torch has.
        content = value.detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(content.numpy().tobytes())
    outputs = [value.shape[0] for value in state.values() if value.ndim >= 2]
    return WeightsInfo(
        source="module",
        name=type(module).__name__,
        sha256=digest.hexdigest(),
        classes=outputs[-1] if outputs else 0,
        notice=None,
    )


def load_model(
    network: str = "googlenet",
    weights: str | os.PathLike[str] = "auto",
    key: str | None = None,
    transform_input: bool | None = None,
) -> tuple[nn.Module, WeightsInfo]:
    """Make a network with trained weights.

    Args:
        network: one of ``networks()``.
        weights: ``imagenet`` (torchvision's, downloaded once), ``bundled``, ``auto`` (the first
            of these two that can be had), or a file: a checkpoint of torch.save, safetensors, or
            the parameters of ``bvlc_googlenet`` as .npz.
        key: which entry of the file to take; by default the likeliest.
        transform_input: whether ``googlenet`` or ``inception_v3`` was trained on images in -1..1;
            by default as the file lets on.

    Returns:
        The network, which takes N×3×H×W RGB by its ``normalization``, in float32 and inference
        mode, frozen, without auxiliary heads; and where its weights came from.

    Raises:
        UsageError: when no convolutional network has that name.
        AtlasError: when there are no such weights, or they are not this network's.
    """
    check_name(network)
    if transform_input is not None and network not in RESCALING:
        raise UsageError(f"transform_input is a choice for {' and '.join(RESCALING)} alone")
    source, path, fallback = _choose(network, weights)
    if key is not None and source != "file":
        raise UsageError("weights_key names an entry of a file of weights; give one as weights")
    sha256 = digest(path)
    content = _content(network, path)
    model, tensors, reading, whole = _trained(network, path, content, key)
    notice = NOTICE if source == "bundled" else None
    if isinstance(model, GoogLeNet | Inception3) and network in RESCALING:
        published = source == "imagenet" or sha256.startswith(TRANSFORMED_INPUT)
        if transform_input is not None:
            model.transform_input = transform_input
        elif published or source == "bundled":
            model.transform_input = published
        else:
            model.transform_input, said, notice = _transformed(model, tensors)
            reading += said
    *_, classifier = model.state_dict().values()
    info = WeightsInfo(
        source,
        display_name(path.name),
        identity_of(sha256, key, transform_input),
        len(classifier),
        notice,
        fallback,
        key,
        tuple(reading) if source == "file" else (),
        class_names(network, sha256, content.value, len(classifier)) if whole else (),
    )
    return model.eval().requires_grad_(False), info


def identity_of(sha256: str, key: str | None, transform_input: bool | None = None) -> str:
    """The hash by which a run knows weights: of the file, and of what was chosen in it."""
    if key is None and transform_input is None:
        return sha256
    return hashlib.sha256(repr((sha256, key, transform_input)).encode()).hexdigest()


def _transformed(
    model: GoogLeNet | Inception3, tensors: dict[str, Tensor]
) -> tuple[bool, list[str], str | None]:
    """Whether a network takes images in -1..1, what to log of it, and what to warn of."""
    on = "so the network's transform_input is on; --transform-input no turns it off"
    if trained_without_scale(tensors):
        return True, [f"the batch norms have no scales, as TF-slim trains them, {on}"], None
    found = takes_unit_range(model)
    if found is None:
        return (
            False,
            [],
            (
                "The statistics of the first convolution are neither those of ImageNet-normalized "
                "images nor of images in -1..1. The network's transform_input is off; if it was "
                "trained from torchvision's weights, --transform-input yes turns it on."
            ),
        )
    first = next(iter(tensors)).partition(".")[0]
    return found, [f"the statistics of {first} are those of images in -1..1, {on}"] * found, None


def _choose(network: str, weights: str | os.PathLike[str]) -> tuple[str, Path, str | None]:
    """The source and the file that ``weights`` stands for, and why not the first choice."""
    if not isinstance(weights, str) or weights not in ("auto", "imagenet", "bundled"):
        if not isinstance(weights, str | os.PathLike) or "\0" in os.fspath(weights):
            raise UsageError("weights are auto, imagenet, bundled or the path of a file")
        return "file", as_path(weights), None
    if weights == "bundled" and network != "googlenet":
        raise AtlasError(f"the bundled weights are googlenet's; give {network} a file of weights")
    if network == BVLC:
        raise AtlasError(f"{BVLC} has no weights to download; give its .npz file as weights")
    if weights == "bundled":
        return "bundled", BUNDLED, None
    try:
        return "imagenet", fetch(get_model_weights(network)["DEFAULT"].url), None
    except AtlasError as error:
        if weights == "imagenet" or network != "googlenet":
            raise
        return "bundled", BUNDLED, str(error)


def _content(network: str, path: Path) -> Content:
    """What a file of weights holds, by torch's names."""
    if path.suffix == ".npz" and network != BVLC:
        raise AtlasError(f"{path}: an .npz file is for {BVLC}; {network} takes a state dict")
    content = read_content(path)
    return Content(torch_names(content.value)) if path.suffix == ".npz" else content


def _trained(
    network: str, path: Path, content: Content, key: str | None
) -> tuple[nn.Module, dict[str, Tensor], list[str], bool]:
    """The network with the weights of a file, and these weights.

    With lines for the log, and whether the file has the head as well.
    """
    complaint = f"{path} does not hold the weights of {network}"
    model = untrained(network)
    found = find(model, content, key, display_name(path.name), complaint)
    # In every network of torchvision the classifier comes last.
    *_, (name, classifier) = model.state_dict().items()
    held = found.tensors.get(name)
    if held is not None and held.ndim and len(held) != len(classifier):
        model = untrained(network, len(held))
    left = copy(model, found.tensors, complaint)
    remarks = found.remarks + _without_head(model, left, found, complaint)
    return model, found.tensors, remarks, not left


def _without_head(model: nn.Module, left: list[str], found: Found, complaint: str) -> list[str]:
    """Let classes that a file does not know be alike, and not what chance has put there."""
    own = model.state_dict()
    for name in left:
        if name in found.tensors and found.tensors[name].shape != own[name].shape:
            shapes = f"{tuple(found.tensors[name].shape)} and not {tuple(own[name].shape)}"
            raise AtlasError(f"{complaint}: the shape of {name!r} is {shapes}")
    with torch.no_grad():
        for name in left:
            own[name].zero_()
    if not left:
        return []
    return [
        f"the head {left[0].rpartition('.')[0]} is not in the file: all classes are alike; "
        "pictures of the layers before it do not depend on it"
    ]
