"""Which state dict of a file, under which prefix, is the network's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from atlas.errors import AtlasError
from atlas.network.weights.head import head_names
from atlas.network.weights.name_match import Match, matches
from atlas.network.weights.state_dict import StateDict, inventory, is_average, standing, state_dicts

UNCOUNTED = ".num_batches_tracked"
"""torch before 0.4.1 did not count batches; inference does not need the number."""

HOW_TO_SAVE = "torch.save(network.state_dict(), FILE)"


@dataclass(frozen=True)
class Candidate:
    """Tensors of a file under one prefix, and what of a network they are.

    Attributes:
        held: the state dict.
        match: which of its names stand for which of the network's.
    """

    held: StateDict
    match: Match

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The entries and the parts of the prefix, which tell candidates of a file apart."""
        prefix = tuple(self.match.prefix.split(".")) if self.match.prefix else ()
        return (*self.held.path, *prefix)

    @property
    def name(self) -> str:
        """By which a user asks for it."""
        return ".".join(self.path)

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """The file's tensors by the network's names."""
        return {name: self.held.tensors[key] for name, key in self.match.names.items()}


class Wanted:
    """What a network needs of a file.

    Args:
        module: the network.
    """

    def __init__(self, module: nn.Module) -> None:
        self.own: Mapping[str, Tensor] = module.state_dict()
        self.head = head_names(module)
        self.needed = [name for name in self.own if not name.endswith(UNCOUNTED)]

    def missing(self, candidate: Candidate) -> list[str]:
        """Names of what is not in the file and must be."""
        return [
            name
            for name in self.needed
            if name not in candidate.match.names and not self.head.get(name, False)
        ]

    def other_shapes(self, candidate: Candidate) -> list[str]:
        """Names of what has another shape in the file, but for the head."""
        return [
            name
            for name, value in candidate.tensors.items()
            if value.shape != self.own[name].shape and name not in self.head
        ]

    def fits(self, candidate: Candidate) -> bool:
        """Whether a file has all that is needed, in its shape."""
        return not self.missing(candidate) and not self.other_shapes(candidate)


def candidates(wanted: Wanted, content: Any) -> list[Candidate]:
    """All state dicts and prefixes under which some name of a network lies."""
    return [
        Candidate(held, match)
        for held in state_dicts(content)
        for match in matches(wanted.own, held.tensors)
    ]


def choose(
    wanted: Wanted, content: Any, key: str | None, complaint: str
) -> tuple[Candidate, list[Candidate]]:
    """The candidate that is the network's, and the others that could have been.

    Args:
        wanted: what the network needs.
        content: what the file holds.
        key: the entry to take.
        complaint: how a refusal begins.

    Raises:
        AtlasError: when there is none, or several of which none is the likeliest.
    """
    found = candidates(wanted, content)
    if key is not None:
        found = _under(found, key, content, complaint)
    fitting = [candidate for candidate in found if wanted.fits(candidate)]
    if not fitting:
        raise AtlasError(f"{complaint}: {_why_not(wanted, found, content)}")
    fitting.sort(key=lambda candidate: standing(candidate.path))
    first = fitting[0]
    others = [other for other in fitting[1:] if not _same(first, other)]
    if any(standing(other.path) == standing(first.path) for other in others):
        names = ", ".join(repr(each.name) for each in fitting[:5])
        raise AtlasError(
            f"{complaint} alone: several entries fit it, {names}; say which with "
            f"--weights-key, such as --weights-key {first.name}"
        )
    return first, others


def _under(found: list[Candidate], key: str, content: Any, complaint: str) -> list[Candidate]:
    """The candidates of an entry that was asked for, or within it."""
    asked = key.rstrip(".")
    chosen = [each for each in found if f"{each.name}.".startswith(f"{asked}.")]
    exact = [each for each in chosen if each.name == asked]
    if not chosen:
        entries = dict.fromkeys(".".join(held.path) for held in state_dicts(content) if held.path)
        names = ", ".join(repr(name) for name in list(entries)[:8]) or inventory(content)
        raise AtlasError(f"{complaint} under the key {key!r}; it holds {names}")
    return exact or chosen


def _why_not(wanted: Wanted, found: Sequence[Candidate], content: Any) -> str:
    """What the state dict that comes nearest lacks, and what it holds."""
    if not found:
        held = max(state_dicts(content), key=lambda each: len(each.tensors), default=None)
        if held is None:
            kind = "" if content == {} else "no state dict but "
            return f"it holds {kind}{inventory(content)}; write one with {HOW_TO_SAVE}"
        return f"{_lacking(wanted, wanted.needed)}; it holds {_holding(held)}"
    best = min(found, key=lambda each: (len(wanted.missing(each)), len(wanted.other_shapes(each))))
    if missing := wanted.missing(best):
        return f"{_lacking(wanted, missing)}; it holds {_holding(best.held)}"
    other = wanted.other_shapes(best)
    name = other[0]
    shapes = f"{tuple(best.tensors[name].shape)} and not {tuple(wanted.own[name].shape)}"
    more = f", and {len(other) - 1} more have another shape" if len(other) > 1 else ""
    return f"the shape of {name!r} is {shapes}{more}; it holds {_holding(best.held)}"


def _lacking(wanted: Wanted, missing: Sequence[str]) -> str:
    return f"{missing[0]!r} is missing ({len(missing)} of {len(wanted.needed)} are)"


def _holding(held: StateDict) -> str:
    where = f", under {'.'.join(held.path)!r}" if held.path else ""
    return f"{inventory(held.tensors)} ({len(held.tensors)} tensors{where})"


def _same(one: Candidate, other: Candidate) -> bool:
    """Whether two entries hold the same numbers, such as one state dict under two names."""
    return one.tensors.keys() == other.tensors.keys() and all(
        value.shape == other.tensors[name].shape and torch.equal(value, other.tensors[name])
        for name, value in one.tensors.items()
    )


def averages(others: Sequence[Candidate]) -> list[Candidate]:
    """Those of averaged weights."""
    return [other for other in others if is_average(other.path)]
