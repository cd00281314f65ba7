"""One image file, as the network is shown it: upright, RGB, its middle 224x224 pixels or as many.

The geometry is that of torchvision's evaluation transform, ``Resize(256)`` then
``CenterCrop(224)`` on a PIL image, byte for byte.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from threading import Condition
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from atlas.errors import AtlasError, reason_of
from atlas.probe.color_profile import profile_of
from atlas.probe.flatten import flatten
from atlas.probe.jpeg import is_cut, is_in_one_scan
from atlas.probe.levels import Remark
from atlas.probe.said import DEEP, said_of
from atlas.probe.size import PROBE_SIZE

SHORT_SIDE = 256
MOST_MEMORY = 2**30
"""Bytes that an image may take while it is decoded; more is taken for an attack on the memory.

Images being decoded side by side take no more together."""
IN_SCANS = "progressive JPEG"
"""All of its coefficients are kept until the last scan is read."""
MEMORY = {
    **dict.fromkeys(("BMP", "PCX"), 5),
    **dict.fromkeys(("JPEG", IN_SCANS), 9),
    **{"GIF": 15, "PNG": 20, "PPM": 20, "QOI": 20, "SGI": 21},
    **{"AVIF": 24, "JPEG2000": 25, "TIFF": 28, "WEBP": 30},
}
"""Bytes a pixel that decoding and preparing an image takes, by its format: the most measured."""
MEMORY_REDUCED = {
    **dict.fromkeys(("BMP", "PCX", "PNG", "PPM"), 6),
    **{"JPEG": 5, IN_SCANS: 11, "QOI": 11, "SGI": 11, "GIF": 11},
    **{"TIFF": 13, "AVIF": 15, "WEBP": 18, "JPEG2000": 22},
}
"""The same when the image is reduced: by the decoder, or row by row after it."""
MOST_BYTES = 2**31
"""The largest file."""
FINER = 2
"""An image that is reduced while it is read stays at least twice as large as it is shown."""
MOST_FRAMES = 100
"""Frames of an animation that are looked through for one that shows something."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns an image upright, by its EXIF orientation."""

LONGEST_STRIP = 16
"""Of a longer strip, in multiples of its width, only the middle is enlarged."""

# No format that starts another program (EPS) or is guessed without a signature (TGA).
_FORMATS = {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "QOI", "SGI", "TIFF"}
_FORMATS |= {"WEBP"}
Image.init()
FORMATS = tuple(sorted(_FORMATS & set(Image.OPEN)))


class UnreadableImage(AtlasError):
    """A file that is no image, or a damaged one; ``reason`` says why in a few words."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot read {str(path)!r}: {reason}; replace or remove the file")
        self.reason = reason


def inspect(path: Path) -> str:
    """The SHA-256 of an image file's bytes, after a look at its header alone.

    Raises UnreadableImage for what certainly is no image. Nothing but a regular file is opened,
    so that a pipe cannot make a program wait. Pixels are not decoded: damage there shows later,
    in ``decode``.
    """
    with _image_file(path) as (file, _):
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def ignore(remark: str) -> None:
    """Take no notice of a remark."""


def decode(path: Path, remark: Remark = ignore, side: int = PROBE_SIZE) -> NDArray[np.uint8]:
    """Read an image file as SxSx3 RGB bytes, S being ``side``; raises UnreadableImage.

    An image that would take too much memory whole is made smaller while it is read. ``remark`` is
    told what had to be taken for granted of it.
    """
    with _image_file(path) as (file, image):
        whole = _memory_of(image, file, MEMORY)
        smaller = whole > MOST_MEMORY
        with _memory.of(_memory_of(image, file, MEMORY_REDUCED) if smaller else whole):
            try:
                return prepare(image, file, remark, smaller=smaller, side=side)
            finally:
                image.close()  # its pixels go before the next image takes their place


def prepare(
    image: Image.Image,
    file: BinaryIO | None = None,
    remark: Remark = ignore,
    *,
    smaller: bool = False,
    side: int = PROBE_SIZE,
) -> NDArray[np.uint8]:
    """Turn a picture of any size and mode into SxSx3 RGB bytes.

    More than 8 bits are scaled to 8, transparency shows white, its color profile and its EXIF
    orientation are honored. The short side becomes 256 pixels (bilinear, antialiased), the middle
    224x224 are kept; for another ``side`` as much of the picture at its size.

    Args:
        image: whose pixels need not be decoded yet.
        file: where it was read from, if it was.
        remark: told what had to be taken for granted.
        smaller: whether to make it smaller first, to save memory.
        side: of what comes of it, in pixels.

    Raises:
        ValueError: for a JPEG whose end is missing; and whatever Pillow raises for damage.
    """
    profile = profile_of(image, file, remark)
    short_side = round(SHORT_SIDE / PROBE_SIZE * side)
    enough = FINER * short_side
    if smaller:
        image.draft(None, (enough, enough))
    _load_what_shows(image)
    if file is not None and image.format in ("JPEG", "MPO") and is_cut(image, file):
        raise ValueError("its end is missing")
    # The many pixels of a large image need not all be brought from one space to another.
    times = max(min(image.size) // enough, 1) if smaller or profile else 1
    flat = flatten(image, profile.mode if profile else "RGB", file, remark, times)
    colors = profile.to_srgb(flat) if profile else flat
    turn = _turn(image)
    upright = colors if turn is None else colors.transpose(turn)
    width, height = upright.size
    longest = LONGEST_STRIP * min(width, height)
    if max(width, height) > longest:
        upright = _middle(upright, min(width, longest), min(height, longest))
        width, height = upright.size
    short = min(width, height)
    size = (short_side * width // short, short_side * height // short)
    return np.asarray(_middle(upright.resize(size, Image.Resampling.BILINEAR), side, side))


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What turns the image upright; damaged metadata cost a photograph this, no more.

    A TIFF that is decoded is upright already, and says so.
    """
    with suppress(Exception):
        orientation = image.getexif().get(0x0112)
        if isinstance(orientation, bytes):  # written as a byte, and not as two
            orientation = int.from_bytes(orientation.strip(b"\0"))
        return TURNS.get(orientation)  # type: ignore[arg-type]
    return None


def _load_what_shows(image: Image.Image) -> None:
    """Decode an image; of an animation, the first frame that is not empty."""
    image.load()
    if not getattr(image, "is_animated", False):
        return
    for frame in range(min(getattr(image, "n_frames", 1), MOST_FRAMES)):
        image.seek(frame)
        if not image.has_transparency_data or image.convert("RGBA").getextrema()[3][1]:  # type: ignore[index]
            return
    image.seek(0)


class _Memory:
    """Lets images be decoded side by side while they are small; a large one has to wait."""

    def __init__(self) -> None:
        self._taken = 0
        self._changed = Condition()

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """Hold this many bytes; waits until they are left of what images may take together."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken + size <= MOST_MEMORY)
            self._taken += size
        try:
            yield
        finally:
            with self._changed:
                self._taken -= size
                self._changed.notify_all()


_memory = _Memory()


@contextmanager
def _image_file(path: Path) -> Iterator[tuple[BufferedReader, Image.Image]]:
    """A file and the image in it, of which the header alone is read; UnreadableImage for others."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImage(path, "not a regular file")
        if status.st_size == 0:
            raise UnreadableImage(path, "empty file")
        if status.st_size > MOST_BYTES:
            raise UnreadableImage(path, f"{status.st_size >> 20} MiB, more than an image needs")
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            if 0 in image.size:
                raise UnreadableImage(path, "no pixels")
            least = _memory_of(image, file, MEMORY_REDUCED)
            if least > MOST_MEMORY:
                pixels = image.width * image.height
                most = (
                    f"{MOST_MEMORY * pixels // least // 10**6} megapixels of {_kind(image, file)}"
                )
                raise UnreadableImage(
                    path, f"{image.width} x {image.height} pixels, more than {most}"
                )
            yield file, image
    except UnreadableImage:
        raise
    except Image.DecompressionBombError as error:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise UnreadableImage(path, f"more than {most} megapixels") from error
    except Exception as error:  # on damaged files Pillow's decoders raise errors of many kinds
        raise UnreadableImage(path, _reason(path, error)) from error


def _memory_of(image: Image.Image, file: BinaryIO, memory: Mapping[str, int]) -> int:
    """Bytes that the image takes while it is decoded."""
    pixels = image.width * image.height
    most = pixels * memory.get(_kind(image, file), max(memory.values()))
    if image.mode in ("RGB", "RGBA", "LA") and said_of(image, file).largest == DEEP:
        # Read twice: 8 bits of it, and then all.
        return max(most, pixels * (4 + 2 * len(image.getbands())) + os.fstat(file.fileno()).st_size)
    return most


def _kind(image: Image.Image, file: BinaryIO) -> str:
    """The format of an image as the tables of memory name it; small JPEGs count as progressive."""
    if image.format not in ("JPEG", "MPO"):
        return image.format or ""
    is_large = image.width * image.height * MEMORY_REDUCED[IN_SCANS] > MOST_MEMORY
    return "JPEG" if is_large and is_in_one_scan(file) else IN_SCANS


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))


def _reason(path: Path, error: Exception) -> str:
    """One short line that says what is wrong with the file."""
    if isinstance(error, UnidentifiedImageError):
        return "not an image of a known format"
    if isinstance(error, MemoryError):
        return "takes more memory than there is"
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return "a link to nothing"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"damaged: {reason_of(error)[:120]}"
