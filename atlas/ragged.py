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
from atlas.network import Network
from atlas.redirect import redirect_relus
from atlas.simplify import simplify


class Trunk(fx.Interpreter):
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
        self.layer_at = {network.node_of(layer): layer for layer in layers}
        self.layers = tuple(sorted(set(layers), key=network.depth))
        graph = copy.deepcopy(network.graph)
        simplify(graph, set(self.layer_at))
        if redirect:
            redirect_relus(graph)
        self.dtype = dtype or network.dtype
        # Channels last: convolutions are faster so, on a CPU in float32 by a tenth and in
        # bfloat16 by a quarter.
        graph.to(self.dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        super().__init__(graph)
        self.nodes = list(graph.graph.nodes)

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
        last_use = {source: node for node in self.nodes for source in node.all_input_nodes}
        remaining = len(images)
        values: dict[fx.Node, Any] = {}
        self.env = values
        self.args_iter = iter([images.to(self.dtype, memory_format=torch.channels_last)])
        for node in self.nodes:
            values[node] = self.run_node(node)
            for source in node.all_input_nodes:
                if last_use[source] is node:
                    del values[source]
            layer = self.layer_at.get(node.name)
            if layer is None:
                continue
            if leaving is None:
                yield layer, _with_positions(values[node])
            elif count := leaving.get(layer, 0):
                left, kept = _part(values, node, count, remaining - count)
                values.update(kept)
                yield layer, _with_positions(left)
                remaining -= count
                if remaining == 0:
                    return


def _part(
    values: Mapping[fx.Node, Any], node: fx.Node, leaving: int, staying: int
) -> tuple[Tensor, dict[fx.Node, Any]]:
    """Split off the first images: their part of ``node``, and the others' part of all values."""

    def stay(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value.split((leaving, staying))[1]
        if isinstance(value, int):
            raise AtlasError(
                f"no image can leave at {node.name!r}, where the network computes with the size "
                "of the batch; choose the module around it"
            )
        return value

    left, kept = values[node].split((leaving, staying))
    rest = {
        other: map_aggregate(value, stay)
        for other, value in values.items()
        if other is not node and other.op != "get_attr"
    }
    return left, {**rest, node: kept}


def _with_positions(activations: Tensor) -> Tensor:
    return activations if activations.ndim == 4 else activations[:, :, None, None]
