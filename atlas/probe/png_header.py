"""What a PNG says before its pixels and Pillow does not tell."""

import struct
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONGEST = 64
"""Bytes of a chunk that is read; longer ones hold profiles and texts."""


def png_header(file: BinaryIO) -> dict[bytes, bytes]:
    """The short chunks before the pixels, by name; none where the file is no PNG.

    The position in the file stays what it was.
    """
    found: dict[bytes, bytes] = {}
    before = file.tell()
    try:
        file.seek(0)
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return {}
        while len(head := file.read(8)) == 8:
            size, name = struct.unpack(">I4s", head)
            if name == b"IDAT":
                break
            if size <= LONGEST:
                found[name] = file.read(size)
            else:
                file.seek(size, 1)
            file.seek(4, 1)  # its check sum
    finally:
        file.seek(before)
    return found


def bit_depth(header: dict[bytes, bytes]) -> int | None:
    """Bits of a value, as the header says; None without one."""
    content = header.get(b"IHDR", b"")
    return content[8] if len(content) == 13 else None


def significant_bits(header: dict[bytes, bytes]) -> int | None:
    """How many bits of a value count (chunk sBIT), where the file says so."""
    content = header.get(b"sBIT", b"")
    return max(content) if content else None
