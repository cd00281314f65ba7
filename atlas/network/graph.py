"""What a network's graph says of its layers: units, stride, receptive field, branches."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from atlas.network.receptive_field import ReceptiveField, _field_of


@dataclass(frozen=True)
class Stage:
    """The output of one node of the graph.

    Args:
        shape: for one image of the input, without the batch axis; units come first.
        field: receptive field; None where every position sees the whole image.
        rectified: whether activations are never negative, as seen on one image of noise.
    """

    shape: tuple[int, ...]
    field: ReceptiveField | None
    rectified: bool


def anatomy(graph: fx.GraphModule, channels: int, size: int) -> dict[str, Stage]:
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
    noise = torch.randn(1, channels, size, size, generator=generator)
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


def smallest_input(graph: fx.GraphModule, node: str, channels: int, size: int) -> int:
    """Smallest side in pixels of an image for which ``node`` has an output, up to ``size``."""
    low, high = 1, size
    while low < high:
        middle = (low + high) // 2
        if _reaches(graph, node, channels, middle):
            high = middle
        else:
            low = middle + 1
    return low


def _reaches(graph: fx.GraphModule, node: str, channels: int, size: int) -> bool:
    class UpTo(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if n.name == node:
                raise _Reached(value)
            return value

    image = torch.zeros(1, channels, size, size).to(next(graph.parameters()))
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
