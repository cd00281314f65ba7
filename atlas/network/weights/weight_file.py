"""Files of weights: what they hold, as tensors and plain Python values.

Files of torch.save of any age, safetensors, and NumPy's .npz. What cannot be used is refused with
one line that says what it is, and no code in a file ever runs.
"""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from atlas.errors import AtlasError
from atlas.network.weights.foreign_file import foreign
from atlas.network.weights.inert_file import read_inertly


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        value: tensors within mappings, and whatever else lies there; inert stand-ins for objects.
        remarks: lines for the log.
    """

    value: Any
    remarks: tuple[str, ...] = ()


def digest(path: Path) -> str:
    """SHA-256 of a file of weights, in hexadecimal. Raises AtlasError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _absent(path, error) from error


def read_content(path: Path) -> Content:
    """Read a file of weights.

    First only tensors are read (``weights_only``). Where torch refuses a file for what else it
    holds, that is stood in for by inert objects; code is never run.

    Raises:
        AtlasError: when it is damaged, or no file of weights; says what it is.
    """
    try:
        if path.suffix == ".npz":
            return Content(_read_arrays(path))
        if kind := foreign(path):
            raise AtlasError(f"{path} is {kind}")
        if _is_safetensors(path):
            return Content(_read_safetensors(path))
    except OSError as error:
        raise _absent(path, error) from error
    return _read_pickled(path)


def _absent(path: Path, error: OSError) -> AtlasError:
    return AtlasError(
        f"no weights can be read from {path} ({error.strerror}); "
        "the weights are auto, imagenet, bundled or a file"
    )


def _read_pickled(path: Path) -> Content:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about foreign pickles, which are read inertly
            return Content(torch.load(path, map_location="cpu", weights_only=True))
    except Exception:  # of many kinds: whatever torch meets besides tensors
        pass
    try:
        value, met = read_inertly(path)
    except Exception as error:  # whatever the first wrong byte leads to
        raise _unreadable(path, (b"PK\x03\x04", b"\x80"), "torch.save") from error
    if not met:
        return Content(value)
    more = f" and {len(met) - 3} more" if len(met) > 3 else ""
    names = ", ".join(name[:80] for name in sorted(met)[:3])
    return Content(
        value, (f"{path.name} names code ({names}{more}), which was neither loaded nor run",)
    )


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".safetensors" or file.read(9)[8:] == b"{"


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file  # only where one is given

    try:
        return load_file(path)
    except OSError:
        raise
    except Exception as error:  # of a kind of its own for what its writer never wrote
        reason = str(error).partition("\n")[0]
        raise AtlasError(
            f"{path} is damaged or incomplete, or not written by safetensors ({reason}); "
            "fetch it again"
        ) from error


def _read_arrays(path: Path) -> dict[str, Tensor]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(array) for name, array in arrays.items()}
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise
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
        return AtlasError(
            f"{path} is damaged or incomplete, or not written by {writer}; fetch it again"
        )
    return AtlasError(f"{path} is no file of weights as {writer} writes them")
