"""What the picture itself adds to the loss, each one value per image."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from atlas.maximize.objectives import root_mean_square
from atlas.recipe import Recipe


def _derivative(
    derivative: Sequence[float], smoothing: Sequence[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Both, scaled so that a ramp of slope 1 has the response of the article's Scharr, 32."""
    middle = len(derivative) // 2
    slope = sum(tap * (place - middle) for place, tap in enumerate(derivative))
    across = 32 / (slope * sum(smoothing))
    return tuple(derivative), tuple(across * tap for tap in smoothing)


GRADIENT_KERNELS = {
    # Scharr (2000): the 3x3 derivative whose direction is most nearly isotropic. As the article
    # has it, not scaled: 3 10 3.
    "scharr3": _derivative((-1.0, 0.0, 1.0), (3.0, 10.0, 3.0)),
    "sobel3": _derivative((-1.0, 0.0, 1.0), (1.0, 2.0, 1.0)),
    # Farid & Simoncelli (2004), "Differentiation of discrete multidimensional signals", 5 taps.
    "farid5": _derivative(
        (-0.109604, -0.276691, 0.0, 0.276691, 0.109604),
        (0.037659, 0.249153, 0.426375, 0.249153, 0.037659),
    ),
}
"""Derivatives by name: the taps along the direction, and those that smooth across it. All have
the same response to a ramp."""


def pixel(images: Tensor) -> Tensor:
    """RMS of each normalized image: BxCxHxW to B."""
    return root_mean_square(images)


def gradient(images: Tensor, kernel: str = "scharr3") -> Tensor:
    """RMS of the x and y derivatives of each color channel, zero padded: BxCxHxW to B."""
    derivative, smoothing = GRADIENT_KERNELS[kernel]
    horizontal = correlate(correlate(images, smoothing, 2), derivative, 3)
    vertical = correlate(correlate(images, smoothing, 3), derivative, 2)
    # Of the two together, as both have as many values; they need not be copied side by side.
    both = torch.stack([root_mean_square(horizontal), root_mean_square(vertical)], 1)
    return root_mean_square(both)


def total_variation(images: Tensor) -> Tensor:
    """Mean over all values of how far each is from its right and its lower neighbor: BxCxHxW to B.

    Unlike the gradient's RMS it leaves an edge as cheap as a ramp of the same height (Rudin, Osher
    & Fatemi 1992; for pictures of units Mahendran & Vedaldi 2016).
    """
    across = images.diff(dim=3).abs().flatten(1).sum(1)
    down = images.diff(dim=2).abs().flatten(1).sum(1)
    return (across + down) / images[0].numel()


REGULARIZERS: Mapping[str, Callable[[Tensor, Recipe], Tensor]] = {
    "pixel": lambda images, recipe: pixel(images),
    "gradient": lambda images, recipe: gradient(images, recipe.gradient_kernel),
    "total_variation": lambda images, recipe: total_variation(images),
}
"""What the picture itself adds to the loss, by name: of the normalized images and the recipe."""


def correlate(images: Tensor, taps: Sequence[float], axis: int) -> Tensor:
    """Correlate with an odd number of taps along one axis, zero padded: any shape to the same."""
    return _Correlation.apply(images, tuple(taps), axis)


class _Correlation(torch.autograd.Function):
    """A sum of shifted images: for the few channels of an image, faster than a convolution."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, taps: tuple[float, ...], axis: int) -> Tensor:
        ctx.taps, ctx.axis = taps, axis
        side, middle = images.shape[axis], len(taps) // 2
        total = images * taps[middle] if taps[middle] else torch.zeros_like(images)
        for shift, tap in enumerate(taps, -middle):
            overlap = side - abs(shift)
            if shift != 0 and tap != 0 and overlap > 0:
                shifted = images.narrow(axis, max(shift, 0), overlap)
                total.narrow(axis, max(-shift, 0), overlap).add_(shifted, alpha=tap)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        # The adjoint of a correlation is the one with the taps reversed.
        return correlate(gradients[0], ctx.taps[::-1], ctx.axis), None, None
