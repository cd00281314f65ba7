"""One image file, as the network is shown it: upright, RGB, its middle 224x224 pixels.

The geometry is that of torchvision's evaluation transform, ``Resize(256)`` then
``CenterCrop(224)`` on a PIL image, byte for byte.
"""

import hashlib
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from threading import Condition

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from atlas.errors import AtlasError

SHORT_SIDE = 256
SIDE = 224
MOST_MEMORY = 2**30
"""Bytes that an image may take while it is decoded; more is taken for an attack on the memory.

Images being decoded side by side take no more together."""
MEMORY = {
    **dict.fromkeys(("BMP", "PCX"), 5),
    **dict.fromkeys(("JPEG", "MPO"), 9),
    **{"GIF": 15, "PNG": 20, "PPM": 20, "QOI": 20, "SGI": 21},
    **{"AVIF": 24, "JPEG2000": 25, "TIFF": 28, "WEBP": 30},
}
"""Bytes a pixel that decoding and preparing an image takes, by its format: the most measured."""
MOST_BYTES = 2**31
"""The largest file."""
BAND = 2**22
"""Pixels of a large image whose colors are converted at a time."""
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


def decode(path: Path) -> NDArray[np.uint8]:
    """Read an image file as 224x224x3 RGB bytes; raises UnreadableImage."""
    with _image_file(path) as (_, image), _memory.of(_memory_of(image)):
        try:
            return prepare(image)
        finally:
            image.close()  # its pixels go before the next image takes their place


def prepare(image: Image.Image) -> NDArray[np.uint8]:
    """Turn a picture of any size and mode into 224x224x3 RGB bytes; it may be turned upright.

    Its EXIF orientation is honored, transparency shows white, more than 8 bits are scaled to 8.
    The short side becomes 256 pixels (bilinear, antialiased), the middle 224x224 are kept.
    """
    with suppress(Exception):  # damaged metadata cost a photograph its orientation, no more
        ImageOps.exif_transpose(image, in_place=True)
    upright = _to_rgb(image)
    width, height = upright.size
    longest = LONGEST_STRIP * min(width, height)
    if max(width, height) > longest:
        upright = _middle(upright, min(width, longest), min(height, longest))
        width, height = upright.size
    short = min(width, height)
    size = (SHORT_SIDE * width // short, SHORT_SIDE * height // short)
    resized = upright.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(_middle(resized, SIDE, SIDE))


class _Memory:
    """Lets images be decoded side by side while they are small; a large one has to wait."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._changed = Condition()

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """Hold this many bytes; waits until so many are left."""
        with self._changed:
            self._changed.wait_for(lambda: size <= self._left)
            self._left -= size
        try:
            yield
        finally:
            with self._changed:
                self._left += size
                self._changed.notify_all()


_memory = _Memory(MOST_MEMORY)


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
            if _memory_of(image) > MOST_MEMORY:
                raise _too_large(path, f"{image.width} x {image.height} pixels", image.format)
            yield file, image
    except UnreadableImage:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path, "far too many pixels", None) from error
    except Exception as error:  # on damaged files Pillow's decoders raise errors of many kinds
        raise UnreadableImage(path, _reason(path, error)) from error


def _memory_of(image: Image.Image) -> int:
    """Bytes that the image takes while it is decoded."""
    return image.width * image.height * _bytes_a_pixel(image.format)


def _bytes_a_pixel(format: str | None) -> int:
    return MEMORY.get(format or "", max(MEMORY.values()))


def _too_large(path: Path, size: str, format: str | None) -> UnreadableImage:
    most = MOST_MEMORY // _bytes_a_pixel(format) // 10**6
    return UnreadableImage(path, f"{size}, more than {most} megapixels of {format or 'any kind'}")


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _by_bands(image, _scaling(image))
    if image.has_transparency_data:
        return _by_bands(image, _over_white)
    return image.convert("RGB")


def _by_bands(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Convert an image some rows at a time: what is in between never is as large as the image."""
    whole = Image.new("RGB", image.size)
    rows = max(BAND // image.width, 1)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        whole.paste(convert(band), (0, top))
    return whole


def _over_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _scaling(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """How gray of 16 bits becomes one of 8; of 32 bits, which have no agreed white, by its range.

    What is no finite number is black.
    """
    values = np.asarray(image)
    if image.mode == "F":
        finite = np.isfinite(values)
        low = float(np.amin(values, where=finite, initial=np.inf)) if finite.any() else 0.0
        high = float(np.amax(values, where=finite, initial=-np.inf)) if finite.any() else 0.0
    else:
        low, high = float(values.min()), float(values.max())
        if 0 <= low and high <= 65535:
            low, high = 0.0, 65535.0
    span = max(high - low, np.finfo(float).tiny)

    def scale(band: Image.Image) -> Image.Image:
        gray = np.nan_to_num((np.asarray(band, np.float64) - low) / span, posinf=0, neginf=0)
        return Image.fromarray(np.rint(255 * gray).astype(np.uint8)).convert("RGB")

    return scale


def _reason(path: Path, error: Exception) -> str:
    """One short line for a reader who knows the file, not the decoder."""
    if isinstance(error, UnidentifiedImageError):
        return "not an image of a known format"
    if isinstance(error, MemoryError):
        return "takes more memory than there is"
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return "a link to nothing"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    text = " ".join(str(error).split()) or type(error).__name__
    return f"damaged: {text[:120]}"
