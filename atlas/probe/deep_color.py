"""Color of 16 bits a channel, where the upper 8, which Pillow reads, are not enough.

They are too few where the values lie far below white, or one of the colors is transparent.
"""

from collections.abc import Callable
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas.probe.levels import Remark, black_and_white, is_far_below, to_8_bits
from atlas.probe.said import DEEP, said_of


def deep_color(
    image: Image.Image, file: BinaryIO, remark: Remark
) -> Callable[[int, int], Image.Image] | None:
    """What gives rows of such an image in RGB, what is transparent white; None for all others.

    Raises ValueError where it cannot be read with all its bits.
    """
    said, clear = said_of(image, file), image.info.get("transparency")
    if said.largest != DEEP or image.mode not in ("RGB", "RGBA", "LA"):
        return None
    ends = image.getextrema()[: 1 if image.mode == "LA" else 3]
    if clear is None and not is_far_below(max(high for _, high in ends), 255):  # type: ignore[misc]
        return None
    values = _all_bits(image, file)
    color = values[..., 2::-1]
    black, white = black_and_white(0, float(color.max()), "16", said, remark)

    def rows(top: int, bottom: int) -> Image.Image:
        shown = to_8_bits(color[top:bottom], black, white)
        if values.shape[2] == 4:
            alpha = to_8_bits(values[top:bottom, :, 3], 0, DEEP)
            over = Image.fromarray(np.dstack([shown, alpha]))
            return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
        if isinstance(clear, tuple):
            shown[(color[top:bottom] == clear).all(2)] = 255
        return Image.fromarray(shown)

    return rows


def _all_bits(image: Image.Image, file: BinaryIO) -> NDArray[np.uint16]:
    """HxWx3 or 4 values in OpenCV's order: blue, green, red, alpha."""
    file.seek(0)
    values = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape[1::-1] != image.size:
        raise ValueError("color of 16 bits a channel that cannot be read as such")
    return values  # type: ignore[return-value]
