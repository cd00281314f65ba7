"""Pictures as arrays and as files: 8-bit RGB, lossless PNG, strips and contact sheets."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def to_8bit(image: NDArray[np.floating]) -> Pixels:
    """Turn a CxHxW image in 0..1 into HxWx3 RGB bytes, ``round(255 x)``; NaN becomes 0."""
    return as_rgb(in_bytes(image))


def in_bytes(image: NDArray[np.floating]) -> Pixels:
    """Turn a CxHxW image in 0..1 into HxWxC bytes, ``round(255 x)``; NaN becomes 0."""
    finite = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0)
    return np.rint(255 * finite.clip(0, 1)).astype(np.uint8).transpose(1, 2, 0)


def as_rgb(pixels: Pixels) -> Pixels:
    """Show HxWxC bytes as HxWx3 RGB bytes.

    One channel is gray; of others the first three are red, green and blue, and of two there is no
    blue.
    """
    channels = pixels.shape[2]
    if channels == 1:
        return np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(
        np.pad(pixels, ((0, 0), (0, 0), (0, max(3 - channels, 0))))[..., :3]
    )


def encode_png(pixels: Pixels) -> bytes:
    """Encode HxWx3 RGB or HxWx4 RGBA bytes losslessly."""
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    done, data = cv2.imencode(".png", cv2.cvtColor(pixels, order))
    if not done:
        raise ValueError(f"an array of shape {pixels.shape} cannot be written as PNG")
    return data.tobytes()


def decode_png(data: bytes) -> Pixels:
    """Decode what ``encode_png`` wrote, to HxWx3 or HxWx4 bytes.

    Raises ValueError when the data is no whole picture.
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if pixels is None or pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise ValueError("not a color PNG")
    order = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return cv2.cvtColor(pixels, order).astype(np.uint8, copy=False)


def strip(pictures: Sequence[Pixels]) -> Pixels:
    """Put HxWx3 pictures side by side at their own size, top aligned, as RGBA bytes.

    What lies below the smaller ones is transparent.
    """
    height = max(picture.shape[0] for picture in pictures)
    columns = [
        np.pad(
            np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]),
            ((0, height - picture.shape[0]), (0, 0), (0, 0)),
        )
        for picture in pictures
    ]
    return np.concatenate(columns, axis=1)
