"""What is around the peak of a unit in its strongest images, cut out of them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas.probe.size import PROBE_SIZE
from atlas.render.outline import outline
from atlas.render.output import SiteFolder
from atlas.render.pictures import webp
from atlas.render.units import Unit

LEAST, MOST = 1 / 7, 1 / 2
"""Of a crop's side, in parts of the image."""

SIDE = 96
"""Of a crop in pixels, at most."""

QUALITY = 60


class Crop(NamedTuple):
    """A square cut out of an image: its corner and its side, in parts of the image.

    ``pixels`` are those along the side of the file.
    """

    file: str
    x: float
    y: float
    side: float
    pixels: int


def crops_of(unit: Unit, input_size: int) -> dict[str, Crop]:
    """By the name of each strongest image what is cut out; none where no position is known.

    It is what the unit sees from its peak, or of that the middle; moved where it would reach over
    the edge.
    """
    found = {}
    for place, image in enumerate(unit.strongest, 1):
        field = outline(unit.layer, image, input_size)
        if field is None:
            return {}
        side = min(max(field.side / PROBE_SIZE, LEAST), MOST)
        x, y = (
            min(max((corner + field.side / 2) / PROBE_SIZE - side / 2, 0), 1 - side)
            for corner in (field.x, field.y)
        )
        file = f"images/peaks/{unit.layer.slug}/{unit.number:04d}-{place}.webp"
        pixels = min(max(round(side * input_size), 1), SIDE)
        found[image.name] = Crop(file, x, y, side, pixels)
    return found


def write_crop(folder: SiteFolder, crop: Crop, pixels: NDArray[np.uint8]) -> None:
    """Cut it out of an image (SxSx3) and write it."""
    whole = len(pixels)
    side = max(round(crop.side * whole), 1)
    row, column = (min(round(corner * whole), whole - side) for corner in (crop.y, crop.x))
    cut = Image.fromarray(pixels[row : row + side, column : column + side])
    if side > crop.pixels:
        cut = cut.resize((crop.pixels, crop.pixels), Image.Resampling.LANCZOS)
    folder.write(crop.file, webp(cut, QUALITY))
