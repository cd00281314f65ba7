"""What the parts of a user's module give while it computes, taken by hooks."""

import copy
from collections import Counter
from collections.abc import Container, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from atlas.network.graph import Output


class Hooks:
    """Takes what parts of a module give, whenever it computes.

    A part is called as torchvision's feature extraction calls it: one without parts of its own that
    is called again, ``relu``, ``relu_1`` and so on; of one with parts the last call counts.

    Args:
        module: the whole.
        places: what is taken; by default everything.
    """

    def __init__(self, module: nn.Module, places: Sequence[str] | None = None) -> None:
        self.taken: dict[str, Tensor] = {}
        self._calls: Counter[str] = Counter()
        self._module = module
        self._parts = {name: part for name, part in module.named_modules() if name}
        self._wanted = None if places is None else set(places)
        wanted = (
            self._parts if places is None else {part_of(place, self._parts) for place in places}
        )
        for name in wanted:
            self._parts[name].register_forward_hook(self._hook(name))

    def _hook(self, name: str) -> Any:
        is_leaf = not any(self._parts[name].children())

        def take(module: nn.Module, inputs: Any, output: Any) -> None:
            call, self._calls[name] = self._calls[name], self._calls[name] + 1
            place = f"{name}_{call}" if is_leaf and call else name
            self.taken.pop(place, None)  # the last call counts, and its place in the order
            if isinstance(output, Tensor) and self._wants(place):
                # What comes after may overwrite it.
                self.taken[place] = output.clone()

        return take

    def _wants(self, place: str) -> bool:
        return self._wanted is None or place in self._wanted

    def run(self, images: Tensor) -> dict[str, Tensor]:
        """What the places give for images, in the order of computation.

        Raises whatever the module raises.
        """
        self.taken, self._calls = {}, Counter()
        self.whole(images)
        return self.taken

    def whole(self, images: Tensor) -> Any:
        """What the whole module gives for images, which it may overwrite."""
        return self._module(images.clone())


def part_of(place: str, parts: Container[str]) -> str:
    """The name of the part that a place is a call of."""
    return place if place in parts else place.rpartition("_")[0]


def outputs_of_parts(
    module: nn.Module, images: Tensor
) -> tuple[dict[str, Output], Exception | None]:
    """What the parts of a module give for images, as far as these come; and what stops them."""
    own = share(module)
    hooks = Hooks(own)
    error: Exception | None = None
    with torch.no_grad():
        try:
            found = hooks.run(images)
        except Exception as stopped:  # whatever a module says to an image that it does not take
            found, error = hooks.taken, stopped
    return {name: Output(value) for name, value in found.items()}, error


def share(module: nn.Module) -> nn.Module:
    """A copy of a module, for hooks of its own, with the same weights in memory."""
    tensors = [*module.parameters(), *module.buffers()]
    return copy.deepcopy(module, {id(tensor): tensor for tensor in tensors})
