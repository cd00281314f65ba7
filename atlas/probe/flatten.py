"""An image of any mode as one of 8 bits a channel without transparency, which shows white."""

from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from PIL import Image

from atlas.probe.deep_color import deep_color
from atlas.probe.levels import Remark, black_and_white, extremes, to_8_bits
from atlas.probe.said import said_of

BAND = 2**20
"""Pixels whose colors are converted at a time: nothing in between is as large as the image."""

Rows = Callable[[int, int], Image.Image]
"""Gives the rows of an image from one to another."""


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
    rows = _flat_rows(image, mode, file, remark)
    if rows is None and times == 1:
        return image
    rows = rows or _rows(image)
    whole = Image.new(mode, (-(-image.width // times), -(-image.height // times)))
    for top, bottom in _bands(image, times):
        whole.paste(rows(top, bottom).reduce(times), (0, top // times))
    return whole


def _bands(image: Image.Image, times: int = 1) -> list[tuple[int, int]]:
    """Where some rows of an image begin and end, as many as are reduced to whole ones."""
    rows = max(BAND // image.width // times, 1) * times
    return [(top, min(top + rows, image.height)) for top in range(0, image.height, rows)]


def _rows(image: Image.Image) -> Rows:
    return lambda top, bottom: image.crop((0, top, image.width, bottom))


def _flat_rows(image: Image.Image, mode: str, file: BinaryIO | None, remark: Remark) -> Rows | None:
    """What gives the rows of an image in a mode; None where it is of the mode already."""
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_gray(image, mode, file, remark)
    if file is not None and (deep := deep_color(image, file, remark)) is not None:
        return lambda top, bottom: deep(top, bottom).convert(mode)
    rows = _rows(image)
    if image.has_transparency_data:
        _mend_transparency(image, file)
        return lambda top, bottom: _over_white(rows(top, bottom)).convert(mode)
    return None if image.mode == mode else lambda top, bottom: rows(top, bottom).convert(mode)


def _deep_gray(image: Image.Image, mode: str, file: BinaryIO | None, remark: Remark) -> Rows:
    """Rows of gray of more than 8 bits, which may have one value that is transparent."""
    said, clear = said_of(image, file), image.info.get("transparency")
    kind = {"F": "float", "I": "32"}.get(image.mode, "16")
    if image.mode == "I" and image.format in ("PNG", "PPM"):
        kind = "16"  # as some versions of Pillow read it

    def values(top: int, bottom: int) -> np.ndarray:
        read = np.asarray(_rows(image)(top, bottom))
        return read.view(np.uint32) if said.unsigned and image.mode == "I" else read

    ends = extremes(values(*band) for band in _bands(image))
    black, white = black_and_white(*ends, kind, said, remark)

    def rows(top: int, bottom: int) -> Image.Image:
        part = values(top, bottom)
        gray = to_8_bits(part, black, white)
        if said.inverted:
            gray = 255 - gray
        if isinstance(clear, int):
            gray[part == clear] = 255
        return Image.fromarray(gray).convert(mode)

    return rows


def _mend_transparency(image: Image.Image, file: BinaryIO | None) -> None:
    """Scale the transparent gray of fewer than 8 bits as Pillow scales the gray."""
    clear, largest = image.info.get("transparency"), said_of(image, file).largest
    if image.format == "PNG" and image.mode in ("1", "L") and isinstance(clear, int) and largest:
        image.info["transparency"] = clear * 255 // min(largest, 255)


def _over_white(band: Image.Image) -> Image.Image:
    white = Image.new("RGBA", band.size, "white")
    return Image.alpha_composite(white, band.convert("RGBA"))
