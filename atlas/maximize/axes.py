"""The axes on which recipes differ, and a caller's own functions in a recipe's place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from atlas.errors import UsageError
from atlas.maximize.objectives import MINIMUM, OBJECTIVES
from atlas.maximize.parameterization import Parameterization
from atlas.maximize.regularizers import REGULARIZERS
from atlas.maximize.transformations import Views
from atlas.network.network import Network
from atlas.recipe import Recipe

Measure = Callable[[Tensor, Tensor], Tensor]
"""From what the recipe counts of the units' maps (BxHxW), and scales (B), to one number an image
(B), to be maximized."""

Regularizer = Callable[[Tensor], Tensor]
"""From normalized images (BxCxSxS) to one number an image (B), to be added to the loss."""

Transformation = Callable[[Tensor, int], Tensor]
"""From normalized images (BxCxSxS) and the number of the optimizer step, from 0, to the views that
the network sees (BxCxHxW)."""


class Encoding(Protocol):
    """How images of one size are described to the optimizer; all BxCxSxS, differentiable."""

    def encode(self, images: Tensor) -> Tensor:
        """Parameters of images, in 0..1; RGB if three channels."""
        ...

    def decode(self, parameters: Tensor) -> Tensor:
        """Normalized images of parameters."""
        ...

    def shown(self, parameters: Tensor) -> Tensor:
        """Images of parameters, clipped to 0..1, without a gradient."""
        ...


EncodingOfSize = Callable[[Network, Recipe, int], Encoding]
"""From the network, the recipe and the side of the images to their encoding."""


@dataclass(frozen=True)
class Axes:
    """What stands in for the recipe's own choice; None leaves it to the recipe.

    Args:
        objective: an ``Objective``, or any function of its shapes.
        regularizers: terms added to the loss, by name, in place of the recipe's.
        transformations: the views, in place of jitter, zoom and all else of theirs.
        parameterization: in place of the color range, the color axes and the basis.
        spectrum: how strong the waves of images are, as ``atlas.maximize.spectrum.magnitudes``
            takes it; None for natural images.
    """

    objective: Measure | None = None
    regularizers: Mapping[str, Regularizer] | None = None
    transformations: Transformation | None = None
    parameterization: EncodingOfSize | None = None
    spectrum: NDArray[np.floating] | None = field(default=None, compare=False)

    def measure(self, recipe: Recipe) -> Measure:
        """What is maximized."""
        own = MINIMUM if recipe.sign == "negative" else OBJECTIVES
        return self.objective or own[recipe.objective]

    def terms(self, recipe: Recipe) -> dict[str, tuple[float, Regularizer]]:
        """The terms that are added to the loss, by name, and the weight of each."""
        if self.regularizers is not None:
            return {name: (1.0, term) for name, term in self.regularizers.items()}
        return {
            name: (weight, _of_recipe(name, recipe))
            for name, weight in recipe.regularizers().items()
        }

    def view(
        self, recipe: Recipe, names: Sequence[str], steps: int, like: Tensor
    ) -> Transformation:
        """What the network sees at each of the optimizer steps; arguments as of ``Views``."""
        return self.transformations or Views(recipe, names, steps, like).view

    def encoding(self, network: Network, recipe: Recipe, size: int) -> Encoding:
        """How images of a size are described to the optimizer."""
        if self.parameterization:
            return self.parameterization(network, recipe, size)
        return Parameterization(network, recipe, size, self.spectrum)


def _of_recipe(name: str, recipe: Recipe) -> Regularizer:
    return lambda images: REGULARIZERS[name](images, recipe)


def check_axes(axes: Axes) -> None:
    """Raise UsageError if a caller's own axis is not a function."""
    for name in ("objective", "transformations", "parameterization"):
        value = getattr(axes, name)
        if value is not None and not callable(value):
            raise UsageError(f"{name} is of the type {type(value).__name__}; it must be a function")
    own = axes.regularizers
    if own is not None and not (isinstance(own, Mapping) and all(map(callable, own.values()))):
        raise UsageError("regularizers must be functions by name, such as {'tv': total_variation}")


def one_an_image(name: str, values: object, images: int) -> Tensor:
    """What a caller's function gave. Raises UsageError unless it is one number an image."""
    if not isinstance(values, Tensor) or values.shape != (images,):
        shape = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
        raise UsageError(f"{name} gave {shape}; it must give one number an image, ({images},)")
    return values
