"""One image file, as the network is shown it: upright, RGB, its middle 224x224 pixels.

The geometry is that of torchvision's evaluation transform, ``Resize(256)`` then
``CenterCrop(224)`` on a PIL image, byte for byte.
"""

import hashlib
import stat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from atlas.errors import AtlasError

SHORT_SIDE = 256
SIDE = 224
MOST_PIXELS = 2**27
"""What a file may claim to hold; more is taken for damage, or an attack on the memory."""
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
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImage(path, "not a regular file")
        if status.st_size == 0:
            raise UnreadableImage(path, "empty file")
        with path.open("rb") as file:
            with Image.open(file, formats=FORMATS) as image:
                _check_size(path, image)
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except UnreadableImage:
        raise
    except Exception as error:  # on damaged files Pillow's decoders raise errors of many kinds
        raise UnreadableImage(path, _reason(path, error)) from error


def decode(path: Path) -> NDArray[np.uint8]:
    """Read an image file as 224x224x3 RGB bytes; raises UnreadableImage."""
    try:
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
            _check_size(path, image)
            return prepare(image)
    except UnreadableImage:
        raise
    except Exception as error:  # as above
        raise UnreadableImage(path, _reason(path, error)) from error


def prepare(image: Image.Image) -> NDArray[np.uint8]:
    """Turn a picture of any size and mode into 224x224x3 RGB bytes.

    Its EXIF orientation is honored, transparency shows white, more than 8 bits are scaled to 8.
    The short side becomes 256 pixels (bilinear, antialiased), the middle 224x224 are kept.
    """
    upright = _to_rgb(ImageOps.exif_transpose(image))
    width, height = upright.size
    longest = LONGEST_STRIP * min(width, height)
    if max(width, height) > longest:
        upright = _middle(upright, min(width, longest), min(height, longest))
        width, height = upright.size
    short = min(width, height)
    size = (SHORT_SIDE * width // short, SHORT_SIDE * height // short)
    resized = upright.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(_middle(resized, SIDE, SIDE))


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _to_8bit(image).convert("RGB")
    if image.has_transparency_data:
        color = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, color).convert("RGB")
    return image.convert("RGB")


def _to_8bit(image: Image.Image) -> Image.Image:
    """Gray of 16 bits scaled to 8; of 32 bits, which have no agreed white, by its own range."""
    values = np.nan_to_num(np.asarray(image, np.float64))
    low, high = 0.0, 65535.0
    if image.mode == "F" or values.min() < low or values.max() > high:
        low, high = float(values.min()), float(values.max())
    scaled = (values - low) / max(high - low, np.finfo(float).tiny)
    return Image.fromarray(np.rint(255 * scaled).astype(np.uint8))


def _check_size(path: Path, image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        size = f"{image.width} x {image.height} pixels"
        raise UnreadableImage(path, f"{size}, more than {MOST_PIXELS // 10**6} megapixels")


def _reason(path: Path, error: Exception) -> str:
    """One short line for a reader who knows the file, not the decoder."""
    if isinstance(error, UnidentifiedImageError):
        return "not an image of a known format"
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return "a link to nothing"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    text = " ".join(str(error).split()) or type(error).__name__
    return f"damaged: {text[:120]}"
