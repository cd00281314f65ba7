"""Receptive fields measured: which pixels an output depends on, told by what is not a number.

Where the windows on the way to a layer are not known, pixels are made NaN: whatever is computed
from one of them is NaN too, through convolutions, poolings and activations of any kind.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from atlas.network.receptive_field import Extent, Field, ReceptiveField

Respond = Callable[[Tensor], Tensor]
"""From images (BxCxSxS) to maps (BxUxHxW)."""


def measured_field(respond: Respond, channels: int, size: int) -> Field:
    """What a position in the middle of a layer sees, and how far the next ones are.

    Args:
        respond: the layer.
        channels: of the images.
        size: side of the images, in pixels; what sees them from border to border sees them whole.

    Returns:
        ``WHOLE`` where that is not less than the image, ``UNKNOWN`` where NaN does not tell.
    """
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(1, channels, size, size, generator=generator)
    try:
        clean = respond(image)
        if clean.isnan().any() or not respond(torch.full_like(image, torch.nan)).isnan().any():
            return Extent.UNKNOWN
        if clean.shape[2:] == (1, 1):
            return Extent.WHOLE
        rows, columns = (_measure(respond, image, axis, clean.shape[axis]) for axis in (2, 3))
    except Exception:  # whatever a module says to images that are no numbers
        return Extent.UNKNOWN
    if rows is None or columns is None:
        return Extent.WHOLE
    (height, down, top), (width, right, left) = rows, columns
    if down != int(down) or right != int(right):
        return Extent.UNKNOWN
    return ReceptiveField((height, width), (int(down), int(right)), (top, left))


def _measure(
    respond: Respond, image: Tensor, axis: int, positions: int
) -> tuple[int, float, float] | None:
    """Size, stride and center of the first position along an axis; None for the whole image."""
    first = positions // 2
    step = min(4, positions - 1 - first)
    if step == 0:
        first, step = first - 1, 1
    begins, ends = _edges(respond, image, axis, first)
    if begins == 0 or ends == image.shape[axis] - 1:
        return None
    stride = (_edges(respond, image, axis, first + step)[0] - begins) / step
    return ends - begins + 1, stride, (begins + ends) / 2 - first * stride


def _edges(respond: Respond, image: Tensor, axis: int, position: int) -> tuple[int, int]:
    """The first and the last pixel along an axis that a position sees."""
    side = image.shape[axis]

    def depends(pixels: slice) -> bool:
        spoiled = image.clone()
        spoiled.narrow(axis, pixels.start, pixels.stop - pixels.start).fill_(torch.nan)
        maps = respond(spoiled)
        across = maps.shape[5 - axis] // 2
        place = (position, across) if axis == 2 else (across, position)
        return bool(maps[0, :, place[0], place[1]].isnan().any())

    low, high = 0, side - 1  # the first pixel lies from low to high
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if depends(slice(0, middle + 1)) else (middle + 1, high)
    begins = low
    low, high = begins, side - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if depends(slice(middle, side)) else (low, middle - 1)
    return begins, low
