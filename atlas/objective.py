"""The terms of the loss, each one value per image, so that no image sees another.

The loss of the article, to be minimized, is
``-activation_weight * activation + pixel_weight * pixel + gradient_weight * gradient``,
all three root mean squares, the last two over the normalized image.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

GRADIENT_KERNELS = {
    # Scharr (2000): the 3x3 derivative whose direction is most nearly isotropic. Not scaled.
    "scharr3": ((-3.0, 0.0, 3.0), (-10.0, 0.0, 10.0), (-3.0, 0.0, 3.0)),
}
"""Derivatives in x by name; that in y is the transpose."""


def root_mean_square(values: Tensor) -> Tensor:
    """Root mean square of each item of a batch: Bx... to B.

    The norm's gradient at zero is zero, where that of a square root is infinite: a silent unit
    then leaves the image to the regularizers and not to NaN.
    """
    flat = values.flatten(1)
    return torch.linalg.vector_norm(flat, dim=1) / flat.shape[1] ** 0.5


def activation(activations: Tensor, units: Tensor) -> Tensor:
    """RMS over the positions of each image's own unit: BxUxHxW and B to B, at least float32."""
    images = torch.arange(len(units), device=units.device)
    chosen = activations[images, units]
    return root_mean_square(chosen.to(torch.promote_types(chosen.dtype, torch.float32)))


def pixel(images: Tensor) -> Tensor:
    """RMS of each normalized image: BxCxHxW to B."""
    return root_mean_square(images)


def gradient(images: Tensor, kernel: str = "scharr3") -> Tensor:
    """RMS of the x and y derivatives of each color channel, zero padded: BxCxHxW to B."""
    channels = images.shape[1]
    horizontal = images.new_tensor(GRADIENT_KERNELS[kernel])
    both = torch.stack([horizontal, horizontal.T]).unsqueeze(1).repeat(channels, 1, 1, 1)
    return root_mean_square(F.conv2d(images, both, padding="same", groups=channels))
