"""A unit to maximize, and the picture that comes of it: plain data."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from atlas._system.contact_sheet import Cell, contact_sheet
from atlas._system.images import encode_png, to_8bit

Status = Literal["ok", "outweighed", "silent", "broken"]

OF_THE_UNIT: tuple[Status, ...] = ("ok", "outweighed")
"""How a picture ended that its unit had a part in, so that it counts as one of the unit's."""

LEAST_CONTRAST = 10 / 255
"""A picture is flat whose pixels have a smaller standard deviation, of 0..1."""


class Field(NamedTuple):
    """A square of a picture, in its pixels; it may reach over the edges."""

    left: float
    top: float
    side: float

    def moved(self, pixels: int) -> "Field":
        """The square moved down and to the right."""
        return self._replace(left=self.left + pixels, top=self.top + pixels)

    def cut(self, size: int) -> tuple[slice, slice]:
        """The rows and the columns of a picture of this side that lie in it."""
        rows, columns = (
            slice(max(math.floor(first), 0), min(math.ceil(first + self.side), size))
            for first in (self.top, self.left)
        )
        return rows, columns


@dataclass(frozen=True)
class Target:
    """A unit to maximize, and which of its pictures: samples differ in their starting noise."""

    layer: str
    unit: int
    sample: int = 1

    def stream(self, seed: int, attempt: int) -> str:
        """The name of the random numbers of a picture: its start and its views."""
        return f"{seed}/{self.layer}/{self.unit}/{self.sample}/{attempt}"

    @property
    def caption(self) -> str:
        """What stands below its picture."""
        return f"{self.layer}:{self.unit}"


@dataclass(frozen=True)
class Picture:
    """What the maximization of one unit gave.

    Args:
        target: the unit.
        seed: of the run.
        attempt: 0, or how often the unit was started again.
        status: ``silent`` when the unit's activation was zero throughout the last size at every
            attempt, ``broken`` when its loss was not finite at some step; ``outweighed`` by the
            regularizers when the activation ended below that on the noise at the start, or the
            picture is flat; else ``ok``.
        image: CxHxW in 0..1, RGB where C is 3; float64 when the network is, else float32.
        activations: RMS of the unit before every optimizer step, on the view of that step; of the
            positions that the recipe counts, and for its minimum of what lies below 0.
        terms: activation (that RMS), the recipe's regularizers and loss before the last step.
        stages: upscale and image (CxSxS in 0..1) of the article's growth series.
        field: what the one position sees that the recipe counts, where that is known and no whole.
    """

    target: Target
    seed: int
    attempt: int
    status: Status
    image: NDArray[np.floating]
    activations: NDArray[np.float64]
    terms: dict[str, float]
    stages: list[tuple[int, NDArray[np.floating]]]
    field: Field | None = None

    def _repr_png_(self) -> bytes:
        """The picture in a notebook."""
        return encode_png(to_8bit(self.image))


class Pictures(list[Picture]):
    """Pictures in the order asked; in a notebook, a contact sheet."""

    def _repr_png_(self) -> bytes:
        cells = [Cell(to_8bit(picture.image), picture.target.caption) for picture in self]
        return encode_png(contact_sheet(f"{len(self)} pictures", cells))
