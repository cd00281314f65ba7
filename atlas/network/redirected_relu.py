"""ReLUs whose gradient reaches silent units (Olah et al. 2017, "Feature Visualization", in Lucid).

A ReLU that is closed everywhere passes no gradient on, and a picture that does not excite its
unit anywhere is never told how it might. Redirected, it lets through what would open it.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn


def redirect_relus(graph: fx.GraphModule) -> None:
    """Replace every ReLU of a graph, in place; the forward pass stays what it was."""
    for node in graph.graph.nodes:
        if is_relu(graph, node):
            node.op, node.target = "call_function", redirected_relu
            node.args, node.kwargs = (node.all_input_nodes[0],), {}


def is_relu(graph: nn.Module, node: fx.Node) -> bool:
    """Whether a node is a ReLU, plain or redirected."""
    if node.op == "call_module":
        return isinstance(graph.get_submodule(str(node.target)), nn.ReLU)
    if node.op == "call_method":
        return node.target == "relu"
    return node.target in (F.relu, torch.relu, redirected_relu)


def redirected_relu(values: Tensor) -> Tensor:
    """The ReLU, image by image (Bx...) with its own gradient where any of it gets through.

    For an image of which nothing gets through, it is that of the identity, as far as a descent
    along it would make the values larger.
    """
    return _RedirectedReLU.apply(values)


class _RedirectedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        rectified = values.relu()
        ctx.save_for_backward(rectified)
        return rectified

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (rectified,) = ctx.saved_tensors
        (gradient,) = gradients
        through = torch.ops.aten.threshold_backward(gradient, rectified, 0)
        closed = torch.linalg.vector_norm(through, dim=tuple(range(1, through.ndim))) == 0
        # Rarely so; but a GPU would have to wait for the answer.
        if not through.is_cuda and not closed.any():
            return through
        images = closed.view(-1, *[1] * (through.ndim - 1))
        return torch.where(images, gradient.clamp(max=0), through)
