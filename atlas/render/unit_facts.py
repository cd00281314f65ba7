"""What the probe set says of a unit, as the site shows it."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from atlas.rank.places import STRONGEST


class Statistics(NamedTuple):
    """A unit over the probe set, and its rank in the layer by mean activation."""

    unit: int
    rank: int
    mean: float
    std: float
    max: float
    active_fraction: float


@dataclass(frozen=True)
class ProbeImage:
    """One of a unit's strongest probe images.

    ``row`` and ``column`` place its peak; ``label`` is its class, where it has one; ``region``,
    where it is known, is the outline of where the unit is active: an SVG path in thousandths of
    the image.
    """

    name: str
    mean: float
    peak: float
    row: int
    column: int
    label: str | None = None
    region: str | None = None

    @property
    def file(self) -> str:
        """What the image is called on a page: by its file alone, not by the folders it lies in."""
        return base_name(self.name)

    @property
    def class_name(self) -> str | None:
        """What it shows, where that is known."""
        return self.label or class_in(self.name)


class Faces(NamedTuple):
    """What the judge finds a unit's strongest images to have in common.

    Args:
        clarity: mean cosine of two of them: 1 if all are alike, 0 by chance.
        within: of two of one group, of the two into which they fall best.
        polysemanticity: how far the groups lie apart: 1 if they have nothing in common.
        second: places of the images of the second group.
    """

    clarity: float
    within: float
    polysemanticity: float
    second: frozenset[int]

    @property
    def smaller(self) -> list[int]:
        """The places of the smaller group, in words shorter than the other."""
        first = frozenset(range(1, STRONGEST + 1)) - self.second
        return sorted(min(self.second, first, key=len))


class Label(NamedTuple):
    """A class of probe images, or a family of stimuli, that a unit tells from all others.

    Args:
        label: its name.
        kind: class or family.
        auc: how well it tells them, on images that were held out: 1 is always, 0.5 is chance.
        images: how many of the class were held out.
    """

    label: str
    kind: str
    auc: float
    images: int


class RankedImage(NamedTuple):
    """An image among those that excite a unit most, or least, and its mean activation there.

    ``label`` is its class, where it has one.
    """

    name: str
    mean: float
    label: str | None = None

    @property
    def file(self) -> str:
        """What the image is called on a page: by its file alone."""
        return base_name(self.name)

    @property
    def class_name(self) -> str | None:
        """What it shows, where that is known."""
        return self.label or class_in(self.name)


def base_name(path: str) -> str:
    """The last part of a path: what a page may say of where a file lay.

    A backslash is no separator here, but a character like any other.
    """
    return PurePosixPath(path).name or path


IN_FILE_NAME = re.compile(r"n\d{8}_([^\W\d].*?)(\.\w+)?", re.DOTALL)
"""A file of ImageNet that says its class in its name: ``n01537544_indigo_bunting.jpg``."""


def class_in(name: str) -> str | None:
    """The class that the name of a file of ImageNet says."""
    found = IN_FILE_NAME.fullmatch(base_name(name))
    return found[1].replace("_", " ") if found else None
