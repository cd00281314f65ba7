"""Directions in the space of a layer's units, looked at like units."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from atlas.network.network import Network
from atlas.network.ways import layer_trunk


class DirectionTrunk:
    """The part of a network that computes the maps of directions: inner products with a layer.

    Args:
        network: what to cut from.
        layer: whose units the directions are over.
        vectors: NxU; what is called unit ``i`` below is the direction of row ``i``.
        dtype: of weights and activations; the network's own image dtype by default.
        redirect: whether gradients reach through ReLUs that are closed everywhere.
    """

    def __init__(
        self,
        network: Network,
        layer: str,
        vectors: Tensor,
        dtype: torch.dtype | None = None,
        *,
        redirect: bool = False,
    ) -> None:
        self.vectors = vectors
        self.trunk = layer_trunk(network, [layer], dtype, redirect=redirect)

    def maps(self, units: Sequence[tuple[str, int]], device: torch.device) -> "DirectionMaps":
        """The maps of a batch of images, each of its own direction."""
        return DirectionMaps(self, self.vectors[[unit for _, unit in units]].to(device))


class DirectionMaps:
    """The maps of a batch of images, each of its own direction: ``vectors`` is BxU."""

    def __init__(self, trunk: DirectionTrunk, vectors: Tensor) -> None:
        self._trunk = trunk.trunk
        self._vectors = vectors

    def __call__(self, images: Tensor) -> Iterator[Tensor]:
        """Maps of the images (BxCxSxS, normalized): BxHxW, at least float32."""
        for _, values in self._trunk.activations(images):
            values = values.to(torch.promote_types(values.dtype, torch.float32))
            yield torch.einsum("bu,buhw->bhw", self._vectors.to(values.dtype), values)
