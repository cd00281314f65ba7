"""Which layers have the channels of an earlier one, and only fewer positions of them.

A pooling keeps the channels, one by one and in order; so do dropout and the identity, which do
nothing in inference mode. What changes numbers, as a ReLU does, makes other channels.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from atlas.network.network import Network
from atlas.network.parts import part_of, share

POOLINGS = (
    *(nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d),
    *(nn.Identity, nn.Flatten, nn.modules.dropout._DropoutNd),
)
"""Modules that keep the channels where there are as many behind as before."""

FUNCTIONS = {
    *("max_pool2d", "avg_pool2d", "adaptive_max_pool2d", "adaptive_avg_pool2d"),
    *("boolean_dispatch", "dropout", "dropout2d", "flatten", "squeeze", "contiguous", "clone"),
}
"""Functions and methods that do."""

POSITIONS = ((2, 3), (-2, -1), (-1, -2), (3, 2))
"""The axes over which a mean is a pooling."""

Made = tuple[str, Tensor, int]
"""The name of a part, what it gave, and of which version that tensor was."""

Source = Callable[[str], str | None]
"""From a place to the one whose channels it has; None where it has its own."""


def pools(network: Network, layers: Sequence[str]) -> dict[str, str]:
    """The layers that have the channels of an earlier one of these, each with the earliest such.

    Where the network has no graph, only poolings that are modules of torch's are known, and of
    what they are given only what another part gave.

    Args:
        network: whose layers they are.
        layers: by name, in any order.
    """
    source = _in_graph(network) if network.graph else _in_parts(network, layers)
    found: dict[str, str] = {}
    first: dict[str, str] = {}
    for layer in sorted(layers, key=network.depth):
        place: str | None = network.node_of(layer)
        while place is not None:
            if place in first:
                found[layer] = found.get(first[place], first[place])
                break
            place = source(place)
        else:
            first[network.node_of(layer)] = layer
            continue
        first.setdefault(network.node_of(layer), layer)
    return found


def _in_graph(network: Network) -> Source:
    graph = network.graph
    assert graph is not None
    nodes = {node.name: node for node in graph.graph.nodes}

    def source(place: str) -> str | None:
        node = nodes[place]
        if len(node.all_input_nodes) != 1 or not _keeps_channels(node, graph):
            return None
        before = node.all_input_nodes[0].name
        try:
            alike = network.units_at(before) == network.units_at(place)
        except KeyError:  # it has no units
            return None
        return before if alike else None

    return source


def _keeps_channels(node: fx.Node, graph: nn.Module) -> bool:
    if node.op == "call_module":
        return isinstance(graph.get_submodule(str(node.target)), POOLINGS)
    target: Any = node.target
    name = target if isinstance(target, str) else getattr(target, "__name__", "")
    if name == "mean":
        axes = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
        return isinstance(axes, list | tuple) and tuple(axes) in POSITIONS
    return name in FUNCTIONS


def _in_parts(network: Network, layers: Sequence[str]) -> Source:
    """By what the poolings among a module's parts are given: the very tensor of another part."""
    module = share(network.module)
    parts = {name: part for name, part in module.named_modules() if name}
    wanted = {part_of(network.node_of(layer), parts) for layer in layers}
    given: dict[int, Any] = {}
    made: list[Made] = []

    def listen(name: str) -> None:
        def note(part: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                given[len(made)] = inputs[0] if inputs else None
                made.append((name, output, output._version))

        parts[name].register_forward_hook(note)

    for name, part in parts.items():
        if name in wanted or isinstance(part, POOLINGS):
            listen(name)
    side = network.input_size
    image = torch.zeros(1, network.channels, side, side, device=network.device, dtype=network.dtype)
    with torch.no_grad():
        module(image)
    found: dict[str, str | None] = {}
    for place, (name, output, _) in enumerate(made):
        # A part that holds others gives what the last of them gave.
        value = given[place] if isinstance(parts[name], POOLINGS) else output
        # Of one that is called several times nobody can say which call is meant.
        found[name] = None if name in found else _giver(value, made[:place])
    return found.get


def _giver(value: Tensor | None, made: Sequence[Made]) -> str | None:
    """The part that gave a tensor, unless it was overwritten since."""
    for name, output, version in made:
        if output is value and output._version == version:
            return name
    return None
