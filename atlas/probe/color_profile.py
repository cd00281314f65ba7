"""The colors of an image as sRGB: networks were trained on photographs in sRGB.

A file may say by an ICC profile what its numbers mean: those of a phone's Display P3 or a camera's
Adobe RGB are not the colors that the same numbers are in sRGB.
"""

import io
from functools import lru_cache
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageCms

from atlas.probe.color_space import profile_said
from atlas.probe.levels import Remark

MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
"""The mode in which Pillow holds the colors of a profile's space."""

_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()

SAME = 2
"""Levels by which a profile may differ from sRGB and still count as it: profiles are rounded."""


class Profile(NamedTuple):
    """How an image's colors become sRGB: the mode that the transform takes, and the transform."""

    mode: str
    transform: ImageCms.ImageCmsTransform

    def to_srgb(self, image: Image.Image) -> Image.Image:
        """The image, which is of the profile's mode, in sRGB (mode RGB)."""
        converted = ImageCms.applyTransform(image, self.transform)
        assert converted is not None  # as it is not asked to work in place
        return converted


def profile_of(image: Image.Image, file: BinaryIO | None, remark: Remark) -> Profile | None:
    """The image's profile; None where it has none, one that says sRGB, or none that can be used.

    Of the last ``remark`` is told.
    """
    content = image.info.get("icc_profile") or profile_said(image, file, remark)
    profile = _read(content) if content else None
    if profile and profile.mode == _colors(image):
        return None if _is_srgb(profile) else profile
    if image.mode == "LAB":
        return _read(_LAB)
    if content and not (profile and _is_srgb(profile)):
        what = "for other channels" if profile else "damaged or of a kind that is not known"
        remark(f"its color profile is {what}: the colors are taken for sRGB")
    return None


def _colors(image: Image.Image) -> str:
    """The mode of an image's colors alone, at 8 bits."""
    if image.mode in ("CMYK", "LAB"):
        return image.mode
    gray = image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
    return "L" if gray else "RGB"


@lru_cache(32)
def _read(content: bytes) -> Profile | None:
    """The transform that a profile says; None for one that is damaged, or of no known kind."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        mode = MODES[profile.profile.xcolor_space]  # type: ignore[union-attr]
        srgb = ImageCms.createProfile("sRGB")
        return Profile(mode, ImageCms.buildTransform(profile, srgb, mode, "RGB"))
    except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):
        return None


@lru_cache(32)
def _is_srgb(profile: Profile) -> bool:
    """Whether a profile leaves colors as they are, so that they need not be rounded once more."""
    if profile.mode not in ("RGB", "L"):
        return False
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    axes = (levels,) * (3 if profile.mode == "RGB" else 1)
    grid = np.stack(np.meshgrid(*axes), -1).reshape(1, -1, len(axes))
    shown = Image.fromarray(grid if profile.mode == "RGB" else grid[..., 0])
    before, after = (np.asarray(i.convert("RGB"), int) for i in (shown, profile.to_srgb(shown)))
    return int(np.abs(before - after).max()) <= SAME
