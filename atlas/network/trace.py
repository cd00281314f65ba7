"""From a module to its graph, and to the names of the places in it."""

import inspect
import operator
from collections.abc import Callable
from typing import Any

from torch import fx, nn
from torchvision.models.feature_extraction import NodePathTracer

from atlas.errors import reason_of


class Untraceable(Exception):
    """Why a module has no graph that computes the same: in a few words."""


def trace(module: nn.Module) -> tuple[fx.GraphModule, dict[str, str]]:
    """The graph of a module, and for every name a user may give, its node.

    Operations in place stay what they are. Arguments of the module's ``forward`` beside the images
    have their defaults. Raises Untraceable for a module that branches on values, for example.
    """
    tracer = _Tracer()
    try:
        graph = tracer.trace(module, concrete_args=_defaults(module))
        made = fx.GraphModule(module, graph)
    except Exception as error:  # fx lets whatever the module's forward raises escape
        raise Untraceable(f"torch.fx cannot trace it: {reason_of(error)}") from error
    paths: dict[str, str] = {}
    for node in graph.nodes:
        if node.op in ("placeholder", "output", "get_attr"):
            continue
        parts = tracer.node_to_qualname[node].split(".")
        for length in range(1, len(parts) + 1):
            paths[".".join(parts[:length])] = node.name
    return made, paths


def _defaults(module: nn.Module) -> dict[str, Any]:
    """The arguments of a forward beside the images, which have their defaults."""
    _, *others = inspect.signature(module.forward).parameters.values()
    return {
        each.name: each.default
        for each in others
        if each.kind is each.POSITIONAL_OR_KEYWORD or each.kind is each.KEYWORD_ONLY
    }


class _Tracer(NodePathTracer):
    """A tracer that knows ``x += y`` from ``x + y``, and a module of torch in a subclass of it."""

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Proxy(node, self)

    def is_leaf_module(self, m: nn.Module, module_qualname: str) -> bool:
        # A subclass that computes as torch's class does, such as a convolution with another start.
        ways = ("forward", "_conv_forward")
        known = next(kind for kind in type(m).__mro__ if kind.__module__.startswith("torch.nn."))
        inherited = known is not nn.Module and not any(m.children())
        same = all(getattr(type(m), way, None) is getattr(known, way, None) for way in ways)
        return (inherited and same) or super().is_leaf_module(m, module_qualname)


class _Proxy(fx.Proxy):
    """What stands for a tensor while its module is traced: Python would take + for a missing +=."""


def _in_place(name: str) -> Callable[[fx.Proxy, Any], Any]:
    target = getattr(operator, name)

    def assign(self: fx.Proxy, other: Any) -> Any:
        # Called as the operation that makes a new tensor, which it becomes.
        plain = name.removeprefix("i")
        return self.tracer.create_proxy("call_function", target, (self, other), {}, plain)

    return assign


for _name in ("iadd", "isub", "imul", "itruediv"):
    setattr(_Proxy, f"__{_name}__", _in_place(_name))


def top_level(module: nn.Module) -> list[str]:
    """Names of a network's top-level modules; of those of ``features`` where it has such a part."""
    found = []
    for name, child in module.named_children():
        inside = [f"features.{inner}" for inner, _ in child.named_children()]
        found += inside if name == "features" else [name]
    return found
