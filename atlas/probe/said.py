"""What a file says about the values of its pixels but Pillow does not pass on."""

import math
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONGEST = 64
"""Bytes of a PNG chunk that is read; longer ones hold profiles and texts."""

JPEG2000_SIZES = b"\xff\x4f\xff\x51"
"""The two markers with which a codestream begins (ISO 15444-1, annex A)."""

BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
SAMPLE_RANGES = ((280, 281), (340, 341))
"""Tags of TIFF 6.0; those of the smallest and the largest value, in two ways."""

DEEP = 65535
"""White of 16 bits."""


class Said(NamedTuple):
    """What a file says of its values.

    ``largest`` is the end of their type where that is of whole numbers; ``ranges`` are those they
    may fill, the first that holds them all counts; ``inverted`` says that 0 is white, ``unsigned``
    that what Pillow reads as negative is not.
    """

    largest: int | None = None
    ranges: tuple[tuple[float, float], ...] = ()
    inverted: bool = False
    unsigned: bool = False


def said_of(image: Image.Image, file: BinaryIO | None) -> Said:
    """What the file of an image says of its values; nothing where there is no file.

    The position in the file stays what it was.
    """
    if image.format == "TIFF":
        return _said_by_tiff(getattr(image, "tag_v2", {}))
    if file is None:
        return Said()
    before = file.tell()
    try:
        file.seek(0)
        if image.format == "PNG":
            return _said_by_png(png_header(file))
        if image.format == "PPM":
            return _said_by_pnm(file.read(4096))
        if image.format == "JPEG2000":
            return _said_by_jpeg2000(file.read(65536))
        return Said()
    finally:
        file.seek(before)


def png_header(file: BinaryIO) -> dict[bytes, bytes]:
    """The short chunks before the pixels of a PNG that is read from its beginning, by name."""
    found: dict[bytes, bytes] = {}
    if file.read(len(PNG_SIGNATURE)) != PNG_SIGNATURE:
        return found
    while len(head := file.read(8)) == 8:
        size, name = struct.unpack(">I4s", head)
        if name == b"IDAT":
            break
        if size <= LONGEST:
            found[name] = file.read(size)
        else:
            file.seek(size, 1)
        file.seek(4, 1)  # its check sum
    return found


def _said_by_png(header: Mapping[bytes, bytes]) -> Said:
    """Bits of a value (IHDR), and how many of them count (sBIT).

    By the standard those that count are the upper ones. Some cameras leave the upper ones empty.
    """
    depth = header.get(b"IHDR", bytes(13))[8]
    significant = max(header.get(b"sBIT", b"\0"), default=0)
    if not 0 < significant < depth:
        return Said(largest=2**depth - 1)
    return Said(2**depth - 1, ((0, 2**significant - 1), (0, 2**depth - 1)))


def _said_by_pnm(head: bytes) -> Said:
    """The third number of the header is white; Pillow brings it to 16 bits, or to 8."""
    lines = (line.partition(b"#")[0] for line in head.split(b"\n"))
    _, *numbers = b" ".join(lines).split()[:4]
    if len(numbers) < 3 or not numbers[2].isdigit():
        return Said()  # a PFM has floating point
    white = int(numbers[2])
    return Said(white, ((0, DEEP),) if 255 < white < DEEP else ())


def _said_by_jpeg2000(head: bytes) -> Said:
    """The bits of the first channel; Pillow brings fewer than 16 to 16, or all to 8."""
    place = head.find(JPEG2000_SIZES)
    if not 0 <= place < len(head) - 42:
        return Said()
    bits = (head[place + 42] & 0x7F) + 1
    return Said(2**bits - 1, ((0, DEEP),) if 8 < bits < 16 else ())


def _said_by_tiff(tags: Mapping[int, Any]) -> Said:
    kinds = _numbers(tags.get(SAMPLE_FORMAT, 1))
    bits = int(max(_numbers(tags.get(BITS_PER_SAMPLE, 1)), default=1))
    whole = all(kind in (1, 2) for kind in kinds)
    largest = 2**bits - 1 if whole else None
    ranges = []
    for smallest, largest_value in SAMPLE_RANGES:
        low, high = _numbers(tags.get(smallest, 0)), _numbers(tags.get(largest_value, ()))
        # The end of the type is what is written where nothing is known.
        if low and high and low[0] < high[0] and high[0] != largest:
            ranges.append((low[0], high[0]))
    if whole and 8 < bits < 16:
        ranges.append((0, 2**bits - 1))
    return Said(
        largest=largest,
        ranges=tuple(ranges),
        inverted=tags.get(PHOTOMETRIC) == 0,
        unsigned=bits == 32 and all(kind == 1 for kind in kinds),
    )


def _numbers(value: object) -> list[float]:
    """The finite numbers of a tag, of which there may be one or several, or none."""
    values = value if isinstance(value, tuple) else (value,)
    found = []
    for each in values:
        try:
            number = float(each)  # type: ignore[arg-type]
        except (TypeError, ValueError, ZeroDivisionError):
            continue
        if math.isfinite(number):
            found.append(number)
    return found
