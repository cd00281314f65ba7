"""The terms of the loss, each one value per image, so that no image sees another.

The loss, to be minimized, is ``-activation_weight * objective`` plus the weighted regularizers.
The article's objective is the root mean square of the unit's map, its regularizers are those of
the normalized image and of its derivatives.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from atlas.network.middle import middle
from atlas.recipe import Recipe


def root_mean_square(values: Tensor) -> Tensor:
    """Root mean square of each item of a batch: Bx... to B.

    Its gradient at zero is zero, where that of a square root is infinite: a silent unit then
    leaves the image to the regularizers and not to NaN.
    """
    return _RootMeanSquare.apply(values.flatten(1))


class _RootMeanSquare(torch.autograd.Function):
    """Of each row. Its gradient is one pass over the values, where that of a norm is three."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        rms = torch.linalg.vector_norm(rows, dim=1) / rows.shape[1] ** 0.5
        ctx.save_for_backward(rows, rms)
        return rms

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        rows, rms = ctx.saved_tensors
        factors = torch.where(rms == 0, 0, gradients[0] / (rows.shape[1] * rms))
        return rows * factors[:, None]


@dataclass(frozen=True)
class Objective:
    """What is maximized, of each image of a batch. Objectives add, and scale with a number.

    Args:
        measure: from the units' maps (BxHxW) and their scales (B) to one number an image (B). The
            scale of a unit is its mean activation on its strongest probe image, or 1.
    """

    measure: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, maps: Tensor, scales: Tensor) -> Tensor:
        """The objective of each image: BxHxW and B to B."""
        return self.measure(maps, scales)

    def __add__(self, other: "Objective") -> "Objective":
        return Objective(lambda maps, scales: self(maps, scales) + other(maps, scales))

    def __mul__(self, factor: float) -> "Objective":
        return Objective(lambda maps, scales: factor * self(maps, scales))

    __rmul__ = __mul__


def relative_mean(maps: Tensor, scales: Tensor) -> Tensor:
    """Mean of each map over its unit's scale: BxHxW and B to B.

    Measured so, units of all networks and layers are alike, and one weight of a regularizer fits
    them all.
    """
    return maps.flatten(1).mean(1) / scales


def negative_rms(maps: Tensor, scales: Tensor) -> Tensor:
    """RMS of what is below 0 in the map of a unit, whose sign is turned: BxHxW and B to B.

    The RMS of the whole map has no sign. This is that of the unit turned round, behind a ReLU.
    """
    return root_mean_square(maps.clamp(min=0))


OBJECTIVES: Mapping[str, Objective] = {
    "rms": Objective(lambda maps, scales: root_mean_square(maps)),
    "relative_mean": Objective(relative_mean),
}
"""What is maximized, by name: of the units' maps and scales."""

MINIMUM: Mapping[str, Objective] = {**OBJECTIVES, "rms": Objective(negative_rms)}
"""The same by recipes of the negative sign, from maps whose sign is turned."""

MAGNITUDES = (OBJECTIVES["rms"], MINIMUM["rms"])
"""Those that give the RMS itself."""


def counted(maps: Tensor, recipe: Recipe) -> Tensor:
    """What a recipe counts of units' maps: BxHxW to BxHxW, or to Bx1x1.

    All positions or the middle one; where the minimum is wanted, with the sign turned.
    """
    maps = middle(maps) if recipe.position == "center" else maps
    return -maps if recipe.sign == "negative" else maps
