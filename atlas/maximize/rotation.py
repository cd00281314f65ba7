"""Turn pictures by a few degrees, exactly and repeatably.

A rotation is three shears: of rows, of columns, of rows again (Paeth 1986, "A fast algorithm for
general raster rotation"). A shear moves each row sideways by a distance of its own, and what moves
a row is undone, in the gradient, by what moves it back. So both directions only read; the
scattered additions behind an image warp's gradient come in another order each time on a GPU.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def rotated(images: Tensor, angles: Tensor) -> Tensor:
    """Turn BxCxHxW images about their middles by B angles, in radians, clockwise as seen.

    Interpolated linearly; what comes from outside is 0.
    """
    slopes = -(angles / 2).tan()
    images = _sheared(images, slopes)
    images = _sheared(images.mT, angles.sin()).mT
    return _sheared(images, slopes)


def margin(side: int, degrees: float) -> int:
    """How many pixels beyond a square's borders a rotation within ``degrees`` reads."""
    angle = math.radians(degrees)
    return math.ceil(side / 2 * (math.sin(angle) + math.cos(angle) - 1)) + 2


def _sheared(images: Tensor, slopes: Tensor) -> Tensor:
    """Move each row of pixels by its distance from the middle times the slope of its image."""
    height = images.shape[2]
    rows = torch.arange(height, device=images.device, dtype=images.dtype) - (height - 1) / 2
    return _Moved.apply(images, slopes[:, None] * rows)


class _Moved(torch.autograd.Function):
    """Rows of pixels (BxCxHxW) moved sideways by distances (BxH)."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, distances: Tensor) -> Tensor:
        ctx.save_for_backward(distances)
        return _moved(images, distances)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (distances,) = ctx.saved_tensors
        return _moved(gradients[0], -distances), None


def _moved(images: Tensor, distances: Tensor) -> Tensor:
    channels, width = images.shape[1], images.shape[3]
    source = torch.arange(width, device=images.device, dtype=images.dtype) - distances[..., None]
    left = source.floor()
    weight = (source - left)[:, None]
    framed = F.pad(images, (1, 1))  # with zeros, which all places beyond the ends read

    def read(places: Tensor) -> Tensor:
        inside = (places.clamp(-1, width) + 1).long()
        return framed.gather(3, inside[:, None].expand(-1, channels, -1, -1))

    return (1 - weight) * read(left) + weight * read(left + 1)
