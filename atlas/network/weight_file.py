"""Files of weights: a state dict as torch saves it, or Caffe's parameters as .npz.

What cannot be used is refused with one line that says what is wrong with it, and no code in a file
ever runs.
"""

import hashlib
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from atlas.errors import AtlasError
from atlas.network.bvlc_googlenet import torch_names

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

HOW_TO_SAVE = "torch.save(network.state_dict(), FILE)"


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
            f"{path} holds no state dict but {inventory(content)}; write one with {HOW_TO_SAVE}"
        )
    for key, value in content.items():
        if flaw := _flaw(value):
            raise AtlasError(f"{path}: {key!r} {flaw}")
    prefix = "module." if all(key.startswith("module.") for key in content) else ""
    state = {_current(key.removeprefix(prefix)): value for key, value in content.items()}
    return {key: value for key, value in state.items() if not key.startswith(AUXILIARY_HEADS)}


def _current(key: str) -> str:
    """The name of a tensor today: DenseNet's published files say ``norm.1`` for ``norm1``."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)


def digest(path: Path) -> str:
    """SHA-256 of a file of weights, in hexadecimal. Raises AtlasError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AtlasError(
            f"no weights can be read from {path} ({error.strerror}); "
            "the weights are auto, imagenet, bundled or a file"
        ) from error


def inventory(content: object) -> str:
    """What a file holds, in a few words."""
    if not isinstance(content, Mapping):
        return f"one {type(content).__name__}"
    names = [repr(name)[:80] for name in content]
    more = [f"{len(names) - 3} more"] if len(names) > 3 else []
    *first, last = [*names[:3], *more] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def _read_content(path: Path) -> Any:
    with _explained(path):
        return torch.load(path, map_location="cpu", weights_only=True)


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
                f"write the tensors alone, with {HOW_TO_SAVE}"
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


def _flaw(value: Tensor) -> str | None:
    """Why a tensor of a file cannot be used as it is, if it cannot."""
    if value.layout != torch.strided or value.is_meta or value.is_quantized:
        return "is not a dense tensor of numbers"
    # Of a few bytes repeated by strides of 0 a file can make a tensor that no memory holds.
    if value.nbytes > value.untyped_storage().nbytes():
        return f"has a shape {tuple(value.shape)} of more numbers than the file holds"
    return None
