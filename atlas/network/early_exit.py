"""The forward pass in which each image leaves at its own layer.

The images of a batch are ordered by the depth of the layer each is for. The pass goes through
the network once; at each of those layers the images that are for it leave, and the later layers
are computed for the rest alone.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.fx.node import map_aggregate

from atlas.errors import AtlasError
from atlas.network.network import Network
from atlas.network.redirected_relu import redirect_relus
from atlas.network.simplify import simplify


class EarlyExitTrunk(fx.Interpreter):
    """The part of a network that computes the given layers, and nothing past the deepest.

    Args:
        network: what to cut from.
        layers: names of the layers, in any order.
        dtype: of weights and activations; the network's own image dtype by default.
        redirect: whether gradients reach through ReLUs that are closed everywhere.

    Raises:
        AtlasError: for a layer that the network does not have, or inside which the network
            computes with the size of the batch.
    """

    def __init__(
        self,
        network: Network,
        layers: Sequence[str],
        dtype: torch.dtype | None = None,
        *,
        redirect: bool = False,
    ) -> None:
        self.layers = tuple(sorted(set(layers), key=network.depth))
        if network.graph is None:
            raise ValueError(f"{network.name} has no graph")
        graph = copy.deepcopy(network.graph)
        simplify(graph, {network.node_of(layer) for layer in self.layers})
        if redirect:
            redirect_relus(graph)
        self.dtype = dtype or network.dtype
        # Channels last: convolutions are faster so, on a CPU in float32 by a tenth and in
        # bfloat16 by a quarter.
        graph.to(self.dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        super().__init__(graph)
        nodes = {node.name: node for node in graph.graph.nodes}
        self.layouts = {layer: network.layout(layer) for layer in self.layers}
        self._shared = network.shared
        self.ends = {layer: nodes[network.node_of(layer)] for layer in self.layers}
        self._cut()

    def taken(self, layer: str) -> list[fx.Node]:
        """The nodes whose values an image takes along where it leaves: here that of the layer.

        A subclass may say otherwise, by what it knew before this class was initialized.
        """
        return [self.ends[layer]]

    def _cut(self) -> None:
        """Put into a row what is computed before the images of each layer leave.

        It is what the values that they take along need; the rest is only for those that stay.
        """
        nodes: Sequence[fx.Node] = self.module.graph.nodes  # type: ignore[assignment]
        self._taken = {layer: self.taken(layer) for layer in self.layers}
        self._steps: list[fx.Node | str] = []
        computed: set[fx.Node] = set()
        for layer in self.layers:
            needed = ancestors(self._taken[layer]) - computed
            self._steps += [*(node for node in nodes if node in needed), layer]
            computed |= needed
        self._last_use = {
            source: step
            for step in self._steps
            for source in (self._taken[step] if isinstance(step, str) else step.all_input_nodes)
        }

    def activations(
        self, images: Tensor, leaving: Mapping[str, int] | None = None
    ) -> Iterator[tuple[str, Tensor]]:
        """Compute the layers one after the other, in depth order.

        Args:
            images: Bx3xHxW, normalized; ordered by the depth of the layer where each leaves.
            leaving: how many images leave at each layer; where not given, all stay to the end.

        Yields:
            The layer and the activations there: of the images that leave, or else of all, as
            BxUxHxW (1x1 positions where the layer has none). A layer where no image leaves is
            passed over, and the pass ends with the last image.
        """
        for layer, taken in self.leave(images, leaving):
            yield layer, self.layouts[layer].maps(taken[self.ends[layer]])

    def leave(
        self, images: Tensor, leaving: Mapping[str, int] | None = None
    ) -> Iterator[tuple[str, Mapping[fx.Node, Tensor]]]:
        """As ``activations``, yielding what is taken along at each layer, by its node."""
        remaining = len(images)
        values: dict[fx.Node, Any] = {}
        self.env = values
        self.args_iter = iter([images.to(self.dtype, memory_format=torch.channels_last)])
        for step in self._steps:
            if isinstance(step, fx.Node):
                values[step] = self.run_node(step)
                sources = step.all_input_nodes
            else:
                sources = self._taken[step]
                left, count = values, remaining if leaving is None else leaving.get(step, 0)
                if 0 < count < remaining:
                    left, kept = self._split_off(values, step, count, remaining - count)
                    values.update(kept)
                if count:
                    yield step, {source: left[source] for source in sources}
                if leaving is not None:
                    remaining -= count
                    if remaining == 0:
                        return
            for source in sources:
                if self._last_use[source] is step:
                    del values[source]

    def _split_off(
        self, values: Mapping[fx.Node, Any], layer: str, leaving: int, staying: int
    ) -> tuple[dict[fx.Node, Any], dict[fx.Node, Any]]:
        """Part the values of the first images from those of the others."""

        def stay(value: Any) -> Any:
            if isinstance(value, Tensor):
                return part(value, (leaving, staying))[1]
            if isinstance(value, int):
                raise AtlasError(
                    f"no image can leave at {layer!r}, where the network computes with the size "
                    "of the batch; choose the module around it"
                )
            return value

        left: dict[fx.Node, Any] = {}
        kept: dict[fx.Node, Any] = {}
        for node, value in values.items():
            if node.name in self._shared:
                left[node] = kept[node] = value
            elif isinstance(value, Tensor):
                left[node], kept[node] = part(value, (leaving, staying))
            else:
                kept[node] = map_aggregate(value, stay)
        return left, kept


def ancestors(nodes: Sequence[fx.Node]) -> set[fx.Node]:
    """The nodes, and all that they are computed from."""
    found: set[fx.Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += node.all_input_nodes
    return found


def part(values: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """Split a batch, as ``torch.split`` does."""
    return _Part.apply(values, tuple(sizes)) if len(sizes) > 1 else (values,)


class _Part(torch.autograd.Function):
    """A split whose gradient has the memory layout of the values, like the network.

    That of torch's own has the default layout where a part has no gradient, and everything before
    it is then slower.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, sizes: tuple[int, ...]) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(values)
        ctx.sizes = sizes
        return values.split(sizes)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor, None]:
        (values,) = ctx.saved_tensors
        whole = torch.empty_like(values)
        for piece, gradient in zip(whole.split(ctx.sizes), gradients, strict=True):
            if gradient is None:
                piece.zero_()
            else:
                piece.copy_(gradient)
        return whole, None
