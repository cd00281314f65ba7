"""Where the logits are in what a network returns: one number a class, before any softmax."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode

SOFTMAX = (F.softmax, torch.softmax, Tensor.softmax, F.log_softmax, torch.log_softmax)
SOFTMAX += (Tensor.log_softmax,)


def main_part(output: Any) -> Any:
    """Of what a module returns, the part called ``logits``, or of a row the first; or all of it."""
    if isinstance(output, Mapping):
        return output.get("logits")
    if hasattr(output, "logits"):
        return output.logits
    if isinstance(output, list | tuple):
        return output[0] if output else None
    return output


def are_logits(shape: tuple[int, ...], classes: int) -> bool:
    """Whether a tensor of this shape has one number a class; ``classes`` is how many are told."""
    return len(shape) == 2 and shape[1] == classes > 1


def logits_node(graph: fx.GraphModule) -> fx.Node | None:
    """The node that gives what the graph returns, before a final softmax."""
    output = next(node for node in graph.graph.nodes if node.op == "output")
    node = main_part(output.args[0])
    while isinstance(node, fx.Node) and _is_softmax(node, graph):
        node = node.all_input_nodes[0]
    return node if isinstance(node, fx.Node) else None


def _is_softmax(node: fx.Node, graph: fx.GraphModule) -> bool:
    if node.op == "call_module":
        return isinstance(graph.get_submodule(str(node.target)), nn.Softmax | nn.LogSoftmax)
    if node.op == "call_method":
        return node.target in ("softmax", "log_softmax")
    return node.target in SOFTMAX


class Softmaxes(TorchFunctionMode):
    """Remembers what every softmax made, and of what."""

    def __init__(self) -> None:
        super().__init__()
        self._made: list[tuple[Tensor, Tensor]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        value = func(*args, **(kwargs or {}))
        if func in SOFTMAX:
            self._made.append((value, args[0] if args else (kwargs or {})["input"]))
        return value

    def before(self, value: Any) -> Any:
        """What the softmax was given that made a value; else the value itself."""
        return next((given for made, given in self._made if made is value), value)
