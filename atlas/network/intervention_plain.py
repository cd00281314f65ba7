"""Interventions in the plain way: the whole module computes, and hooks put in another value."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from atlas.errors import AtlasError
from atlas.network.logits import Softmaxes, are_logits, main_part
from atlas.network.network import Network
from atlas.network.parts import part_of, share

Ends = tuple[str, str | None]


class _Given(NamedTuple):
    """What is put in the place of a call of a part."""

    part: str
    call: int
    value: Tensor


class PlainIntervention:
    """As ``Intervention``; arguments as of ``intervention``."""

    def __init__(self, network: Network, layers: Collection[str], ways: Collection[Ends]) -> None:
        self._module = share(network.module)
        parts = dict(self._module.named_modules())
        self._places = {layer: network.node_of(layer) for layer in layers}
        self._parts = {layer: part_of(place, parts) for layer, place in self._places.items()}
        self._alone = {name: not any(parts[name].children()) for name in self._parts.values()}
        self._calls: Counter[str] = Counter()
        self._taken: dict[tuple[str, int], Tensor] = {}
        self._given: _Given | None = None
        for name in self._alone:
            parts[name].register_forward_hook(self._hook(name))
        side = network.input_size
        blank = torch.zeros(1, network.channels, side, side).to(network.device, network.dtype)
        with torch.no_grad():
            logits = self.whole(blank)
        known = isinstance(logits, Tensor) and are_logits(
            tuple(logits.shape), network.weights.classes
        )
        self.classes = network.weights.classes if known else 0

    def _hook(self, name: str) -> Any:
        def take(module: nn.Module, inputs: Any, output: Any) -> Tensor | None:
            call, self._calls[name] = self._calls[name], self._calls[name] + 1
            given = self._given
            replaced = given is not None and (name, call) == (given.part, given.call)
            # What comes after may overwrite it, here and there.
            value = given.value.clone() if given is not None and replaced else output
            if isinstance(value, Tensor):
                self._taken[name, call] = value.clone()
            return value if replaced else None

        return take

    def whole(self, images: Tensor, given: _Given | None = None) -> Any:
        """The main part of what the module returns, before a final softmax."""
        self._calls, self._given = Counter(), given
        self._taken = {}
        with Softmaxes() as softmaxes:
            output = main_part(self._module(images.clone()))
        self._given = None
        return softmaxes.before(output)

    def taken(self, layer: str) -> Tensor:
        """What a layer gave in the last pass."""
        part = self._parts[layer]
        try:
            return self._taken[part, self.call(layer)]
        except KeyError:
            raise AtlasError(f"the layer {layer!r} was not computed for these images") from None

    def call(self, layer: str) -> int:
        """Which call of its part a layer is: of one that holds others the last of the last pass."""
        place, part = self._places[layer], self._parts[layer]
        if place != part:
            return int(place.rpartition("_")[2])
        return 0 if self._alone[part] else self._calls[part] - 1

    def part(self, layer: str) -> str:
        """The part that a layer is a call of."""
        return self._parts[layer]

    def begin(
        self, images: Tensor, layers: Collection[str], ways: Collection[Ends]
    ) -> "_BegunPlainly":
        """As of ``Intervention``."""
        with torch.no_grad():
            self.whole(images)
        values = {layer: self.taken(layer) for layer in {*layers, *(layer for layer, _ in ways)}}
        return _BegunPlainly(self, images, values, {layer: self.call(layer) for layer in values})


class _BegunPlainly:
    """As ``Begun``."""

    def __init__(
        self,
        ways: PlainIntervention,
        images: Tensor,
        values: dict[str, Tensor],
        calls: dict[str, int],
    ) -> None:
        self._ways = ways
        self._images = images
        self._values = values
        self._calls = calls

    def value(self, layer: str, rows: Sequence[int]) -> Tensor:
        return self._values[layer][list(rows)]

    def go_on(self, way: Ends, rows: Sequence[int], value: Tensor) -> Tensor:
        source, target = way
        given = _Given(self._ways.part(source), self._calls[source], value)
        logits = self._ways.whole(self._images[list(rows)], given)
        return logits if target is None else self._ways.taken(target)
