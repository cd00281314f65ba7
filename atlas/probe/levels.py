"""Which of the values of more than 8 bits are black and white.

A file's type says how large a value can be, not how large white is: 12 bits of a camera lie in 16,
those of a microscope in 32. White is what the file says. Where it says nothing, it is the end of
the type's range; or, where all values lie far below that, the end of the bits they use.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from atlas.probe.said import DEEP, Said

FAR_BELOW = 4
"""Values that all lie below a fourth of a range leave its two highest bits unused."""

USUAL_WHITES = {"16": (DEEP,), "32": (255, DEEP), "float": (1, 255, DEEP)}
"""Of 16 bits, and of 32, which have no agreed white: whole numbers and floating point."""

Remark = Callable[[str], object]
"""Called with what had to be taken for granted of an image."""


def black_and_white(
    low: float, high: float, kind: str, said: Said, remark: Remark
) -> tuple[float, float]:
    """The values that are black and white.

    Args:
        low: the smallest value of the image.
        high: the largest.
        kind: one of ``USUAL_WHITES``.
        said: what the file says.
        remark: told when white is not as the file or its type says.
    """
    for black, white in said.ranges:
        if black <= low and high <= white:
            return black, white
    usual = next((white for white in USUAL_WHITES[kind] if 0 <= low and high <= white), None)
    if usual is None:
        remark(f"its values from {low:g} to {high:g} are taken for black and white")
        return low, high
    if high == 0 or not is_far_below(high, usual):
        return 0, usual
    white = high if kind == "float" else 2 ** int(high).bit_length() - 1
    remark(f"its values end at {high:g}: {white:g} is taken for white, not {usual}")
    return 0, white


def is_far_below(high: float, white: float) -> bool:
    """Whether values that end at ``high`` would be nearly black."""
    return high * FAR_BELOW < white


def extremes(parts: Iterable[NDArray]) -> tuple[float, float]:
    """The smallest and the largest of all finite values; 0 and 0 when there is none."""
    low, high = math.inf, -math.inf
    for values in parts:
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def to_8_bits(values: NDArray, black: float, white: float) -> NDArray[np.uint8]:
    """Values between black and white as bytes; NaN and infinity become black."""
    if values.dtype == np.uint16 and values.size > DEEP:
        return to_8_bits(np.arange(DEEP + 1), black, white)[values]
    span = max(white - black, float(np.finfo(float).tiny))
    part = (values.astype(np.float64) - black) / span
    return np.rint(255 * np.nan_to_num(part, posinf=0, neginf=0).clip(0, 1)).astype(np.uint8)
