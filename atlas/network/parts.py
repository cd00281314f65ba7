"""What the parts of a user's module give while it computes, taken by hooks."""

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from atlas.network.graph import Output


class Hooks:
    """Takes what parts of a module give, whenever it computes.

    Args:
        module: the whole.
        names: of the parts.
    """

    def __init__(self, module: nn.Module, names: Sequence[str]) -> None:
        self.taken: dict[str, Tensor] = {}
        self._calls: Counter[str] = Counter()
        for name in names:
            module.get_submodule(name).register_forward_hook(self._hook(name))
        self._module = module

    def _hook(self, name: str) -> Any:
        def take(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                self.taken.pop(name, None)  # the last call counts, and its place in the order
                # What comes after may overwrite it.
                self.taken[name] = output.clone()
            self._calls[name] += 1

        return take

    def run(self, images: Tensor) -> dict[str, Tensor]:
        """What the parts give for images, in the order of computation; of several calls the last.

        Raises whatever the module raises.
        """
        self.taken, self._calls = {}, Counter()
        self.whole(images)
        return self.taken

    def whole(self, images: Tensor) -> Any:
        """What the whole module gives for images, which it may overwrite."""
        return self._module(images.clone())


def outputs_of_parts(
    module: nn.Module, images: Tensor
) -> tuple[dict[str, Output], Exception | None]:
    """What the parts of a module give for images, as far as these come; and what stops them."""
    own = share(module)
    hooks = Hooks(own, [name for name, _ in own.named_modules() if name])
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
