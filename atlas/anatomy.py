"""What a network's graph says of its layers: units, stride, receptive field, branches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

PROBE_SIZE = 224
"""Side of a probe image in pixels; heights and widths of layers are given for it."""


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


@dataclass(frozen=True)
class Branch:
    """Consecutive units of a layer that come from one branch of a concatenation."""

    name: str
    first: int
    units: int


@dataclass(frozen=True)
class Stage:
    """The output of one node of the graph.

    Args:
        shape: for one 3x224x224 image, without the batch axis; units come first.
        field: receptive field; None where every position sees the whole image.
        rectified: whether activations are never negative, as seen on one image of noise.
    """

    shape: tuple[int, ...]
    field: ReceptiveField | None
    rectified: bool


def anatomy(graph: fx.GraphModule) -> dict[str, Stage]:
    """Describe every node whose output is a tensor over a batch, by running noise through it."""
    outputs: dict[str, Tensor] = {}

    class Recorder(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if isinstance(value, Tensor) and n.op not in ("get_attr", "output"):
                outputs[n.name] = value
            return value

    parameter = next(graph.parameters())
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1, 3, PROBE_SIZE, PROBE_SIZE, generator=generator)
    with torch.inference_mode():
        Recorder(graph).run(noise.to(parameter))

    fields: dict[str, ReceptiveField | None] = {}
    stages: dict[str, Stage] = {}
    for node in graph.graph.nodes:
        value = outputs.get(node.name)
        if value is None:  # the parts of a tensor, its sizes: they see what it sees
            if any(source.name in fields for source in node.all_input_nodes):
                fields[node.name] = _field_of(node, graph, fields)
        else:
            # Five axes while units are shuffled between groups; fewer than four: no positions.
            fields[node.name] = _field_of(node, graph, fields) if value.ndim >= 4 else None
            rectified = bool((value >= 0).all())
            stages[node.name] = Stage(tuple(value.shape[1:]), fields[node.name], rectified)
    return stages


def smallest_input(graph: fx.GraphModule, node: str) -> int:
    """Smallest side in pixels of an image for which ``node`` has an output, up to 224."""
    low, high = 1, PROBE_SIZE
    while low < high:
        middle = (low + high) // 2
        if _reaches(graph, node, middle):
            high = middle
        else:
            low = middle + 1
    return low


def branches(
    graph: fx.GraphModule, node: str, paths: Mapping[str, str], stages: Mapping[str, Stage]
) -> tuple[Branch, ...]:
    """Which units of ``node`` come from which branch; empty unless it concatenates units.

    ``paths`` gives the node of every nameable place; a branch is called by what tells the name of
    its last node from those of the other branches.
    """
    parts = concatenated(next(n for n in graph.graph.nodes if n.name == node))
    if not parts:
        return ()
    longest = {name: tuple(path.split(".")) for path, name in paths.items()}
    names = [longest.get(part.name, (part.name,)) for part in parts]
    lengths = [len(name) for name in names]
    shared = max(n for n in range(min(lengths)) if len({name[:n] for name in names}) == 1)
    told_apart = min(
        n
        for n in range(shared + 1, max(lengths) + 1)
        if len({name[:n] for name in names}) == len(set(names))
    )
    found_branches, first = [], 0
    for part, name in zip(parts, names, strict=True):
        units = stages[part.name].shape[0]
        found_branches.append(Branch(".".join(name[shared:told_apart]), first, units))
        first += units
    return tuple(found_branches)


def concatenated(node: fx.Node) -> Sequence[fx.Node]:
    """The nodes whose units a node puts one after the other; none where it does something else."""
    if node.target is not torch.cat:
        return ()
    parts = node.args[0]
    axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
    return parts if axis == 1 and isinstance(parts, list | tuple) else ()  # type: ignore[return-value]


def _reaches(graph: fx.GraphModule, node: str, size: int) -> bool:
    class UpTo(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if n.name == node:
                raise _Reached(value)
            return value

    image = torch.zeros(1, 3, size, size).to(next(graph.parameters()))
    try:
        with torch.inference_mode():
            UpTo(graph).run(image)
    except _Reached as reached:
        return reached.value.numel() > 0
    except Exception:  # of many kinds: what a layer says to an image too small for it
        return False
    return True


class _Reached(Exception):
    def __init__(self, value: Tensor) -> None:
        self.value = value


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
