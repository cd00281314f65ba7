"""The colors of an image as sRGB, in which networks have seen their photographs.

A file may say by an ICC profile what its numbers mean: those of a phone's Display P3 or a camera's
Adobe RGB are not the colors that the same numbers are in sRGB.
"""

import io
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms

MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
"""The mode in which Pillow holds the colors of a profile's space."""

SAME = 2
"""Levels by which a profile may differ from sRGB and still be it: profiles are rounded."""


class Profile(NamedTuple):
    """How to come from an image's colors to sRGB: the mode that is needed, and the transform."""

    mode: str
    transform: ImageCms.ImageCmsTransform

    def to_srgb(self, image: Image.Image) -> Image.Image:
        """The image, which is of the profile's mode, in sRGB (mode RGB)."""
        converted = ImageCms.applyTransform(image, self.transform)
        assert converted is not None  # as it is not asked to work in place
        return converted


def profile_of(image: Image.Image) -> Profile | None:
    """The image's profile; None where it has none, one that says sRGB, or none that fits it."""
    content = image.info.get("icc_profile")
    profile = _read(content) if isinstance(content, bytes) else None
    if profile is None and image.mode == "LAB":
        return _profile(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    return profile if profile and profile.mode == _colors(image) else None


def _colors(image: Image.Image) -> str:
    """The mode of an image's colors alone, at 8 bits."""
    if image.mode in ("CMYK", "LAB"):
        return image.mode
    gray = image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
    return "L" if gray else "RGB"


@lru_cache(32)
def _read(content: bytes) -> Profile | None:
    """Read a profile; a damaged one says nothing."""
    try:
        found = _profile(ImageCms.ImageCmsProfile(io.BytesIO(content)))
    except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):
        return None
    return None if _is_srgb(found) else found


def _profile(profile: ImageCms.ImageCmsProfile) -> Profile:
    mode = MODES[profile.profile.xcolor_space]  # type: ignore[union-attr]
    srgb = ImageCms.createProfile("sRGB")
    return Profile(mode, ImageCms.buildTransform(profile, srgb, mode, "RGB"))


def _is_srgb(profile: Profile) -> bool:
    """Whether the colors stay what they are: then those of a photograph need not be rounded."""
    if profile.mode not in ("RGB", "L"):
        return False
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    axes = (levels,) * (3 if profile.mode == "RGB" else 1)
    grid = np.stack(np.meshgrid(*axes), -1).reshape(1, -1, len(axes))
    shown = Image.fromarray(grid if profile.mode == "RGB" else grid[..., 0])
    before, after = (np.asarray(i.convert("RGB"), int) for i in (shown, profile.to_srgb(shown)))
    return int(np.abs(before - after).max()) <= SAME
