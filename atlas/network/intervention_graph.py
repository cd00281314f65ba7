"""Interventions in the graph of a network: only what is behind the layer is computed again."""

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx
from torch.fx.node import map_arg

from atlas.network.early_exit import ancestors
from atlas.network.graph import outputs_of
from atlas.network.logits import are_logits, logits_node
from atlas.network.network import Network
from atlas.network.simplify import simplify

Ends = tuple[str, str | None]


class _Route(NamedTuple):
    """From a node to a later one: what is computed again, and what of the images is kept for it."""

    source: fx.Node
    steps: list[fx.Node]
    kept: set[fx.Node]
    end: fx.Node


class GraphIntervention:
    """As ``Intervention``; arguments as of ``intervention``."""

    def __init__(self, network: Network, layers: Collection[str], ways: Collection[Ends]) -> None:
        assert network.graph is not None
        graph = copy.deepcopy(network.graph)
        side = network.input_size
        blank = torch.zeros(1, network.channels, side, side).to(network.device, network.dtype)
        outputs, _ = outputs_of(graph, blank)
        last = logits_node(graph)
        found = outputs.get(last.name) if last else None
        known = found is not None and are_logits(found.shape, network.weights.classes)
        self.classes = network.weights.classes if known else 0
        places = {layer: network.node_of(layer) for layer in layers}
        ends: dict[str | None, str] = {**places}
        if last and known:
            ends[None] = last.name
        simplify(graph, set(ends.values()))
        # What was folded is in float64.
        graph.to(network.dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._interpreter = fx.Interpreter(graph)
        self._nodes = {node.name: node for node in graph.graph.nodes}
        # A number that is none of a tensor may be the size of the batch.
        self._tensors = set(outputs)
        self._shared = network.shared
        self._places = {layer: self._nodes[place] for layer, place in places.items()}
        self._routes = {
            way: self._route(places[way[0]], ends[way[1]]) for way in ways if way[1] in ends
        }

    def _route(self, source: str, end: str) -> _Route:
        start, last = self._nodes[source], self._nodes[end]
        behind = {start}
        for node in self._nodes.values():
            if any(before in behind for before in node.all_input_nodes):
                behind.add(node)
        again: set[fx.Node] = set()
        kept: set[fx.Node] = set()
        waiting = [last]
        while waiting:
            node = waiting.pop()
            if node is start or node in again or node in kept:
                continue
            if node in behind or (node.op != "placeholder" and node.name not in self._tensors):
                again.add(node)
                waiting += node.all_input_nodes
            else:
                kept.add(node)
        steps = [node for node in self._nodes.values() if node in again]
        return _Route(start, steps, kept, last)

    def begin(
        self, images: Tensor, layers: Collection[str], ways: Collection[Ends]
    ) -> "_BegunInGraph":
        """As of ``Intervention``."""
        routes = [self._routes[way] for way in ways]
        kept = {node for route in routes for node in (route.source, *route.kept)}
        kept |= {self._places[layer] for layer in layers}
        needed = ancestors(list(kept))
        steps = [node for node in self._nodes.values() if node in needed]
        last_use = {source: step for step in steps for source in step.all_input_nodes}
        values: dict[fx.Node, Any] = {}
        given = [images.to(memory_format=torch.channels_last)]
        with torch.no_grad():
            for step in steps:
                if step.op == "placeholder":
                    # Behind the images are arguments that have their defaults.
                    values[step] = given.pop() if given else step.args[0]
                else:
                    values[step] = self.run(step, values)
                for source in step.all_input_nodes:
                    if last_use[source] is step and source not in kept:
                        del values[source]
        return _BegunInGraph(self, values)

    def run(self, node: fx.Node, values: Mapping[fx.Node, Any]) -> Any:
        """What a node makes of the values of those before it."""
        args = map_arg(node.args, values.__getitem__)
        kwargs = map_arg(node.kwargs, values.__getitem__)
        return getattr(self._interpreter, node.op)(node.target, args, kwargs)

    def route(self, way: Ends) -> _Route:
        """What is computed on a way."""
        return self._routes[way]

    def place(self, layer: str) -> fx.Node:
        """The node of a layer."""
        return self._places[layer]

    def rows_of(self, node: fx.Node, value: Any, rows: Sequence[int]) -> Any:
        """A value for some of the images, whatever of it is of images at all."""
        whole = node.name in self._shared or not isinstance(value, Tensor)
        return value if whole else value[list(rows)]


class _BegunInGraph:
    """As ``Begun``."""

    def __init__(self, ways: GraphIntervention, values: Mapping[fx.Node, Any]) -> None:
        self._ways = ways
        self._values = values

    def value(self, layer: str, rows: Sequence[int]) -> Tensor:
        node = self._ways.place(layer)
        return self._ways.rows_of(node, self._values[node], rows)

    def go_on(self, way: Ends, rows: Sequence[int], value: Tensor) -> Tensor:
        route = self._ways.route(way)
        values: dict[fx.Node, Any] = {
            node: self._ways.rows_of(node, self._values[node], rows) for node in route.kept
        }
        values[route.source] = value
        last_use = {source: step for step in route.steps for source in step.all_input_nodes}
        for step in route.steps:
            values[step] = self._ways.run(step, values)
            for source in step.all_input_nodes:
                if last_use[source] is step and source is not route.end:
                    del values[source]
        return values[route.end]
