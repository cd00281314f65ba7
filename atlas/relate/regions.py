"""Where in its strongest images a unit is active: the region in which its map is high."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from atlas.relate.contributions import Unit

ACROSS = 1000
"""Units of an outline along a side of the image."""

SIDE = 250
"""Pixels along a side in which a map is enlarged: four thousandths of the image each."""

SLACK = 0.75
"""How far an outline may be off, in these pixels."""


SMALLEST = 0.002
"""Of what is outlined, in parts of the image: a speck says nothing, and there are hundreds."""


class Region(NamedTuple):
    """Where a map is high.

    Args:
        area: part of the image, in 0..1.
        outline: an SVG path in thousandths of the image's sides; to be filled by even and odd, so
            that holes are holes. Empty where the map is high nowhere.
    """

    area: float
    outline: str


class Regions:
    """Collects the regions of units on their images.

    Args:
        high: of each unit what its map must exceed.
        shown: of each unit the numbers of its images, the strongest first.
    """

    def __init__(self, high: Mapping[Unit, float], shown: Mapping[Unit, Sequence[int]]) -> None:
        self._high = high
        self._shown = shown
        self._found: dict[tuple[Unit, int], Region] = {}

    def watch(self, unit: Unit, image: int, map: NDArray[np.float32]) -> None:
        """Take in a unit's map, HxW, on an image."""
        self._found[unit, image] = region(map, self._high[unit])

    def rows(self) -> list[dict[str, object]]:
        """A row for each image on which a map is high: layer, unit, place, area, outline."""
        return [
            {
                "layer": unit[0],
                "unit": unit[1],
                "place": place,
                **self._found[unit, image]._asdict(),
            }
            for unit, images in self._shown.items()
            for place, image in enumerate(images, start=1)
            if self._found[unit, image].outline
        ]


def region(map: NDArray[np.float32], high: float) -> Region:
    """Where a map (HxW), enlarged to the image, exceeds a value."""
    inside = mask(map, high, SIDE)
    contours, _ = cv2.findContours(
        # A frame of nothing, so that a region at the border has an edge there.
        np.pad(inside, 1).astype(np.uint8),
        cv2.RETR_CCOMP,
        cv2.CHAIN_APPROX_NONE,
    )
    paths = [_path(contour, inside.shape[0]) for contour in contours]
    return Region(float(inside.mean()), "".join(path for path in paths if path))


def mask(map: NDArray[np.float32], high: float, side: int) -> NDArray[np.bool_]:
    """Where a map, enlarged bilinearly to ``side`` pixels a side, exceeds a value."""
    enlarged = cv2.resize(map, (side, side), interpolation=cv2.INTER_LINEAR)
    return enlarged > high


def _path(contour: NDArray[Any], side: int) -> str:
    """An outline through the middles of pixels, as a closed path of few points."""
    if cv2.contourArea(contour) < SMALLEST * side**2:
        return ""
    points = cv2.approxPolyDP(contour, SLACK, closed=True)[:, 0] - 1  # less the frame
    if len(points) < 3:
        return ""
    # From the first and last pixel's middle to the edges of the image.
    scaled = np.rint(points * (ACROSS / (side - 1))).astype(int)
    steps = " ".join(f"{x},{y}" for x, y in scaled)
    return f"M{steps}z"
