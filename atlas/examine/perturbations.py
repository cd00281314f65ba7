"""Small changes to a picture that leave what it shows: does the unit still answer?

Each takes HxWxC bytes and gives one or more altered pictures as bytes, as any program that
handles the published file would. OpenCV's arithmetic here is exact: the same on every processor.
"""

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

from atlas._system.images import Pixels

SHIFT = 8
"""Pixels: a part of a position in the deeper layers, whose strides are 16 and 32."""

BLUR = 1.0
"""Sigma in pixels: 73 % of the amplitude is left at a period of 8 pixels, 11 % at 3, 1 % at 2."""

JPEG_QUALITY = 50
SCALES = (0.9, 1.1)


def shifted(picture: Pixels) -> list[Pixels]:
    """The picture moved by 8 pixels up, down, left and right.

    What moves in is the picture mirrored at its border: replicating the border would draw
    stripes, and wrapping around a seam, to both of which units answer.
    """
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="reflect")
    corners = [(2 * SHIFT, SHIFT), (0, SHIFT), (SHIFT, 2 * SHIFT), (SHIFT, 0)]
    return [padded[top : top + height, left : left + width] for top, left in corners]


def blurred(picture: Pixels) -> list[Pixels]:
    """The picture under a Gaussian of one pixel."""
    return [_by_planes(lambda planes: cv2.GaussianBlur(planes, (0, 0), BLUR), picture)]


def compressed(picture: Pixels) -> list[Pixels]:
    """The picture after JPEG at quality 50; none where its channels are neither gray nor color."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    if picture.shape[2] == 1:
        _, data = cv2.imencode(".jpg", picture, options)
        return [np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)[..., None]]
    if picture.shape[2] != 3:
        return []
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError(f"an array of shape {picture.shape} cannot be written as JPEG")
    return [cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)]


def rescaled(picture: Pixels) -> list[Pixels]:
    """The picture at nine and at eleven tenths of its size, bilinear."""
    height, width = picture.shape[:2]
    sizes = [(round(width * scale), round(height * scale)) for scale in SCALES]
    return [
        _by_planes(
            lambda planes, size=size: cv2.resize(
                planes, size, interpolation=cv2.INTER_LINEAR_EXACT
            ),
            picture,
        )
        for size in sizes
    ]


def _by_planes(change: Callable[[Pixels], Any], picture: Pixels) -> Pixels:
    """The colors changed together, or any other channels one by one: OpenCV knows few of them."""
    if picture.shape[2] == 3:
        return change(picture).astype(np.uint8, copy=False)
    planes = (np.ascontiguousarray(picture[..., i]) for i in range(picture.shape[2]))
    return np.stack([change(plane) for plane in planes], axis=2).astype(np.uint8, copy=False)


PERTURBATIONS: Mapping[str, Callable[[Pixels], list[Pixels]]] = {
    "shift": shifted,
    "blur": blurred,
    "jpeg": compressed,
    "rescale": rescaled,
}
"""By the name of their column in the examination."""

MOVING = ("shift", "rescale")
"""Those after which another position of a map sees what one saw before."""
