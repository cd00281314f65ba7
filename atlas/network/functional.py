"""Turn a graph that overwrites tensors into one that makes new ones, and computes the same.

A layer that is overwritten before it is read would be another; and what nobody reads again is left
out of a graph, though it may have been called for what it overwrites.
"""

import inspect
import operator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, fx

from atlas.network.trace import Untraceable

OUT_OF_PLACE: dict[Any, Any] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
}


class _Made(NamedTuple):
    """Where the value of a node lies in memory: values with the same storage are aliases."""

    storage: int
    geometry: tuple[Any, ...]


class _Watch(fx.Interpreter):
    """Runs a graph, and notes what lies where and which node overwrites what."""

    def __init__(self, graph: fx.GraphModule) -> None:
        # Nothing is freed, so that no two values have the same storage by chance.
        super().__init__(graph, garbage_collect_values=False)
        self.made: dict[fx.Node, _Made] = {}
        self.overwritten: dict[fx.Node, list[fx.Node]] = {}

    def run_node(self, n: fx.Node) -> Any:
        sources = {
            source: self.env[source]
            for source in n.all_input_nodes
            if isinstance(self.env.get(source), Tensor)
        }
        before = {source: value._version for source, value in sources.items()}
        value = super().run_node(n)
        changed = [source for source in sources if sources[source]._version != before[source]]
        if changed:
            self.overwritten[n] = changed
        if isinstance(value, Tensor):
            self.made[n] = _made(value)
        return value


def _made(value: Tensor) -> _Made:
    geometry = (value.storage_offset(), tuple(value.shape), value.stride(), value.dtype)
    return _Made(value.untyped_storage().data_ptr(), geometry)


def make_functional(graph: fx.GraphModule, images: Tensor) -> None:
    """Rewrite a graph in place, by what it overwrites while it runs on the images (BxCxSxS).

    Raises:
        Untraceable: where a view of a tensor is overwritten and the tensor read, or the network's
            own weights are, or by an operation that has no like that makes a new tensor.
        Exception: whatever the module raises that cannot take the images.
    """
    watch = _Watch(graph)
    own = {_made(value).storage for value in graph.state_dict().values()}
    with torch.no_grad():
        watch.run(images.clone())
    order = {node: place for place, node in enumerate(graph.graph.nodes)}
    for node, sources in watch.overwritten.items():
        target = watch.made[sources[0]]
        if target.storage in own:
            raise Untraceable(f"{node.name} changes the network itself")
        if not _make_new(graph, node):
            raise Untraceable(f"{node.name} overwrites a tensor")
        for alias, made in watch.made.items():
            if made.storage != target.storage or order[alias] >= order[node]:
                continue
            later = [user for user in alias.users if order[user] > order[node]]
            if later and made.geometry != target.geometry:
                raise Untraceable(f"{node.name} overwrites what {alias.name} is a part of")
            for user in later:
                user.replace_input_with(alias, node)
    for module in graph.modules():
        if getattr(module, "inplace", False):
            setattr(module, "inplace", False)  # noqa: B010  # not every module has one
    graph.recompile()


def _make_new(graph: fx.GraphModule, node: fx.Node) -> bool:
    """Let a node make a new tensor where it overwrites its first; whether that can be."""
    if node.op == "call_module":
        # One that is called several times may have been changed already.
        return hasattr(graph.get_submodule(str(node.target)), "inplace")
    if node.op == "call_method":
        name = str(node.target).removesuffix("_")
        known = name != node.target and hasattr(Tensor, name)
        node.target = name if known else node.target
        return known
    if node.target in OUT_OF_PLACE:
        node.target = OUT_OF_PLACE[node.target]
        return True
    return _make_function_new(node)


def _make_function_new(node: fx.Node) -> bool:
    """The same for ``F.relu(x, inplace=True)`` and ``torch.relu_(x)``."""
    function: Any = node.target
    try:
        given = inspect.signature(function).bind(*node.args, **node.kwargs)
    except (TypeError, ValueError):  # a function written in C has no signature
        given = None
    if given is not None and given.arguments.get("inplace"):
        given.arguments["inplace"] = False
        node.args, node.kwargs = given.args, given.kwargs
        return True
    name = getattr(function, "__name__", "")
    for home in (torch, F):
        like = getattr(home, name.removesuffix("_"), None)
        if name.endswith("_") and like is not None:
            node.target = like
            return True
    return False
