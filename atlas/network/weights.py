"""Trained networks: torchvision's download, the bundled weights, or a file of one's own.

Whatever the source, the result is the network with exactly those weights.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torchvision.models import GoogLeNet, Inception3, get_model_weights

from atlas._system.display import display_name
from atlas._system.paths import as_path
from atlas.errors import AtlasError, UsageError
from atlas.network.architectures import BVLC, check_name, untrained
from atlas.network.published import fetch
from atlas.network.weight_file import digest, inventory, read_weights

BUNDLED = Path(__file__).parent / "data" / "googlenet-tinyimagenet.pt"
NOTICE = (
    "These pictures come from the small network bundled with Atlas, trained on Tiny ImageNet (202 "
    "classes, about 50 % top-1), and not from GoogLeNet's ImageNet weights, which have to be "
    "downloaded (--weights imagenet)."
)

TRANSFORMED_INPUT = ("1378be20", "0cc3c7bd", "1a9a5a14")
"""How the hashes begin of the published GoogLeNet and Inception v3 that need transform_input."""


@dataclass(frozen=True)
class WeightsInfo:
    """Which weights a network has.

    Attributes:
        source: ``bundled``, ``imagenet`` or ``file``; ``module`` for a network made in Python.
        name: of the file, without its folder.
        sha256: of the file, in hexadecimal.
        classes: how many the network tells apart.
        notice: what everyone who sees its pictures should know about the weights, if anything.
        fallback: why ``auto`` took the bundled ones; names places of this machine.
        reading: lines for the log about what was taken.
    """

    source: str
    name: str
    sha256: str
    classes: int
    notice: str | None
    fallback: str | None = None
    reading: tuple[str, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """Lines for the log."""
        said = {"NOTICE": self.notice, "auto took the bundled weights": self.fallback}
        return [*self.reading, *(f"{what}: {text}" for what, text in said.items() if text)]

    def as_json(self) -> dict[str, Any]:
        """The weights as a run keeps them, wherever it was made."""
        kept = asdict(self)
        del kept["fallback"], kept["reading"]
        return kept


def load_model(
    network: str = "googlenet", weights: str | os.PathLike[str] = "auto"
) -> tuple[nn.Module, WeightsInfo]:
    """Make a network with trained weights.

    Args:
        network: one of ``networks()``.
        weights: ``imagenet`` (torchvision's, downloaded once), ``bundled``, ``auto`` (the first
            of these two that can be had), or a file: a state dict as .pth or .pt, or the
            parameters of ``bvlc_googlenet`` as .npz.

    Returns:
        The network, which takes N×3×H×W RGB by its ``normalization``, in float32 and inference
        mode, frozen, without auxiliary heads; and where its weights came from.

    Raises:
        UsageError: when no convolutional network has that name.
        AtlasError: when there are no such weights, or they are not this network's.
    """
    check_name(network)
    source, path, fallback = _choose(network, weights)
    sha256 = digest(path)
    model, state = _trained(network, path)
    if isinstance(model, GoogLeNet | Inception3):
        published = source == "imagenet" or sha256.startswith(TRANSFORMED_INPUT)
        model.transform_input = published or trained_without_scale(state)
    *_, classifier = model.state_dict().values()
    notice = NOTICE if source == "bundled" else None
    info = WeightsInfo(source, display_name(path.name), sha256, len(classifier), notice, fallback)
    return model.eval().requires_grad_(False), info


def trained_without_scale(state: Mapping[str, Tensor]) -> bool:
    """Whether the batch norms of a state dict learned their shift and had no scale to learn.

    So TF-slim trains its Inception networks (``scale=False`` in ``inception_arg_scope``), on
    images in -1..1. torchvision's GoogLeNet and Inception v3 are conversions of these, and need
    ``transform_input``, which a state dict does not say. The conversion wrote 1 for each scale;
    training in torch moves all of these thousands of numbers together with the shifts.
    """
    scales = [value for key, value in state.items() if key.endswith(".bn.weight")]
    shifts = [value for key, value in state.items() if key.endswith(".bn.bias")]
    return (
        bool(scales)
        and all(bool((scale == 1).all()) for scale in scales)
        and any(bool(shift.any()) for shift in shifts)
    )


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


def _trained(network: str, path: Path) -> tuple[nn.Module, dict[str, Tensor]]:
    """The network with the weights of a file, and these weights."""
    if path.suffix == ".npz" and network != BVLC:
        raise AtlasError(f"{path}: an .npz file is for {BVLC}; {network} takes a state dict")
    state = read_weights(path)
    model = untrained(network)
    # In every network of torchvision the classifier comes last.
    *_, (name, classifier) = model.state_dict().items()
    if name in state and state[name].ndim and len(state[name]) != len(classifier):
        model = untrained(network, len(state[name]))
    _fill(model, state, f"{path} does not hold the weights of {network}")
    return model, state


def fill(module: nn.Module, path: Path, name: str) -> list[str]:
    """Fill any network, called ``name``, from a file of weights; return lines for the log."""
    _fill(module, read_weights(path), f"{path} does not hold the weights of {name}")
    return []


def _fill(model: nn.Module, state: Mapping[str, Tensor], complaint: str) -> None:
    """Copy a state dict into a model of the same names and shapes, to the model's precision."""
    own = model.state_dict()
    for key in own:
        # torch before 0.4.1 did not count batches; inference does not need the number.
        if key not in state and not key.endswith(".num_batches_tracked"):
            raise AtlasError(f"{complaint}: {key!r} is missing; it holds {inventory(state)}")
    for key, value in state.items():
        if key not in own:
            raise AtlasError(f"{complaint}: it has no {key!r}")
        if value.shape != own[key].shape:
            shapes = f"{tuple(value.shape)} and not {tuple(own[key].shape)}"
            raise AtlasError(f"{complaint}: the shape of {key!r} is {shapes}")
        if value.is_complex() or (own[key].is_floating_point() and not value.is_floating_point()):
            types = f"{value.dtype} and not {own[key].dtype}"
            raise AtlasError(f"{complaint}: the type of {key!r} is {types}")
        value = value.to(own[key].dtype)
        if not value.isfinite().all():
            raise AtlasError(f"{complaint}: {key!r} has NaN or infinity in it")
        own[key].copy_(value)
