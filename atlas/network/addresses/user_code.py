"""A network made by the user's own code: an attribute of a file or module of Python.

Whatever goes wrong in that code becomes one line that says where in it.
"""

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from atlas.errors import AtlasError, UsageError, reason_of
from atlas.network.addresses.address import Address


def make_network(address: Address, arguments: Mapping[str, Any]) -> nn.Module:
    """The module at an address, or what the callable there makes.

    A network that draws its weights by lot has the same ones each time.

    Raises:
        UsageError: for arguments to what is no callable.
        AtlasError: where the code cannot be loaded, fails, or makes something else.
    """
    importable(os.getcwd())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        code = _load_file(Path(address.place)) if address.kind == "file" else _load_module(address)
        found = _attribute(code, address)
        if isinstance(found, nn.Module):
            if arguments:
                raise UsageError(f"{address.name} is a network already; it takes no network_args")
            return found
        if not callable(found):
            raise AtlasError(_no_network(f"{address.name} is", found))
        torch.manual_seed(0)  # again: a file that is loaded already has drawn nothing
        with explained(f"{address.name} cannot be called", code.__file__):
            made = found(**arguments)
    if not isinstance(made, nn.Module):
        raise AtlasError(_no_network(f"{address.name} made", made))
    return made


def importable(folder: str) -> None:
    """Let Python find what lies in a folder, as it does beside a script."""
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _load_file(path: Path) -> ModuleType:
    whole = path.absolute()
    if not whole.is_file():
        raise AtlasError(f"there is no file {path} to take a network from")
    importable(str(whole.parent))
    known = sys.modules.get(whole.stem)
    if known is not None and getattr(known, "__file__", None) == str(whole):
        return known
    # A file may be called as a package that is loaded already, and that others need.
    name = whole.stem if known is None else f"atlas_network_{whole.stem}"
    spec = importlib.util.spec_from_file_location(name, whole)
    assert spec is not None and spec.loader is not None  # as it ends in .py
    code = importlib.util.module_from_spec(spec)
    sys.modules[name] = code
    try:
        with explained(f"{path} cannot be loaded", str(whole)):
            spec.loader.exec_module(code)
    except AtlasError:
        del sys.modules[name]
        raise
    return code


def _load_module(address: Address) -> ModuleType:
    with explained(f"{address.place} cannot be imported", None):
        return importlib.import_module(address.place)


def _attribute(code: ModuleType, address: Address) -> Any:
    found: Any = code
    for name in address.attribute.split("."):
        if not hasattr(found, name):
            there = [each for each in dir(found) if not each.startswith("_")]
            near = get_close_matches(name, there, n=3, cutoff=0.4) or there[:3]
            hint = f"; the nearest names are {', '.join(near)}" if near else ""
            raise AtlasError(f"{address.name}: there is no {name!r} in it{hint}")
        found = getattr(found, name)
    return found


@contextmanager
def explained(what: str, file: str | None) -> Iterator[None]:
    """Turn whatever code of others raises into one line.

    Args:
        what: cannot be done.
        file: of which the line is named; by default the last file that the error went through.
    """
    try:
        yield
    except (Exception, SystemExit) as error:  # a script may end the program as it is loaded
        kind = type(error).__name__
        said = reason_of(error)
        said = kind if said == kind else f"{kind}: {said}"
        raise AtlasError(f"{what}: {_place(error, file)}{said}") from error


def _place(error: BaseException, file: str | None) -> str:
    """Where in a file an error came from, for the beginning of a message."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}: "
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if file is not None and frame.filename == file]
    machinery = (__file__, importlib.__file__)
    others = [
        each
        for each in frames
        if each.filename not in machinery and not each.filename.startswith("<frozen")
    ]
    if not (where := own or others):
        return ""
    return f"{Path(where[-1].filename).name}, line {where[-1].lineno}: "


def _no_network(what: str, value: Any) -> str:
    return f"{what} {type(value).__name__}, and no torch.nn.Module or callable that makes one"
