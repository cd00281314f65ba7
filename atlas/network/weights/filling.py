"""A network's tensors from a file of weights of any usual form: all of them, or a refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from atlas.errors import AtlasError
from atlas.network.weights.choice import Candidate, Wanted, averages, choose
from atlas.network.weights.head import head_names
from atlas.network.weights.state_dict import flaw, inventory
from atlas.network.weights.weight_file import Content, read_content

AUXILIARY_HEADS = ("aux1.", "aux2.", "AuxLogits.")
"""What torchvision's networks have for training alone."""


@dataclass(frozen=True)
class Found:
    """The weights of a network in a file.

    Attributes:
        candidate: the entry that was taken.
        tensors: by the network's names, those of the head too if the file has it.
        remarks: lines for the log.
    """

    candidate: Candidate
    tensors: dict[str, Tensor]
    remarks: list[str]


def fill(module: nn.Module, path: Path, key: str | None = None) -> list[str]:
    """Fill a module with the weights of a file, matched by name.

    The state dict may lie under any entry and its names have any common prefix. A last layer for
    other classes, or none, leaves the module's as it is; anything else that is missing is refused.

    Args:
        module: gets the file's numbers, in its own precision.
        path: a file of torch.save, safetensors, or NumPy's .npz.
        key: which entry to take, such as ``state_dict_ema``; by default the likeliest.

    Returns:
        Lines for the log: what was taken, what passed over, what else there is.

    Raises:
        AtlasError: when it is no such file, or does not hold the weights; the module is as it was.
    """
    content = read_content(path)
    complaint = f"{path} does not hold the weights of {type(module).__name__}"
    found = find(module, content, key, path.name, complaint)
    left = copy(module, found.tensors, complaint)
    return found.remarks + [_about_head(name, module, found.tensors) for name in left]


def find(module: nn.Module, content: Content, key: str | None, file: str, complaint: str) -> Found:
    """Find the weights of a module in what a file holds.

    Args:
        module: whose names and shapes are wanted.
        content: of the file.
        key: which entry to take.
        file: what to call it in remarks.
        complaint: how a refusal begins.

    Raises:
        AtlasError: when they are not all there, or it holds more of the same network.
    """
    wanted = Wanted(module)
    if not wanted.needed:
        raise AtlasError(f"{complaint}: the network has no weights")
    try:
        candidate, others = choose(wanted, content.value, key, complaint)
    except AtlasError as error:
        raise AtlasError("; ".join([str(error), *content.remarks])) from None
    for name, value in candidate.tensors.items():
        if reason := flaw(value):
            raise AtlasError(f"{complaint}: {name!r} {reason}")
    extras = _extras(candidate)
    _refuse_more_inside(module, candidate, extras, complaint)
    remarks = [
        *content.remarks,
        *_origin(candidate, file),
        *_passed_over(extras, [candidate, *others], content.value, file),
        *_alternatives(candidate, others, file),
    ]
    return Found(candidate, candidate.tensors, remarks)


def copy(module: nn.Module, tensors: dict[str, Tensor], complaint: str) -> list[str]:
    """Copy tensors into a module of their names.

    Returns the names of what of the head is left as it was, since the file has none or another.
    Raises AtlasError, before any is copied, for numbers that are not the module's kind.
    """
    own = module.state_dict()
    unfit = [
        name
        for name in head_names(module)
        if name not in tensors or tensors[name].shape != own[name].shape
    ]
    # A layer stays whole: a bias without its weights would be no head at all.
    layers = {name.rpartition(".")[0] for name in unfit}
    left = [name for name in head_names(module) if name.rpartition(".")[0] in layers]
    ready: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if name in left:
            continue
        if value.is_complex() or (own[name].is_floating_point() and not value.is_floating_point()):
            types = f"{value.dtype} and not {own[name].dtype}"
            raise AtlasError(f"{complaint}: the type of {name!r} is {types}")
        ready[name] = value.to(own[name].dtype)
        if not ready[name].isfinite().all():
            raise AtlasError(f"{complaint}: {name!r} has NaN or infinity in it")
    with torch.no_grad():
        for name, value in ready.items():
            own[name].copy_(value)
    return left


def _about_head(name: str, module: nn.Module, tensors: dict[str, Tensor]) -> str:
    own = module.state_dict()[name]
    rest = "left as it is; pictures of the layers before it do not depend on it"
    if name not in tensors:
        return f"the head {name} is not in the file: {rest}"
    if len(tensors[name]) != len(own):
        counts = f"{len(tensors[name])} classes in the file and {len(own)} in the network"
        return f"the head {name} has {counts}: {rest}"
    if tensors[name].shape != own.shape:
        shapes = f"{tuple(tensors[name].shape)} in the file and {tuple(own.shape)} in the network"
        return f"the head {name} is {shapes}: {rest}"
    return f"the head {name} belongs to one that does not fit: {rest}"


def _extras(candidate: Candidate) -> dict[str, str]:
    """Tensors of the state dict that are not the network's, and their names in it, if any."""
    match = candidate.match
    taken = set(match.names.values())
    names = {key: match.without_prefix(key) or "" for key in candidate.held.tensors}
    return {
        key: name
        for key, name in names.items()
        if key not in taken and not name.startswith(AUXILIARY_HEADS)
    }


def _refuse_more_inside(
    module: nn.Module, candidate: Candidate, extras: dict[str, str], complaint: str
) -> None:
    """Refuse the weights of a deeper network: what is inside a part of this one is used there."""
    match = candidate.match
    buffers = {match.plain(name) for name, _ in module.named_buffers()}
    head = {_part(match.plain(name), match.added) for name in head_names(module)}
    parts = {_part(match.plain(name), match.added) for name in module.state_dict()}
    more = [
        key
        for key, name in extras.items()
        if _part(name, match.added) in parts - head - {""}
        and name not in buffers
        and candidate.held.tensors[key].is_floating_point()
    ]
    if more:
        count = f" and {len(more) - 1} more" if len(more) > 1 else ""
        raise AtlasError(
            f"{complaint}: it has {more[0]!r}{count} besides, within a part of the network that "
            f"has no such layer; it holds {inventory(candidate.held.tensors)}"
        )


def _part(name: str, added: str) -> str:
    """The first part of a module that a name lies in, below what all its names begin with."""
    rest = name.removeprefix(f"{added}.") if added else name
    return rest.partition(".")[0] if "." in rest else ""


def _origin(candidate: Candidate, file: str) -> list[str]:
    """Which entry was taken, and what was done to its names."""
    said = []
    match, held = candidate.match, candidate.held
    if held.module:
        said.append(f"read from a whole module that {file} holds ({held.module}), without its code")
    if held.path:
        said.append(f"taken from the entry {'.'.join(held.path)!r} of {file}")
    if match.prefix:
        said.append(f"the prefix {match.prefix + '.'!r} of its names removed")
    if match.added:
        said.append(f"its names stand for the network's below {match.added + '.'!r}")
    if match.wrapped:
        said.append("what wrappers put into its names passed over")
    return [f"weights: {', '.join(said)}"] if said else []


def _passed_over(
    extras: dict[str, str], fitting: Sequence[Candidate], content: Any, file: str
) -> list[str]:
    """What lies in the entry that was taken, or beside it in the file, and is no weights."""
    held = fitting[0].held
    names = [*extras, *held.others]
    if held.path and isinstance(content, Mapping):
        named = {other.held.path[0] for other in fitting if other.held.path}
        names += [name for name in content if isinstance(name, str) and name not in named]
    if not names:
        return []
    return [f"passed over in {file}: {inventory(dict.fromkeys(names))}"]


def _alternatives(candidate: Candidate, others: Sequence[Candidate], file: str) -> list[str]:
    """Other entries that fit, above all averaged weights, and how to ask for them."""
    lines = [
        f"{file} also holds averaged (EMA) weights; --weights-key {other.name} takes them"
        for other in averages(others)
    ]
    if averages([candidate]) and not lines:
        lines = [f"these are averaged (EMA) weights, under {candidate.name!r}"]
    plain = [other for other in others if other not in averages(others) and other.name]
    return lines + [
        f"{file} also holds weights that fit under {other.name!r}; --weights-key {other.name} "
        "takes them"
        for other in plain
    ]
