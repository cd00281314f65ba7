"""The size of a probe image, and its channels as a network takes them."""

import cv2
import numpy as np
from numpy.typing import NDArray

PROBE_SIZE = 224
"""Its sides in pixels: those that networks for ImageNet are shown."""

LUMA = (19595, 38470, 7471)
"""Weights of red, green and blue in gray, in parts of 2**16: those of ITU-R BT.601, as in Pillow's
mode ``L``, to the bit."""


def resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """An image of HxWxC bytes at another size: by area where that is smaller, else cubic."""
    if pixels.shape[:2] == (side, side):
        return pixels
    smaller = side < min(pixels.shape[:2])
    found = cv2.resize(
        pixels, (side, side), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    )
    return found.reshape(side, side, pixels.shape[2]).astype(np.uint8, copy=False)


def in_channels(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Images (...x3 RGB bytes) with as many channels as a network takes (...xC).

    Gray is the luma of red, green and blue; more channels, or two, all hold the same gray. Images
    of as many channels already stay as they are.
    """
    if pixels.shape[-1] == channels:
        return pixels
    gray = ((pixels.astype(np.uint32) @ np.array(LUMA, np.uint32) + 2**15) >> 16).astype(np.uint8)
    return np.repeat(gray[..., None], channels, axis=-1)
