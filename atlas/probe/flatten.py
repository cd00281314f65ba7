"""An image of any mode as one of 8 bits a channel without transparency, which shows white."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from atlas.probe.levels import FAR_BELOW, Remark, bits_said, end_of_bits, is_deep, to_8_bits
from atlas.probe.png_header import bit_depth, png_header

BAND = 2**20
"""Pixels whose colors are converted at a time: nothing in between is as large as the image."""

Convert = Callable[[Image.Image], Image.Image]


def flatten(
    image: Image.Image, mode: str, file: BinaryIO | None, remark: Remark, times: int = 1
) -> Image.Image:
    """An image as one of a mode without transparency: RGB, L, CMYK or LAB.

    Args:
        image: of any mode.
        mode: what its colors are to be; that of its profile, where it has one.
        file: where it was read from; it may say more than Pillow does.
        remark: told what had to be taken for granted.
        times: by how much it is made smaller on the way, each way.
    """
    if file is not None and image.mode in ("RGB", "RGBA", "LA") and times == 1:
        image = _deep_color(image, file, remark)
    if image.mode == mode == "RGB" and times == 1 and not image.has_transparency_data:
        return image
    whole = Image.new(mode, (-(-image.width // times), -(-image.height // times)))
    convert = _conversion(image, mode, file, remark)
    for top, band in _bands(image, times):
        converted = convert(band)
        whole.paste(converted.reduce(times) if times > 1 else converted, (0, top // times))
    return whole


def _bands(image: Image.Image, times: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Some rows of an image after the other, as many as are reduced to whole ones."""
    rows = max(BAND // image.width // times, 1) * times
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _conversion(image: Image.Image, mode: str, file: BinaryIO | None, remark: Remark) -> Convert:
    """What makes of rows of the image such of the mode."""
    if is_deep(image):
        gray = to_8_bits(image, lambda: (band for _, band in _bands(image)), file, remark)
        clear = image.info.get("transparency")
        return partial(_deep_gray, gray=gray, clear=clear, mode=mode)
    if image.has_transparency_data:
        clear = image.info.get("transparency")
        depth = bit_depth(png_header(file)) if file is not None else None
        if image.mode in ("1", "L") and isinstance(clear, int) and depth and depth < 8:
            image.info["transparency"] = (
                clear * 255 // (2**depth - 1)
            )  # as Pillow scales the values
        return partial(_over_white, mode=mode)
    return lambda band: band.convert(mode)


def _deep_gray(band: Image.Image, gray: Convert, clear: object, mode: str) -> Image.Image:
    shown = gray(band)
    if isinstance(clear, int):
        shown.paste(255, mask=Image.fromarray(np.asarray(band) == clear))
    return shown.convert(mode)


def _over_white(band: Image.Image, mode: str) -> Image.Image:
    white = Image.new("RGBA", band.size, "white")
    return Image.alpha_composite(white, band.convert("RGBA")).convert(mode)


def _deep_color(image: Image.Image, file: BinaryIO, remark: Remark) -> Image.Image:
    """A color image of 16 bits a channel, where the 8 that Pillow reads of them are not enough.

    They are too few where the values lie far below white, or one of them is transparent.
    """
    header = png_header(file)
    tags = getattr(image, "tag_v2", {}).get(258, ())
    if 16 not in (bit_depth(header), *(tags if isinstance(tags, tuple) else ())):
        return image
    clear = image.info.get("transparency")
    brightest = max(high for _, high in image.getextrema()[: 1 if image.mode == "LA" else 3])  # type: ignore[misc]
    if clear is None and brightest * FAR_BELOW > 255:
        return image
    file.seek(0)
    values = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return image
    color = values[..., 2::-1]
    bits, high = bits_said(image, file), int(color.max())
    if bits and high < 2**bits:
        white = 2**bits - 1
    elif high and high * FAR_BELOW < 65535:
        white = end_of_bits(high)
        remark(f"its values end at {high}: {white} is taken for white, not 65535")
    else:
        white = 65535
    alpha = values[..., 3] / 65535 if values.shape[2] == 4 else np.ones(color.shape[:2])
    if isinstance(clear, tuple):
        alpha = np.where((color == clear).all(2), 0, alpha)
    flat = 255 * (color / white * alpha[..., None] + 1 - alpha[..., None])
    return Image.fromarray(np.rint(flat).astype(np.uint8))
