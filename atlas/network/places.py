"""Every place in a network that can be named: what it is, and what it reads."""

import operator
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import fx, nn

from atlas.network.anatomy import Anatomy
from atlas.network.graph import Stage
from atlas.network.parts import part_of

MEASURES = ("getattr", "size", "dim", "numel")
"""What takes of a tensor its shape alone."""


@dataclass(frozen=True)
class Place:
    """A place that can be named.

    Args:
        depth: of the operation whose output it is, in the order of computation. A module is the
            last operation inside it, so that several names may have one depth.
        kind: the class of the module, or what the operation is called.
        shape: of its output for one image, units first; None for what is no tensor.
    """

    depth: int
    kind: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Operation:
    """One step of the computation.

    Args:
        kind: the class of the module, or what the operation is called.
        shape: of its output for one image, units first; None for what is no tensor.
        sources: depths of the operations whose tensors it reads, as far as these come of the image;
            None where nobody knows, as without a graph.
    """

    kind: str
    shape: tuple[int, ...] | None
    sources: tuple[int, ...] | None


@dataclass(frozen=True)
class Places:
    """The places of a network by name, and its operations by depth."""

    named: Mapping[str, Place]
    operations: Mapping[int, Operation]

    @cached_property
    def spans(self) -> Mapping[str, tuple[int, int]]:
        """Depths of the first and the last operation inside every name."""
        inside = defaultdict(list)
        for name, place in self.named.items():
            for above in prefixes(name):
                inside[above].append(place.depth)
        return {name: (min(depths), max(depths)) for name, depths in inside.items()}

    @cached_property
    def readers(self) -> Mapping[int, list[int]]:
        """Depths of the operations that read the tensor of each."""
        found = defaultdict(list)
        for depth, operation in self.operations.items():
            for source in operation.sources or ():
                if operation.kind not in MEASURES:
                    found[source].append(depth)
        return found


def find_places(module: nn.Module, anatomy: Anatomy) -> Places:
    """The places of a network.

    Args:
        module: the network.
        anatomy: what is known of it.
    """
    modules = dict(module.named_modules())
    if anatomy.graph is not None:
        operations, depths = _operations(anatomy.graph, anatomy.stages)
    else:
        depths = anatomy.order
        operations = {
            depth: Operation(
                type(modules[part_of(name, modules)]).__name__,
                _shape(anatomy.stages.get(name)),
                None,
            )
            for name, depth in depths.items()
        }
    named = {}
    for name, target in anatomy.paths.items():
        operation = operations[depths[target]]
        kind = type(modules[name]).__name__ if name in modules else operation.kind
        named[name] = Place(depths[target], kind, operation.shape)
    return Places(named, operations)


def _operations(
    graph: fx.GraphModule, stages: Mapping[str, Stage]
) -> tuple[dict[int, Operation], dict[str, int]]:
    """The operations of a graph by depth, and the depth of each node by its name."""
    depths: dict[fx.Node, int] = {}
    operations: dict[int, Operation] = {}
    shapes: dict[fx.Node, tuple[int, ...] | None] = {}
    for depth, node in enumerate(graph.graph.nodes):
        sources = {depths[source] for source in _tensors(node, shapes)}
        # The tensors that are made of weights alone are of no interest here.
        if node.name in stages and (sources or node.op == "placeholder"):
            shapes[node] = _shape(stages[node.name])
        depths[node] = depth
        operations[depth] = Operation(_kind(node, graph), shapes.get(node), tuple(sorted(sources)))
    return operations, {node.name: depth for node, depth in depths.items()}


def _shape(stage: Stage | None) -> tuple[int, ...] | None:
    """The shape of an output, units first; of one without positions, units alone."""
    if stage is None:
        return None
    return stage.shape if stage.has_positions else stage.shape[:1]


def _tensors(node: fx.Node, shapes: Mapping[fx.Node, tuple[int, ...] | None]) -> Iterator[fx.Node]:
    """The nodes whose tensors a node reads, also as parts of a tuple that lies between."""
    for source in node.all_input_nodes:
        if source in shapes:
            yield source
        elif _operation(source) not in MEASURES:
            yield from _tensors(source, shapes)


def _kind(node: fx.Node, graph: fx.GraphModule) -> str:
    if node.op == "call_module":
        return type(graph.get_submodule(str(node.target))).__name__
    return _operation(node)


def _operation(node: fx.Node) -> str:
    if node.target is operator.getitem:
        return "part"
    return getattr(node.target, "__name__", str(node.target))


def prefixes(name: str) -> Iterator[str]:
    """``a``, ``a.b`` and ``a.b.c`` of ``a.b.c``."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])
