"""The branches of a concatenation, and which units of its layer come from which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import fx

from atlas.network.graph import Stage

if TYPE_CHECKING:
    from atlas.network.network import Network


@dataclass(frozen=True)
class Branch:
    """Consecutive units of a layer that come from one branch of a concatenation."""

    name: str
    first: int
    units: int


def branches(
    graph: fx.GraphModule, node: str, paths: Mapping[str, str], stages: Mapping[str, Stage]
) -> tuple[Branch, ...]:
    """Which units of ``node`` come from which branch; empty unless it concatenates units.

    ``paths`` gives the node of every nameable place; a branch is called by what tells the name of
    its last node from those of the other branches.
    """
    parts = concatenated(next(n for n in graph.graph.nodes if n.name == node))
    if not parts:
        return ()
    longest = {name: tuple(path.split(".")) for path, name in paths.items()}
    names = [longest.get(part.name, (part.name,)) for part in parts]
    lengths = [len(name) for name in names]
    shared = max(n for n in range(min(lengths)) if len({name[:n] for name in names}) == 1)
    told_apart = min(
        n
        for n in range(shared + 1, max(lengths) + 1)
        if len({name[:n] for name in names}) == len(set(names))
    )
    found_branches, first = [], 0
    for part, name in zip(parts, names, strict=True):
        units = stages[part.name].shape[0]
        found_branches.append(Branch(".".join(name[shared:told_apart]), first, units))
        first += units
    return tuple(found_branches)


def concatenated(node: fx.Node) -> Sequence[fx.Node]:
    """The nodes whose units a node puts one after the other; none where it does something else."""
    if node.target is not torch.cat:
        return ()
    parts = node.args[0]
    axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
    return parts if axis == 1 and isinstance(parts, list | tuple) else ()  # type: ignore[return-value]


def in_branch(network: "Network", layer: str, unit: int) -> tuple[str, int]:
    """The same unit as one of a branch that the layer concatenates, where that has a name.

    What is computed of the branch alone is less than what is of the layer.
    """
    for branch in network.layer(layer).branches:
        own = unit - branch.first
        name = f"{layer}.{branch.name}"
        if 0 <= own < branch.units and network.has(name):
            return name, own
    return layer, unit
