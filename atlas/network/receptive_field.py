"""What one position of a layer sees of the image, from the windows on the way there."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import fx, nn


class Extent(Enum):
    """A field that is no region of known size."""

    WHOLE = "the whole image"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class ReceptiveField:
    """What one position of a layer sees, per axis, in input pixels.

    Args:
        size: side of the region; with several paths to the input, the largest.
        stride: distance between the regions of neighboring positions.
        center: middle of the first position's region; 0 is the first pixel's middle.
    """

    size: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    center: tuple[float, float] = (0.0, 0.0)

    def through_window(
        self, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
    ) -> "ReceptiveField":
        """The field behind a convolution or pooling.

        Araujo et al. 2019, "Computing Receptive Fields of Convolutional Neural Networks".
        """
        axes = list(zip(self.size, self.stride, self.center, kernel, stride, padding, strict=True))
        return ReceptiveField(
            size=_pair(size + (k - 1) * jump for size, jump, _, k, _, _ in axes),
            stride=_pair(jump * s for _, jump, _, _, s, _ in axes),
            center=_pair(center + ((k - 1) / 2 - p) * jump for _, jump, center, k, _, p in axes),
        )


Field = ReceptiveField | Extent


class Seen(NamedTuple):
    """What a node sees, and for how many positions of the layer that says so."""

    field: Field
    positions: tuple[int, int] | None


POINTWISE_MODULES = (
    *(nn.Identity, nn.Linear, nn.ChannelShuffle, nn.modules.dropout._DropoutNd),
    *(nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.RMSNorm),
    # These divide by statistics of the whole image; what the position itself sees is still what
    # lies before it.
    *(nn.GroupNorm, nn.modules.instancenorm._InstanceNorm, nn.LocalResponseNorm),
)
"""Beside activations, the modules in which each position depends on itself."""

POINTWISE = {
    *("add", "sub", "mul", "div", "truediv", "neg", "pow", "rsub", "where", "cat", "concat"),
    *("relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus"),
    *("hardtanh", "hardswish", "hardsigmoid", "sigmoid", "tanh", "exp", "log", "sqrt", "abs"),
    *("clamp", "clip", "maximum", "minimum", "dropout", "batch_norm", "layer_norm", "linear"),
    *("group_norm", "stochastic_depth", "float", "to", "type", "type_as", "contiguous", "detach"),
    *("clone", "view", "reshape", "flatten", "unflatten", "permute", "transpose", "swapaxes"),
    *("chunk", "split", "tensor_split", "unbind", "stack", "getitem", "unsqueeze", "squeeze"),
    *("expand", "expand_as", "view_as", "size", "getattr", "square", "rsqrt", "redirected_relu"),
}
"""Functions and methods in which each position depends on itself, as long as there are as many
positions behind as before."""

GLOBAL = ("adaptive_avg_pool2d", "adaptive_max_pool2d", "mean", "amax")
"""Functions and methods that see the whole image."""


def seen_by(
    node: fx.Node,
    graph: fx.GraphModule,
    seen: Mapping[fx.Node, Seen],
    positions: tuple[int, int] | None,
) -> Seen:
    """What a node of a functional graph sees.

    Args:
        node: whose output depends on the images.
        graph: it is of.
        seen: the same of the nodes before it that depend on the images.
        positions: rows and columns of its output; None where that is no map.
    """
    if node.op == "placeholder":
        return Seen(ReceptiveField(), positions)
    name = _name(node, graph)
    inputs = [seen[source] for source in node.all_input_nodes if source in seen]
    if name in POINTWISE:
        inputs = _without_gates(inputs)
    fields = [each.field for each in inputs]
    for extent in Extent:
        if extent in fields:
            return Seen(extent, positions)
    widest = _widest([field for field in fields if isinstance(field, ReceptiveField)])
    if window := _window(node, graph):
        return Seen(_through(widest, *window), positions)
    before = {each.positions for each in inputs} - {None}
    if name in POINTWISE and (positions is None or before == {positions}):
        return Seen(widest, positions or next(iter(before), None))
    if name in GLOBAL or positions == (1, 1):
        return Seen(Extent.WHOLE, positions)
    return Seen(Extent.UNKNOWN, positions)


def _without_gates(inputs: list[Seen]) -> list[Seen]:
    """What a node sees, but for gates pooled from the whole image.

    They say how strong a channel is, and nothing of a position (Hu et al. 2018,
    "Squeeze-and-Excitation Networks").
    """
    maps = [each for each in inputs if each.positions not in (None, (1, 1))]
    return maps or inputs


def _name(node: fx.Node, graph: fx.GraphModule) -> str:
    """What a node does: the name of its function or method; ``add`` for a pointwise module."""
    if node.op == "call_module":
        module = graph.get_submodule(str(node.target))
        is_activation = type(module).__module__ == nn.ReLU.__module__
        if isinstance(module, nn.MultiheadAttention):
            return ""
        if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
            return GLOBAL[0]
        return "add" if is_activation or isinstance(module, POINTWISE_MODULES) else ""
    target = node.target
    return target if isinstance(target, str) else getattr(target, "__name__", "")


def _widest(seen: list[ReceptiveField]) -> ReceptiveField:
    """Along each axis the path that sees most: branches of 1x7 and 7x1 together see 7x7."""
    tallest = max(seen, key=lambda field: field.size[0])
    broadest = max(seen, key=lambda field: field.size[1])
    return ReceptiveField(
        size=(tallest.size[0], broadest.size[1]),
        stride=(tallest.stride[0], broadest.stride[1]),
        center=(tallest.center[0], broadest.center[1]),
    )


class _Window(NamedTuple):
    kernel: Any
    stride: Any
    padding: Any
    dilation: Any


def _window(node: fx.Node, graph: fx.GraphModule) -> _Window | None:
    """The window that a convolution, a pooling or a padding moves over its input, if it is one."""
    module = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        dilation = getattr(module, "dilation", 1)
        return _Window(module.kernel_size, module.stride, module.padding, dilation)
    if isinstance(module, nn.ZeroPad2d):
        return _padding(module.padding)
    if node.op != "call_function":
        return None
    if node.target in (F.conv2d, torch.conv2d):
        return _convolution(node, graph)
    given = node.args
    if node.target in (F.max_pool2d, F.avg_pool2d, torch.max_pool2d):
        names = ("input", "kernel_size", "stride", "padding")
        named = dict(zip(names, given, strict=False)) | node.kwargs
        kernel = named["kernel_size"]
        return _Window(kernel, named.get("stride") or kernel, named.get("padding", 0), 1)
    if node.target is F.pad:
        named = dict(zip(("input", "pad"), given, strict=False)) | node.kwargs
        return _padding(named["pad"])
    return None


def _convolution(node: fx.Node, graph: fx.GraphModule) -> _Window | None:
    """The window of a convolution by a weight of the network."""
    names = ("input", "weight", "bias", "stride", "padding", "dilation")
    named = dict(zip(names, node.args, strict=False)) | node.kwargs
    weight = named["weight"]
    if not isinstance(weight, fx.Node) or weight.op != "get_attr":
        return None
    value: Any = graph
    for name in str(weight.target).split("."):
        value = getattr(value, name)
    kernel = tuple(value.shape[2:])
    return _Window(
        kernel, named.get("stride", 1), named.get("padding", 0), named.get("dilation", 1)
    )


def _padding(sides: Any) -> _Window | None:
    """Zeros left, right, above and below: a window of one pixel."""
    whole = isinstance(sides, list | tuple) and all(isinstance(side, int) for side in sides)
    if not whole or len(sides) != 4:
        return None
    return _Window(1, 1, (sides[2], sides[0]), 1)


def _through(
    field: ReceptiveField, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> ReceptiveField:
    spread = _pair((k - 1) * d + 1 for k, d in zip(_two(kernel), _two(dilation), strict=True))
    if isinstance(padding, str):  # "same" or "valid"
        padding = [(side - 1) / 2 * (padding == "same") for side in spread]
    return field.through_window(spread, _two(stride), _two(padding))


def _two(value: Any) -> tuple[Any, Any]:
    return tuple(value) if isinstance(value, list | tuple) else (value, value)


def _pair(values: Any) -> tuple[Any, Any]:
    first, second = values
    return first, second
