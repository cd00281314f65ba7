"""Color spaces that a file names otherwise than by an embedded ICC profile, as such a profile.

PNG has code points and chromaticities, AVIF code points, JPEG 2000 a profile that Pillow does not
read; a camera set to Adobe RGB may write no more than a letter and two digits into the EXIF data.
"""

import struct
from contextlib import suppress
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas.probe.levels import Remark
from atlas.probe.said import png_header

Chromaticities = tuple[tuple[float, float], ...]
"""x and y of white, red, green and blue."""

D65 = (0.3127, 0.3290)
BT709 = (D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
PRIMARIES: dict[int, Chromaticities] = {
    1: BT709,
    5: (D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: (D65, (0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    9: (D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: (D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""By code point of ITU-T H.273; 9 is BT.2020, 12 Display P3."""
ADOBE_RGB = (D65, (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))

Curve = float | None
"""The exponent of light over value; None for the curve of sRGB."""

CURVES: dict[int, Curve] = {1: None, 4: 2.2, 5: 2.8, 6: None, 8: 1.0, 13: None, 14: None, 15: None}
"""By code point; those of television are shown as sRGB is, as browsers do."""
UNKNOWN = 2
"""The code point that says nothing."""

BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
D50_XYZ = np.array([0.9642, 1.0, 0.8249])
"""The white of profiles (ICC.1), to which colors are adapted by Bradford's cones."""

HEAD = 2**16
"""Bytes of a file in which AVIF and JPEG 2000 name their color space."""
INTEROPERABILITY = 0xA005


class Space(NamedTuple):
    """A color space: its chromaticities, and how light depends on the value."""

    chromaticities: Chromaticities = BT709
    curve: Curve = None


def profile_said(image: Image.Image, file: BinaryIO | None, remark: Remark) -> bytes | None:
    """An ICC profile of what a file says without embedding one; None where that is sRGB.

    ``remark`` is told of spaces that are not known.
    """
    space: Space | None = None
    if file is not None:
        file.seek(0)
        if image.format == "PNG":
            space = _space_of_png(png_header(file), remark)
        elif image.format == "AVIF":
            space = _space_of_avif(file.read(HEAD), remark)
        elif image.format == "JPEG2000":
            return _profile_of_jpeg2000(file.read(HEAD))
    if image.format in ("JPEG", "MPO", "TIFF") and _is_adobe_rgb(image):
        space = Space(ADOBE_RGB, 563 / 256)
    if space in (None, Space()):
        return None
    gray = image.mode in ("1", "L", "LA", "F") or image.mode.startswith("I")
    return _gray_profile(space) if gray else _rgb_profile(space)


def _space_of_png(header: dict[bytes, bytes], remark: Remark) -> Space | None:
    """By the chunk of the highest rank (PNG, third edition, 4.3)."""
    if len(points := header.get(b"cICP", b"")) == 4:
        return _space_of_points(points[0], points[1], remark)
    if b"sRGB" in header:
        return None
    space = Space()
    if len(numbers := header.get(b"cHRM", b"")) == 32:
        xy = [number / 100_000 for number in struct.unpack(">8I", numbers)]
        said = tuple(zip(xy[::2], xy[1::2], strict=True))
        if np.abs(np.subtract(said, BT709)).max() > 0.002 and all(y > 0 for _, y in said):
            space = space._replace(chromaticities=said)
    if len(number := header.get(b"gAMA", b"")) == 4:
        exponent = 100_000 / max(struct.unpack(">I", number)[0], 1)
        if not 2.15 < exponent < 2.25:  # by 2.2 files mean the curve of sRGB
            space = space._replace(curve=exponent)
    return space


def _space_of_avif(head: bytes, remark: Remark) -> Space | None:
    place = head.find(b"colrnclx") + 8
    if not 8 <= place <= len(head) - 4:
        return None
    return _space_of_points(*struct.unpack_from(">HH", head, place), remark)


def _space_of_points(primaries: int, transfer: int, remark: Remark) -> Space | None:
    if primaries == UNKNOWN and transfer == UNKNOWN:
        return None
    chromaticities = PRIMARIES.get(1 if primaries == UNKNOWN else primaries)
    transfer = 13 if transfer == UNKNOWN else transfer
    if chromaticities is None or transfer not in CURVES:
        remark(
            f"its colors are of a kind that is not known (H.273: {primaries}, {transfer}): they "
            "are taken for sRGB"
        )
        return None
    return Space(chromaticities, CURVES[transfer])


def _profile_of_jpeg2000(head: bytes) -> bytes | None:
    """The profile in a box ``colr`` of the second method (ISO 15444-1, annex I.5.3.3)."""
    place = head.find(b"colr\x02")
    if place < 4:
        return None
    (size,) = struct.unpack_from(">I", head, place - 4)
    return head[place + 7 : place - 4 + size]


def _is_adobe_rgb(image: Image.Image) -> bool:
    """Whether the EXIF data say so (DCF 2.0, optional color space)."""
    with suppress(Exception):  # damaged metadata
        return image.getexif().get_ifd(INTEROPERABILITY).get(1) == "R03"
    return False


def _rgb_profile(space: Space) -> bytes:
    colorants = _to_d50(space.chromaticities)
    tags = {
        name: _xyz(column)
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants.T, strict=True)
    }
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _tone_curve(space.curve))
    return _profile(b"RGB ", tags | curves)


def _gray_profile(space: Space) -> bytes:
    return _profile(b"GRAY", {b"kTRC": _tone_curve(space.curve)})


def _to_d50(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """The 3x3 matrix from linear RGB to XYZ under the white of profiles."""
    white, *primaries = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in chromaticities)
    columns = np.stack(primaries, 1)
    to_xyz = columns * np.linalg.solve(columns, white)
    cones = (BRADFORD @ D50_XYZ) / (BRADFORD @ white)
    return np.linalg.solve(BRADFORD, cones[:, None] * BRADFORD) @ to_xyz


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A display profile of version 4 (ICC.1:2010, 7)."""
    tags = {b"wtpt": _xyz(D50_XYZ), **tags}
    table, body, begin = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, begin + len(body), len(data))
        body += data
    size = begin + len(body)
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x04200000, b"mntr", space, b"XYZ ", b"acsp")
    illuminant = struct.pack(">28x3i48x", *_fixed(D50_XYZ))
    return head + illuminant + struct.pack(">I", len(tags)) + table + body


def _xyz(values: NDArray[np.float64]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *_fixed(values))


def _tone_curve(curve: Curve) -> bytes:
    if curve is not None:
        return struct.pack(">4s4xHxxi", b"para", 0, *_fixed(np.array([curve])))
    srgb = np.array([2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045])
    return struct.pack(">4s4xHxx5i", b"para", 3, *_fixed(srgb))


def _fixed(values: NDArray[np.float64]) -> list[int]:
    """Numbers as profiles hold them, in parts of 65536."""
    return np.rint(values * 65536).astype(int).tolist()
