"""The plain way: the user's whole module, and hooks that take what its parts give.

For a network that has no graph, as it branches on values or on sizes: every image goes through all
of it, as in the article. It is slower than a graph that images leave early, and always faithful.
"""

import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from atlas.errors import AtlasError
from atlas.network.network import Network
from atlas.network.parts import Hooks, share
from atlas.network.redirected_relu import redirected_relu
from atlas.network.single_channel import single_channel_maps


class HookedTrunk:
    """A whole network, of which the given layers are taken.

    Arguments, and how it is called, as of ``EarlyExitTrunk``.
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
        self.dtype = dtype or network.dtype
        module = share(network.module)
        # Converted on a copy of its own: the weights of the other are shared.
        self.module = (
            module if self.dtype == network.dtype else copy.deepcopy(module).to(self.dtype)
        )
        self._hooks = Hooks(self.module, [network.node_of(layer) for layer in self.layers])
        self._layouts = {layer: network.layout(layer) for layer in self.layers}
        self._nodes = {layer: network.node_of(layer) for layer in self.layers}
        self._redirect = redirect

    def activations(
        self, images: Tensor, leaving: Mapping[str, int] | None = None
    ) -> Iterator[tuple[str, Tensor]]:
        """Compute the layers; arguments and what it yields as of ``EarlyExitTrunk``."""
        with _RedirectedReLUs() if self._redirect else nullcontext():
            outputs = self._hooks.run(images.to(self.dtype))
        first = 0
        for layer in self.layers:
            last = len(images) if leaving is None else first + leaving.get(layer, 0)
            if last == first:
                continue
            if self._nodes[layer] not in outputs:
                raise AtlasError(f"the layer {layer!r} was not computed for these images")
            yield layer, self._layouts[layer].maps(outputs[self._nodes[layer]][first:last])
            first = last if leaving is not None else 0

    def maps(self, units: Sequence[tuple[str, int]], device: torch.device) -> "HookedMaps":
        """The maps of a batch of images, each of its own unit, in the order of depth."""
        return HookedMaps(self, units, device)


class HookedMaps:
    """The maps of a batch of images, each of its own unit; as ``SingleChannelMaps``."""

    def __init__(
        self, trunk: HookedTrunk, units: Sequence[tuple[str, int]], device: torch.device
    ) -> None:
        self._trunk = trunk
        self._leaving = Counter(layer for layer, _ in units)
        self._units = {
            layer: torch.tensor([unit for own, unit in units if own == layer], device=device)
            for layer in self._leaving
        }

    def __call__(self, images: Tensor) -> Iterator[Tensor]:
        """Maps of the images (BxCxSxS, normalized): BxHxW, layer by layer."""
        for layer, values in self._trunk.activations(images, self._leaving):
            yield single_channel_maps(values, self._units[layer])


class _RedirectedReLUs(TorchFunctionMode):
    """Makes every ReLU that a module calls a redirected one."""

    NEW = (F.relu, torch.relu, Tensor.relu)
    IN_PLACE = (torch.relu_, Tensor.relu_)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in self.IN_PLACE or (func in self.NEW and _asks_in_place(args, kwargs)):
            values = args[0] if args else kwargs["input"]
            return values.copy_(redirected_relu(values.clone()))
        if func in self.NEW:
            return redirected_relu(args[0] if args else kwargs["input"])
        return func(*args, **kwargs)


def _asks_in_place(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    return bool(kwargs.get("inplace", args[1] if len(args) > 1 else False))
