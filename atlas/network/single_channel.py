"""Of a unit's layer, only what the unit itself is computed from.

A unit's map is one channel: of a concatenation it is a channel of one branch, through a ReLU or a
pooling it depends on no other channel, and of a convolution it needs one filter. So the images
leave the trunk before the last convolutions of their layer, whose other filters are not computed
for them: over the sixteen layers of GoogLeNet these would be 15 % of the operations.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.node import map_arg

from atlas.network.branches import concatenated
from atlas.network.early_exit import EarlyExitTrunk, part
from atlas.network.layout import Layout
from atlas.network.network import Network
from atlas.network.redirected_relu import is_relu


@dataclass(frozen=True)
class Origin:
    """Where a unit's map comes from.

    Args:
        source: the node whose values it is computed from.
        convolution: of which it needs one filter; None where it is a channel of the source.
        after: the nodes that then change each channel by itself.
        layout: how the axes of the source are to be read.
    """

    source: fx.Node
    convolution: fx.Node | None
    after: tuple[fx.Node, ...]
    layout: Layout


class SingleChannels(EarlyExitTrunk):
    """The part of a network that computes the maps of the given units.

    Args:
        network: what to cut from.
        units: (layer, unit) pairs, in any order.
        dtype: of weights and activations; the network's own image dtype by default.
        redirect: whether gradients reach through ReLUs that are closed everywhere.

    Raises:
        AtlasError: as ``EarlyExitTrunk``.
    """

    def __init__(
        self,
        network: Network,
        units: Sequence[tuple[str, int]],
        dtype: torch.dtype | None = None,
        *,
        redirect: bool = False,
    ) -> None:
        self._network = network
        self._units = units
        self.origins: dict[tuple[str, int], tuple[Origin, int]] = {}
        super().__init__(network, [layer for layer, _ in units], dtype, redirect=redirect)

    def taken(self, layer: str) -> list[fx.Node]:
        """The sources of the layer's units; finds where each of them comes from."""
        own = [unit for unit in self._units if unit[0] == layer]
        found = {unit: self._trace(self.ends[layer], unit[1]) for unit in own}
        self.origins |= found
        return list(dict.fromkeys(origin.source for origin, _ in found.values()))

    def _trace(self, node: fx.Node, channel: int) -> tuple[Origin, int]:
        """Where a channel of a node comes from, and which channel it is there."""
        after: list[fx.Node] = []
        layout = self._network.layout_at(node.name)
        if layout.kind not in ("first", "flat"):
            return Origin(node, None, (), layout), channel
        while True:
            module = self.fetch_attr(str(node.target)) if node.op == "call_module" else None
            if isinstance(module, nn.Conv2d) and _is_plain(module):
                return Origin(node.all_input_nodes[0], node, tuple(after), layout), channel
            if is_relu(self.module, node) or isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
                after.insert(0, node)
                (node,) = node.all_input_nodes
            elif branches := concatenated(node):
                for branch in branches:
                    units = self._network.units_at(branch.name)
                    if channel < units:
                        node = branch
                        break
                    channel -= units
            else:
                return Origin(node, None, tuple(after), layout), channel

    def maps(self, units: Sequence[tuple[str, int]], device: torch.device) -> "SingleChannelMaps":
        """The maps of a batch of images, each of its own unit, in the order of depth."""
        return SingleChannelMaps(self, units, device)

    def repeat(self, node: fx.Node, value: Tensor) -> Any:
        """What a node of one input makes of another value."""
        args, kwargs = map_arg((node.args, node.kwargs), lambda _: value)
        return getattr(self, node.op)(node.target, args, kwargs)


class SingleChannelMaps:
    """The maps of a batch of images, each of its own unit.

    Args:
        trunk: that computes these units, and perhaps others.
        units: (layer, unit) of each image, in the order of depth, and of units within a layer.
        device: where the images are.
    """

    def __init__(
        self, trunk: SingleChannels, units: Sequence[tuple[str, int]], device: torch.device
    ) -> None:
        self._trunk = trunk
        self._leaving = Counter(layer for layer, _ in units)
        self._alike: dict[str, list[_Alike]] = {layer: [] for layer in self._leaving}
        for (layer, origin), some in groupby(units, lambda own: (own[0], trunk.origins[own][0])):
            channels = torch.tensor([trunk.origins[own][1] for own in some], device=device)
            self._alike[layer].append(_Alike(trunk, origin, channels))

    def __call__(self, images: Tensor) -> Iterator[Tensor]:
        """Maps of the images (Bx3xSxS, normalized), as many at a time as are computed together.

        Yields BxHxW, at least float32, in the order of the images.
        """
        for layer, values in self._trunk.leave(images, self._leaving):
            sizes = [len(alike.channels) for alike in self._alike[layer]]
            for place, alike in enumerate(self._alike[layer]):
                yield alike.maps(part(values[alike.origin.source], sizes)[place])


class _Alike:
    """Neighbors in a batch, whose maps come from the same source in the same way."""

    def __init__(self, trunk: SingleChannels, origin: Origin, channels: Tensor) -> None:
        self.origin = origin
        self.channels = channels
        self._trunk = trunk
        if origin.convolution is not None:
            convolution = trunk.fetch_attr(str(origin.convolution.target))
            self._filters = convolution.weight[channels]
            self._bias = 0 if convolution.bias is None else convolution.bias[channels, None, None]
            self._padding = convolution.padding

    def maps(self, values: Tensor) -> Tensor:
        """The maps, BxHxW, from the values of the source, BxCxHxW."""
        if self.origin.convolution is None:
            maps = single_channel_maps(self.origin.layout.maps(values), self.channels)
        else:
            maps = convolve_each(values, self._filters, self._padding) + self._bias
        maps = maps[:, None]
        for node in self.origin.after:
            maps = self._trunk.repeat(node, maps)
        return maps[:, 0]


def convolve_each(values: Tensor, filters: Tensor, padding: Sequence[int]) -> Tensor:
    """Convolve each image with a filter of its own, with stride 1.

    What each tap of a filter makes of each position is one matrix product; folding then adds up
    what belongs to the same place.

    Args:
        values: BxCxHxW.
        filters: BxCxKxL.
        padding: rows and columns of zeros, less than K and L.

    Returns:
        BxH'xW', at least float32.
    """
    pixels = values.permute(0, 2, 3, 1).flatten(1, 2)
    # Folding goes from a position to its places, a convolution from a place to its positions: so
    # the taps are turned round, and the padding is what it leaves of the kernel.
    taps = torch.bmm(pixels, filters.flip(2, 3).flatten(2)).transpose(1, 2)
    taps = taps.to(torch.promote_types(taps.dtype, torch.float32))
    (height, width), (rows, columns), (above, left) = values.shape[2:], filters.shape[2:], padding
    size = (height + 2 * above - rows + 1, width + 2 * left - columns + 1)
    rest = (rows - 1 - above, columns - 1 - left)
    return F.fold(taps, size, (rows, columns), padding=rest)[:, 0]


def single_channel_maps(activations: Tensor, units: Tensor) -> Tensor:
    """Each image's map of its own unit: BxUxHxW and B to BxHxW, at least float32."""
    chosen = _OwnUnit.apply(activations, units)
    return chosen.to(torch.promote_types(chosen.dtype, torch.float32))


class _OwnUnit(torch.autograd.Function):
    """The channel of each image's own unit: BxUxHxW and B to BxHxW.

    Indexing does the same, but its gradient has the default memory layout, and everything
    behind it, channels last like the network, is then up to thirty times slower.
    """

    @staticmethod
    def forward(ctx: Any, activations: Tensor, units: Tensor) -> Tensor:
        images = torch.arange(len(units), device=units.device)
        ctx.save_for_backward(activations)
        ctx.place = images, units
        return activations[images, units]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (activations,) = ctx.saved_tensors
        whole = torch.zeros_like(activations)
        whole[ctx.place] = gradients[0]
        return whole, None


def _is_plain(convolution: nn.Conv2d) -> bool:
    """Whether a convolution of single filters can be done as ``convolve_each`` does it."""
    return (
        convolution.groups == 1
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.padding_mode == "zeros"
        and not isinstance(convolution.padding, str)
        and all(
            pad < side
            for pad, side in zip(convolution.padding, convolution.kernel_size, strict=True)
        )
    )
