"""Where weights come from: torchvision's download, the bundled file, or a file of one's own.

Whatever the source, the result is the network with exactly those weights: a file that does not
fit is refused with one line that says what is wrong with it, and no code in a file ever runs.
"""

import difflib
import hashlib
import http.client
import os
import re
import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import (
    GoogLeNet,
    Inception3,
    get_model,
    get_model_builder,
    get_model_weights,
    list_models,
)

from atlas._system.display import display_name
from atlas._system.paths import as_path
from atlas.errors import AtlasError, UsageError
from atlas.network.bvlc_googlenet import BVLCGoogLeNet, torch_names

BVLC = "bvlc_googlenet"
BUNDLED = Path(__file__).parent / "data" / "googlenet-tinyimagenet.pt"
NOTICE = (
    "These pictures come from the small network bundled with Atlas, trained on Tiny ImageNet (202 "
    "classes, about 50 % top-1), and not from GoogLeNet's ImageNet weights, which have to be "
    "downloaded (--weights imagenet)."
)
DOWNLOAD_TIMEOUT = 10.0
"""Seconds without an answer after which a download is given up."""

TENSORS_ALONE = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1", "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "0"}
"""The variables of the environment that have torch load nothing but tensors."""

AUXILIARY_HEADS = ("aux1.", "aux2.", "AuxLogits.")
WRAPPERS = ("state_dict", "model")
DEEPEST = 9
"""Under what names, and how deep within each other, training programs put a state dict."""

FOREIGN = (
    (8, b'{"', "of safetensors"),
    (0, b"\x89HDF", "of HDF5, as Keras writes them"),
    (0, b"version https://git-lfs", "a pointer of Git LFS to the file"),
    (0, b"<", "a web page"),
)
"""What users take for weights: where a mark is in the file, the mark, and what the file is."""

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
    """

    source: str
    name: str
    sha256: str
    classes: int
    notice: str | None
    fallback: str | None = None

    @property
    def remarks(self) -> list[str]:
        """Lines for the log."""
        said = {"NOTICE": self.notice, "auto took the bundled weights": self.fallback}
        return [f"{what}: {text}" for what, text in said.items() if text]

    def as_json(self) -> dict[str, Any]:
        """The weights as a run keeps them, wherever it was made."""
        return {name: value for name, value in asdict(self).items() if name != "fallback"}


def networks() -> list[str]:
    """The names that ``load_model`` knows: Caffe's GoogLeNet and torchvision's classifying CNNs."""
    return [BVLC, *(name for name in _classifiers() if not _is_transformer(name))]


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
    if network in _classifiers() and _is_transformer(network):
        raise UsageError(
            f"{network} is a transformer, which has no convolutional layers to show; "
            "take a convolutional network, such as googlenet or resnet50"
        )
    if network not in networks():
        near = ", ".join(difflib.get_close_matches(network, networks())) or "googlenet"
        raise UsageError(f"there is no network {network!r}; the nearest names: {near}")
    source, path, fallback = _choose(network, weights)
    sha256 = _digest(path)
    model = _published(network, path) if source == "imagenet" else _from_file(network, path, sha256)
    *_, classifier = model.state_dict().values()
    notice = NOTICE if source == "bundled" else None
    info = WeightsInfo(source, display_name(path.name), sha256, len(classifier), notice, fallback)
    return model.eval().requires_grad_(False), info


def normalization(network: str) -> tuple[Sequence[float], Sequence[float]] | None:
    """Mean and standard deviation per channel of the images of torchvision's weights, RGB in 0..1.

    None for a network of which torchvision has no weights.
    """
    if network == BVLC:
        return None
    preparation = get_model_weights(network)["DEFAULT"].transforms()
    return preparation.mean, preparation.std


def fetch(url: str) -> Path:
    """The file behind an address of torchvision's: from torch's cache, or downloaded into it.

    The eight or more hexadecimal digits before the suffix of its name begin its SHA-256. Both a
    cached and a downloaded file are held against them.

    Raises:
        AtlasError: when it can be had from neither.
    """
    name = PurePosixPath(urlparse(url).path)
    expected = name.stem.rpartition("-")[2]
    path = _hub_folder() / "checkpoints" / name.name
    if path.is_file() and _digest(path).startswith(expected):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _socket_timeout(DOWNLOAD_TIMEOUT):
            torch.hub.download_url_to_file(url, str(path), expected, progress=False)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise AtlasError(
            f"{url} cannot be downloaded ({_reason(error)}); "
            f"check the connection, or put the file at {path}"
        ) from error
    return path


def _hub_folder() -> Path:
    """Torch's cache. Raises AtlasError where it would lie in whatever folder is the current one."""
    folder = torch.hub.get_dir()
    if not os.path.isabs(folder):
        raise AtlasError(
            f"torch would keep its downloads in {folder}, which is no absolute path; set HOME or "
            "TORCH_HOME"
        )
    return Path(folder)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file: Caffe's parameters from .npz, a state dict from anything else.

    A state dict may lie under ``state_dict`` or ``model`` and its names begin with ``module.``;
    auxiliary heads are left out. Only tensors are read (``weights_only``): code is refused.

    Raises:
        AtlasError: when there are none, or the file is damaged.
    """
    if path.suffix == ".npz":
        return torch_names(_read_arrays(path))
    content = _unwrap(_read_content(path))
    if not isinstance(content, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    ):
        raise AtlasError(
            f"{path} holds no state dict but {_inventory(content)}; write one with {_HOW_TO_SAVE}"
        )
    for key, value in content.items():
        if flaw := _flaw(value):
            raise AtlasError(f"{path}: {key!r} {flaw}")
    prefix = "module." if all(key.startswith("module.") for key in content) else ""
    state = {key.removeprefix(prefix): value for key, value in content.items()}
    return {key: value for key, value in state.items() if not key.startswith(AUXILIARY_HEADS)}


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


def _classifiers() -> list[str]:
    return list_models(module=torchvision.models)


def _is_transformer(network: str) -> bool:
    module = get_model_builder(network).__module__
    return module.rpartition(".")[2] in ("maxvit", "swin_transformer", "vision_transformer")


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


def _published(network: str, path: Path) -> nn.Module:
    """The trained network of torchvision, from the file that ``fetch`` has put into the cache."""
    # Its own constructor knows the old names in some of its files, and drops GoogLeNet's heads.
    with _explained(path), _tensors_alone():
        model = get_model(network, weights=get_model_weights(network)["DEFAULT"], progress=False)
    if isinstance(model, Inception3):
        model.AuxLogits = None
    return model


def _untrained(network: str, classes: int = 1000) -> nn.Module:
    if network == BVLC:
        return BVLCGoogLeNet(classes)
    bare: dict[str, Any] = {"aux_logits": False, "init_weights": False}
    options = bare if network in ("googlenet", "inception_v3") else {}
    return get_model(network, num_classes=classes, **options)


def _from_file(network: str, path: Path, sha256: str) -> nn.Module:
    if path.suffix == ".npz" and network != BVLC:
        raise AtlasError(f"{path}: an .npz file is for {BVLC}; {network} takes a state dict")
    state = read_weights(path)
    model = _untrained(network)
    # In every network of torchvision the classifier comes last.
    *_, (name, classifier) = model.state_dict().items()
    if name in state and state[name].ndim and len(state[name]) != len(classifier):
        model = _untrained(network, len(state[name]))
    _fill(model, state, f"{path} does not hold the weights of {network}")
    if isinstance(model, GoogLeNet | Inception3):
        published = sha256.startswith(TRANSFORMED_INPUT)
        model.transform_input = published or trained_without_scale(state)
    return model


def _flaw(value: Tensor) -> str | None:
    """Why a tensor of a file cannot be used as it is, if it cannot."""
    if value.layout != torch.strided or value.is_meta or value.is_quantized:
        return "is not a dense tensor of numbers"
    # Of a few bytes repeated by strides of 0 a file can make a tensor that no memory holds.
    if value.nbytes > value.untyped_storage().nbytes():
        return f"has a shape {tuple(value.shape)} of more numbers than the file holds"
    return None


def _inventory(content: object) -> str:
    """What a file holds, in a few words."""
    if not isinstance(content, Mapping):
        return f"one {type(content).__name__}"
    names = [repr(name)[:80] for name in content]
    more = [f"{len(names) - 3} more"] if len(names) > 3 else []
    *first, last = [*names[:3], *more] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def _fill(model: nn.Module, state: Mapping[str, Tensor], complaint: str) -> None:
    """Copy a state dict into a model of the same names and shapes, to the model's precision."""
    own = model.state_dict()
    for key in own:
        # torch before 0.4.1 did not count batches; inference does not need the number.
        if key not in state and not key.endswith(".num_batches_tracked"):
            raise AtlasError(f"{complaint}: {key!r} is missing; it holds {_inventory(state)}")
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


_HOW_TO_SAVE = "torch.save(network.state_dict(), FILE)"


def _read_content(path: Path) -> Any:
    with _explained(path):
        return torch.load(path, map_location="cpu", weights_only=True)


@contextmanager
def _tensors_alone() -> Iterator[None]:
    """Within, whoever calls ``torch.load`` gets tensors, and runs no code that is in a file.

    torchvision asks for anything at all, and knows its files by a few digits of their hash only.
    """
    before = {name: os.environ.get(name) for name in TENSORS_ALONE}
    os.environ.update(TENSORS_ALONE)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say in one line why torch cannot load a file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about foreign pickles, which are refused anyway
            yield
    except Exception as error:  # whatever the first wrong byte leads to
        if code := re.search(r"GLOBAL ([\w.]+)|(TorchScript)", str(error)):
            raise AtlasError(
                f"{path} holds code besides tensors ({code[1] or code[2]}), which is not run; "
                f"write the tensors alone, with {_HOW_TO_SAVE}"
            ) from error
        raise _unreadable(path, (b"PK\x03\x04", b"\x80\x02"), "torch.save") from error


def _read_arrays(path: Path) -> dict[str, Tensor]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(array) for name, array in arrays.items()}
    except Exception as error:
        if isinstance(error, ValueError) and "Object arrays" in str(error):
            raise AtlasError(
                f"{path} holds Python objects besides numbers, which are not read; "
                "write arrays of numbers alone, with numpy.savez"
            ) from error
        raise _unreadable(path, (b"PK\x03\x04",), "numpy.savez") from error


def _unreadable(path: Path, beginnings: tuple[bytes, ...], writer: str) -> AtlasError:
    with path.open("rb") as file:
        content = file.read(30)
    if content.startswith(beginnings):
        return AtlasError(f"{path} is damaged or incomplete, or not written by {writer}")
    known = [kind for place, mark, kind in FOREIGN if content[place:].startswith(mark)]
    return AtlasError(
        f"{path} is no file of weights as {writer} writes them"
        + (f", but {known[0]}; convert or fetch it again" if known else "")
    )


def _unwrap(content: Any) -> Any:
    for _ in range(DEEPEST):  # a pickle may hold itself
        wrapped = content if isinstance(content, dict) else {}
        inner = [wrapped[name] for name in WRAPPERS if isinstance(wrapped.get(name), dict)]
        if not inner:
            break
        content = inner[0]
    return content


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AtlasError(
            f"no weights can be read from {path} ({error.strerror}); "
            "the weights are auto, imagenet, bundled or a file"
        ) from error


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", error)).split())
