"""What one position of a layer sees of the image, from the windows on the way there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn


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


def _field_of(
    node: fx.Node, graph: fx.GraphModule, fields: Mapping[str, ReceptiveField | None]
) -> ReceptiveField | None:
    if node.op == "placeholder":
        return ReceptiveField()
    inputs = [fields[source.name] for source in node.all_input_nodes if source.name in fields]
    seen = [field for field in inputs if field is not None]
    if not seen or len(seen) < len(inputs):
        return None
    # Along each axis the path that sees most: branches of 1x7 and 7x1 together see 7x7.
    tallest = max(seen, key=lambda field: field.size[0])
    broadest = max(seen, key=lambda field: field.size[1])
    widest = ReceptiveField(
        size=(tallest.size[0], broadest.size[1]),
        stride=(tallest.stride[0], broadest.stride[1]),
        center=(tallest.center[0], broadest.center[1]),
    )
    module = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        dilation = _two(getattr(module, "dilation", 1))
        padding = module.padding
        if isinstance(padding, str):  # "same" or "valid"
            padding = [
                d * (k - 1) / 2 * (padding == "same")
                for d, k in zip(dilation, _two(module.kernel_size), strict=True)
            ]
        return _through(widest, module.kernel_size, module.stride, padding, dilation)
    if node.target in (F.max_pool2d, F.avg_pool2d, torch.max_pool2d):
        names = ("input", "kernel_size", "stride", "padding")
        given = dict(zip(names, node.args, strict=False)) | node.kwargs
        kernel = given["kernel_size"]
        return _through(widest, kernel, given.get("stride") or kernel, given.get("padding", 0), 1)
    if isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d) or node.target in (
        F.adaptive_avg_pool2d,
        F.adaptive_max_pool2d,
        torch.mean,
        "mean",
    ):
        return None
    return widest


def _through(
    field: ReceptiveField, kernel: Any, stride: Any, padding: Any, dilation: Any
) -> ReceptiveField:
    spread = _pair((k - 1) * d + 1 for k, d in zip(_two(kernel), _two(dilation), strict=True))
    return field.through_window(spread, _two(stride), _two(padding))


def _two(value: Any) -> tuple[Any, Any]:
    return tuple(value) if isinstance(value, list | tuple) else (value, value)


def _pair(values: Any) -> tuple[Any, Any]:
    first, second = values
    return first, second
