"""The state dicts in what a file holds, under whatever names training programs put them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from atlas.network.weights.inert_pickle import Inert

USUAL = (
    *("state_dict", "model_state_dict", "model_state", "model", "net_state_dict", "net", "network"),
    *("weights", "params", "module", "_orig_mod", "backbone", "encoder", "state"),
)
"""Names of entries and prefixes under which the weights themselves lie, the likeliest first."""

AVERAGED = {"ema", "swa", "avg", "average", "averaged"}
"""Words in the name of an entry whose weights are an average over training."""

DEEPEST = 9
MOST = 10_000
"""How deep entries are followed, and how many: a pickle may hold itself."""


@dataclass(frozen=True)
class StateDict:
    """Tensors by name, and where in the file they lie.

    Attributes:
        path: the entries within each other; empty for the whole file.
        tensors: by name.
        others: names beside the tensors that hold none.
        module: the class whose pickled module they are read from, if they are.
    """

    path: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    others: tuple[str, ...] = field(default=(), repr=False)
    module: str | None = None


def state_dicts(content: Any) -> list[StateDict]:
    """Every mapping of names to tensors in what a file holds, the outermost first."""
    found: list[StateDict] = []
    waiting: list[tuple[tuple[str, ...], Any]] = [((), content)]
    seen: set[int] = set()
    while waiting and len(seen) < MOST:
        path, value = waiting.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Inert) and _is_module(value):
            tensors = dict(_of_module(value, "", 0))
            found.append(StateDict(path, tensors, module=value.origin))
            continue
        named = _named(value)
        tensors = {name: item for name, item in named.items() if isinstance(item, Tensor)}
        if tensors:
            others = tuple(name for name in named if name not in tensors)
            found.append(StateDict(path, tensors, others))
        if len(path) < DEEPEST:
            inner = {name: item for name, item in named.items() if isinstance(item, Mapping)}
            waiting.extend(((*path, name), item) for name, item in inner.items())
    return found


def inventory(content: object) -> str:
    """What a file holds, in a few words: the first names, and how many more."""
    if isinstance(content, Inert):
        return f"one {content.origin}"
    if not isinstance(content, Mapping):
        return f"one {type(content).__name__}"
    names = [repr(name)[:80] for name in content]
    more = [f"{len(names) - 3} more"] if len(names) > 3 else []
    *first, last = [*names[:3], *more] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def flaw(value: Tensor) -> str | None:
    """Why a tensor of a file cannot be used as it is, if it cannot."""
    if value.layout != torch.strided or value.is_meta or value.is_quantized:
        return "is not a dense tensor of numbers"
    # Of a few bytes repeated by strides of 0 a file can make a tensor that no memory holds.
    if value.nbytes > value.untyped_storage().nbytes():
        return f"has a shape {tuple(value.shape)} of more numbers than the file holds"
    return None


def is_average(path: tuple[str, ...]) -> bool:
    """Whether the names of entries say that these weights are averaged over training."""
    return any(word in AVERAGED for name in path for word in re.split(r"[^a-z0-9]", name.lower()))


def standing(path: tuple[str, ...]) -> tuple[int, int, int]:
    """The lower, the likelier are these the weights meant; equal ones cannot be told apart."""
    if is_average(path):
        return 2, 0, 0
    if not all(name in USUAL for name in path):
        return 1, 0, 0
    return 0, USUAL.index(path[0]) if path else -1, len(path)


def _named(value: Any) -> dict[str, Any]:
    """The entries of a mapping, or the attributes of a stand-in, that have names."""
    held = dict(value) if isinstance(value, Mapping) else {}
    if isinstance(value, Inert) and isinstance(value.state, Mapping):
        held |= value.state
    return {name: item for name, item in held.items() if isinstance(name, str)}


def _is_module(value: Inert) -> bool:
    return isinstance(value.state, Mapping) and "_modules" in value.state


def _of_module(value: Inert, prefix: str, depth: int) -> Iterator[tuple[str, Tensor]]:
    """The state dict of a pickled module, from the tables that every ``nn.Module`` keeps."""
    # Modules lie deeper within each other than entries do; one that holds itself ends here.
    if depth > 50:
        return
    for table in ("_parameters", "_buffers"):
        held = value.state.get(table)
        for name, item in held.items() if isinstance(held, Mapping) else ():
            if isinstance(item, Tensor):
                yield f"{prefix}{name}", item
    inner = value.state.get("_modules")
    for name, item in inner.items() if isinstance(inner, Mapping) else ():
        if isinstance(item, Inert) and _is_module(item):
            yield from _of_module(item, f"{prefix}{name}.", depth + 1)
