"""A JPEG that was cut and then closed: the decoder silently fills what is missing.

What is missing shows in two ways. A progressive JPEG comes in many scans (ITU T.81, annex G), and
lacks the later ones. Of a scan that was cut, libjpeg makes the blocks without data mid-gray. An
image may end in such gray by itself; so a suspect is decoded again with more data before its end.
A whole one does not read them.
"""

import io
import re
from collections.abc import Iterator
from itertools import product
from typing import BinaryIO

from PIL import Image

END = b"\xff\xd9"
MORE = b"".join(bytes(range(254)) + bytes((0xFF, 0xD0 + i % 8)) for i in range(64))
"""Data of a scan, whatever they say, in as many restart intervals as a scan may wait for."""

MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""What begins a segment, among the data of a scan too: there it is no stuffing and no restart."""
PART = 2**16
"""Bytes that are searched for a marker at a time."""

FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
"""Markers of frames whose scans say coefficients: sequential and progressive."""
SCAN, CLOSED = 0xDA, 0xD9
ALL_BITS = 14

MID_GRAY = range(126, 131)

Missing = dict[tuple[int, int], int]
"""How many bits are still to be said, by channel and coefficient."""


def is_cut(image: Image.Image, file: BinaryIO) -> bool:
    """Whether a decoded JPEG lacks its end."""
    if not _has_all_scans(file):
        return True
    if _last_luma(image) not in MID_GRAY:
        return False
    file.seek(0)
    whole, end, rest = file.read().rpartition(END)
    with Image.open(io.BytesIO(whole + MORE + end + rest), formats=("JPEG", "MPO")) as again:
        again.draft(image.mode, image.size)
        return again.crop((0, 0, *again.size)).tobytes() != image.tobytes()


def _last_luma(image: Image.Image) -> int:
    """The luma of the last pixel, or its black: what of a block alone comes from no other."""
    last = image.crop((image.width - 1, image.height - 1, *image.size))
    channel = last.getchannel("K") if image.mode == "CMYK" else last.convert("L")
    return channel.getextrema()[0]  # type: ignore[return-value]


def is_in_one_scan(file: BinaryIO) -> bool:
    """Whether the first scan says all, so that no coefficients are kept for later ones."""
    return not any(next(_missing_after_scans(file), {}).values())


def _has_all_scans(file: BinaryIO) -> bool:
    missing: Missing = {}
    for missing in _missing_after_scans(file):
        if not any(missing.values()):
            break
    return not any(missing.values())


def _missing_after_scans(file: BinaryIO) -> Iterator[Missing]:
    """What is missing after each scan; only coefficients tell."""
    missing: Missing = {}
    for marker, segment in _segments(file):
        if marker in FRAMES:
            channels = segment[6 : 6 + 3 * segment[5] : 3]
            missing = dict.fromkeys(product(channels, range(64)), ALL_BITS)
        elif marker == SCAN:
            count = segment[0]
            first, last, bits = segment[1 + 2 * count : 4 + 2 * count]
            said = product(segment[1 : 1 + 2 * count : 2], range(first, last + 1))
            missing |= dict.fromkeys(said, bits & 15) if missing else {}
            yield missing


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The segments of a JPEG, each with its marker, as far as they are whole."""
    file.seek(2)
    while (marker := _next_marker(file)) not in (None, CLOSED):
        size = int.from_bytes(file.read(2))
        yield marker, file.read(max(size - 2, 0))


def _next_marker(file: BinaryIO) -> int | None:
    """Go behind the next marker; None where there is none."""
    while part := file.read(PART):
        if found := MARKER.search(part):
            file.seek(found.end() - len(part), 1)
            return found[1][0]
        if part.endswith(b"\xff") and len(part) > 1:
            file.seek(-1, 1)
    return None
