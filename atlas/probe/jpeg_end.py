"""A JPEG that was cut and then closed: the decoder fills what is missing, and says nothing.

libjpeg makes a block of which there is no data mid-gray. An image may end in such gray by itself;
so a suspect is decoded again with more data before its end. A whole one does not read them.
"""

import io
from typing import BinaryIO

from PIL import Image

END = b"\xff\xd9"
MORE = bytes(range(1, 255)) * 16
"""Data of a scan, whatever they say."""

BLOCK = 8
MID_GRAY = range(127, 130)


def is_cut(image: Image.Image, file: BinaryIO) -> bool:
    """Whether a decoded JPEG lacks its end."""
    width, height = image.size
    corner = image.crop((max(width - BLOCK, 0), max(height - BLOCK, 0), width, height))
    ends = corner.getextrema()
    channels = ends if isinstance(ends[0], tuple) else (ends,)
    if not all(value in MID_GRAY for channel in channels for value in channel):  # type: ignore[union-attr]
        return False
    file.seek(0)
    whole, end, rest = file.read().rpartition(END)
    longer = io.BytesIO(whole + MORE + end + rest)
    with Image.open(longer, formats=("JPEG", "MPO")) as again:
        again.draft(image.mode, image.size)
        return again.crop((0, 0, *again.size)).getextrema() != image.getextrema() or (
            again.tobytes() != image.tobytes()
        )
