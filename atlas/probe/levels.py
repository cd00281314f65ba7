"""Gray of more than 8 bits as 8: which value is white.

A file's type says how large a value can be, not how large white is: 12 bits of a camera lie in 16,
those of a microscope in 32. White is what the file says. Where it says nothing, it is the end of
the type's range; or, where all values lie far below that, the end of the bits they use.
"""

import math
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas.probe.png_header import png_header, significant_bits

FAR_BELOW = 4
"""Values below one part in so many of a range leave two of its bits unused."""

USUAL_WHITES = {"I": (255, 65535), "F": (1, 255, 65535)}
"""Of 32 bits, which have no agreed white: whole numbers and floating point."""

SCALED_BY_PILLOW = ("PPM", "JPEG2000")
"""Formats whose files say how many bits they have, and whose values Pillow brings to 16."""

BITS_PER_SAMPLE, SAMPLE_RANGES = 258, ((280, 281), (340, 341))
"""Tags of TIFF 6.0: bits, and the smallest and largest value in two ways."""

Remark = Callable[[str], object]
"""Called with what had to be taken for granted of an image."""

Bands = Callable[[], Iterator[Image.Image]]


def is_deep(image: Image.Image) -> bool:
    """Whether an image is gray of more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def to_8_bits(
    image: Image.Image, bands: Bands, file: BinaryIO | None, remark: Remark
) -> Callable[[Image.Image], Image.Image]:
    """How a band of an image of more than 8 bits becomes one of 8, of mode L.

    What is no finite number is black.

    Args:
        image: of which ``is_deep`` holds.
        bands: gives the image's rows, some at a time.
        file: the image's, which may say more than Pillow does.
        remark: told when white is not as the file or its type says.
    """
    black, white = _range(image, bands, file, remark)
    span = max(white - black, np.finfo(float).tiny)

    def scale(band: Image.Image) -> Image.Image:
        part = (np.asarray(band, np.float64) - black) / span
        gray = np.nan_to_num(part, posinf=0, neginf=0).clip(0, 1)
        return Image.fromarray(np.rint(255 * gray).astype(np.uint8))

    return scale


def _range(
    image: Image.Image, bands: Bands, file: BinaryIO | None, remark: Remark
) -> tuple[float, float]:
    """The values that are black and white."""
    low, high = _extremes(np.asarray(band) for band in bands())
    said = _said_range(image)
    if said and said[0] <= low and high <= said[1]:
        return said
    bits = bits_said(image, file)
    if bits and image.mode != "F" and 0 <= low and high < 2**bits:
        return 0.0, 2.0**bits - 1
    if image.mode.startswith("I;16") or image.format in SCALED_BY_PILLOW:
        whites: tuple[int, ...] = (65535,)
    else:
        whites = USUAL_WHITES[image.mode]
    usual = next((white for white in whites if 0 <= low and high <= white), None)
    if usual is None:
        remark(f"its values from {low:g} to {high:g} are taken for black and white")
        return low, high
    if high == 0 or high * FAR_BELOW >= usual or image.format in SCALED_BY_PILLOW:
        return 0.0, float(usual)
    white = high if image.mode == "F" else end_of_bits(int(high))
    remark(f"its values end at {high:g}: {white:g} is taken for white, not {usual}")
    return 0.0, float(white)


def end_of_bits(value: int) -> int:
    """The largest number of as many bits as the value has."""
    return 2 ** value.bit_length() - 1


def bits_said(image: Image.Image, file: BinaryIO | None) -> int | None:
    """How many bits the file says that its values have, where these are not all that they fill."""
    bits: object = None
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE)
        bits = max(bits) if isinstance(bits, tuple) and bits else bits
    elif image.format == "PNG" and file is not None:
        bits = significant_bits(png_header(file))
    return bits if isinstance(bits, int) and 0 < bits < 16 else None


def _said_range(image: Image.Image) -> tuple[float, float] | None:
    """The smallest and largest value, as a TIFF may say."""
    tags = getattr(image, "tag_v2", {})
    for smallest, largest in SAMPLE_RANGES:
        if largest in tags:
            ends = []
            for value in (tags.get(smallest, 0), tags[largest]):
                (value, *_) = value if isinstance(value, tuple) else (value,)
                ends.append(float(value))
            if all(map(math.isfinite, ends)) and ends[0] < ends[1]:
                return ends[0], ends[1]
    return None


def _extremes(parts: Iterator[NDArray]) -> tuple[float, float]:
    """The smallest and the largest of all finite values; 0 and 0 when there is none."""
    low, high = math.inf, -math.inf
    for values in parts:
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 0.0)
