"""Every place in a network that can be named: what it is, and what it reads."""

import operator
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import fx, nn

from atlas.network.graph import Stage

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


def find_places(
    module: nn.Module,
    graph: fx.GraphModule,
    paths: Mapping[str, str],
    stages: Mapping[str, Stage],
) -> Places:
    """The places of a traced network.

    Args:
        module: the network.
        graph: the same, traced.
        paths: the node of every name.
        stages: what is known of the output of every node that is a tensor.
    """
    depths: dict[fx.Node, int] = {}
    operations: dict[int, Operation] = {}
    shapes: dict[fx.Node, tuple[int, ...]] = {}
    for depth, node in enumerate(graph.graph.nodes):
        sources = {depths[source] for source in _tensors(node, shapes)}
        # The tensors that are made of weights alone are of no interest here.
        if node.name in stages and (sources or node.op == "placeholder"):
            shapes[node] = stages[node.name].shape
        depths[node] = depth
        operations[depth] = Operation(_kind(node, graph), shapes.get(node), tuple(sorted(sources)))
    by_name = {node.name: node for node in depths}
    modules = dict(module.named_modules())
    named = {}
    for name, target in paths.items():
        depth = depths[by_name[target]]
        kind = type(modules[name]).__name__ if name in modules else operations[depth].kind
        named[name] = Place(depth, kind, operations[depth].shape)
    return Places(named, operations)


def _tensors(node: fx.Node, shapes: Mapping[fx.Node, tuple[int, ...]]) -> Iterator[fx.Node]:
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
