"""Receptive fields measured: which pixels an output depends on, told by what is not a number.

Where the windows on the way to a layer are not known, pixels are made NaN: whatever is computed
from one of them is NaN too, through convolutions, poolings and activations of any kind.
"""

from collections.abc import Callable
from itertools import pairwise

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
    if isinstance(rows, Extent):
        return rows
    if isinstance(columns, Extent):
        return columns
    (height, down, top), (width, right, left) = rows, columns
    if down != int(down) or right != int(right):
        return Extent.UNKNOWN
    return ReceptiveField((height, width), (int(down), int(right)), (top, left))


def _measure(
    respond: Respond, image: Tensor, axis: int, positions: int
) -> tuple[int, float, float] | Extent:
    """Size, stride and center of the first position along an axis."""
    side = image.shape[axis]
    first = positions // 2
    ends = slice(0, 1), slice(side - 1, side)
    if any(_depends(respond, image, axis, first, pixels) for pixels in ends):
        return Extent.WHOLE
    if positions < 3:
        return Extent.UNKNOWN
    step = min(4, positions - 1 - first) // 2 or 1
    edges = [_edges(respond, image, axis, first + i * step) for i in (0, 1, 2)][: positions - first]
    inside = [(begins, ends) for begins, ends in edges if ends < side - 1]
    strides = {
        (later - before) / step
        for one, other in pairwise(inside)
        for before, later in zip(one, other, strict=True)
    }
    # Where not every position sees as much, as in windows of attention, there is no one field.
    if len(strides) != 1 or min(strides) <= 0:
        return Extent.UNKNOWN
    (stride,) = strides
    begins, ends = edges[0]
    return ends - begins + 1, stride, (begins + ends) / 2 - first * stride


def _edges(respond: Respond, image: Tensor, axis: int, position: int) -> tuple[int, int]:
    """The first and the last pixel along an axis that a position sees."""
    side = image.shape[axis]
    low, high = 0, side - 1  # the first pixel lies from low to high
    while low < high:
        middle = (low + high) // 2
        depends = _depends(respond, image, axis, position, slice(0, middle + 1))
        low, high = (low, middle) if depends else (middle + 1, high)
    begins = low
    low, high = begins, side - 1
    while low < high:
        middle = (low + high + 1) // 2
        depends = _depends(respond, image, axis, position, slice(middle, side))
        low, high = (middle, high) if depends else (low, middle - 1)
    return begins, low


def _depends(respond: Respond, image: Tensor, axis: int, position: int, pixels: slice) -> bool:
    """Whether a position in the middle of the other axis depends on some rows, or columns."""
    spoiled = image.clone()
    spoiled.narrow(axis, pixels.start, pixels.stop - pixels.start).fill_(torch.nan)
    maps = respond(spoiled)
    across = maps.shape[5 - axis] // 2
    place = (position, across) if axis == 2 else (across, position)
    return bool(maps[0, :, place[0], place[1]].isnan().any())
