"""What a network's graph says of its places: units, positions, receptive field."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from atlas.network.layout import Layout, layout_of
from atlas.network.receptive_field import Extent, Field, Seen, seen_by


@dataclass(frozen=True)
class Stage:
    """The output of one place in a network.

    Args:
        shape: units, rows and columns for one image of the input; 1 and 1 where it has none.
        layout: how its axes are to be read.
        field: receptive field.
        rectified: whether activations are never negative, as seen on images of noise.
    """

    shape: tuple[int, int, int]
    layout: Layout
    field: Field
    rectified: bool

    @property
    def has_positions(self) -> bool:
        """Whether the output is a map, if perhaps of one position."""
        return self.layout.kind != "flat"


class Output:
    """What is to be known of the output of a place for a batch of images."""

    def __init__(self, value: Tensor) -> None:
        self.shape = tuple(value.shape)
        self.rectified = value.is_floating_point() and bool((value >= 0).all())


def stage_of(
    small: Output, images: int, other: Output | None, others: int, field: Field = Extent.UNKNOWN
) -> Stage | None:
    """Describe a place by its outputs for two batches, of ``images`` and of ``others`` images.

    None where it has no channels to show: no axis of the batch, or none of units.
    """
    if not small.shape or small.shape[0] != images:
        return None
    if other is not None and (not other.shape or other.shape[0] != others):
        return None
    layout = layout_of(small.shape[1:], other.shape[1:] if other else None)
    if layout is None:
        return None
    return Stage(layout.shape(small.shape[1:]), layout, field, small.rectified)


def describe_nodes(
    graph: fx.GraphModule, images: Tensor, others: Tensor
) -> tuple[dict[str, Stage], set[str]]:
    """Describe every node of a functional graph, by running images through it.

    Args:
        graph: that makes new tensors alone.
        images: BxCxSxS, of the input's size.
        others: of another number and another size; how far they come is told as well.

    Returns:
        The stages by node, and the nodes that have no axis for the batch.
    """
    outputs, _ = outputs_of(graph, images)
    elsewhere, _ = outputs_of(graph, others)
    stages: dict[str, Stage] = {}
    seen: dict[fx.Node, Seen] = {}
    shared: set[str] = set()
    for node in graph.graph.nodes:
        if node.op == "output" or not _depends(node, seen):
            shared.add(node.name)
            continue
        output, other = outputs.get(node.name), elsewhere.get(node.name)
        stage = output and stage_of(output, len(images), other, len(others))
        seen[node] = seen_by(node, graph, seen, stage.shape[1:] if stage else None)
        if stage:
            field = seen[node].field
            stages[node.name] = Stage(stage.shape, stage.layout, field, stage.rectified)
        elif output and other and output.shape[:1] == other.shape[:1]:
            shared.add(node.name)
    return stages, shared


def _depends(node: fx.Node, seen: Mapping[fx.Node, Seen]) -> bool:
    """Whether a node depends on the images: the first placeholder; the others have defaults."""
    if node.op == "placeholder":
        return not seen
    return any(source in seen for source in node.all_input_nodes)


def outputs_of(graph: fx.GraphModule, images: Tensor) -> tuple[dict[str, Output], Exception | None]:
    """What the nodes give for images, as far as these come; and what stops them there."""
    found: dict[str, Output] = {}

    class Recorder(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if isinstance(value, Tensor) and n.op not in ("get_attr", "output"):
                found[n.name] = Output(value)
            return value

    try:
        with torch.no_grad():
            Recorder(graph).run(images)
    except Exception as error:  # whatever a layer says to an image that it does not take
        return found, error
    return found, None


def values_of(graph: fx.GraphModule, nodes: Collection[str], images: Tensor) -> dict[str, Tensor]:
    """What nodes give for images. Raises whatever the nodes before them raise."""
    found: dict[str, Tensor] = {}

    class Recorder(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if n.name in nodes:
                found[n.name] = value
            return value

    if nodes:
        Recorder(graph).run(images)
    return found
