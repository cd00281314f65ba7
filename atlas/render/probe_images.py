"""The strongest probe images as the site shows them: stimuli always, photographs when allowed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas.errors import AtlasError
from atlas.probe.opening import open_probe_set
from atlas.probe.stimuli import battery
from atlas.render.catalog import Catalog
from atlas.render.output import SiteFolder
from atlas.render.pictures import webp
from atlas.render.spread import spread
from atlas.render.units import Layer, ProbeImage

SIDE, QUALITY = 128, 60
"""Of a probe image in the site."""


@dataclass(frozen=True)
class Outline:
    """The receptive field around a position, in pixels of the probe image; may reach over it."""

    x: float
    y: float
    side: float


def outline(layer: Layer, image: ProbeImage) -> Outline | None:
    """What the unit sees from where it peaked; None where every position sees the whole image."""
    if layer.receptive_field is None or layer.center is None or layer.stride is None:
        return None
    row, column = (first + 0.5 for first in layer.center)  # centers count from a pixel's middle
    side = layer.receptive_field
    return Outline(
        x=column + image.column * layer.stride - side / 2,
        y=row + image.row * layer.stride - side / 2,
        side=side,
    )


def write_probe_images(
    catalog: Catalog, folder: SiteFolder, published: Path | None
) -> dict[str, str]:
    """Write the probe images that unit pages show; return their files by image name.

    Without ``published``, where the photographs lie, none of them is read or shown. Raises
    AtlasError when what lies there is not what the units were ranked on.
    """
    draw = _drawing(catalog, published)
    if draw is None:
        return {}
    shown = {image.name for unit in catalog.pictured for image in unit.strongest}
    files = {
        name: f"images/probe/{index:05d}.webp"
        for index, name in enumerate(catalog.probe_images)
        if name in shown
    }

    def write(name: str, file: str) -> str | None:
        pixels = draw(name)
        if pixels is None:
            return None
        small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        folder.write(file, webp(small, QUALITY))
        return name

    written = spread(write, files.keys(), files.values())
    return {name: files[name] for name in written if name is not None}


def _drawing(
    catalog: Catalog, published: Path | None
) -> Callable[[str], NDArray[np.uint8] | None] | None:
    """How to get a probe image by its name."""
    about = catalog.settings.probe
    if about.kind == "stimuli":
        stimuli = {stimulus.name: stimulus for stimulus in battery()}
        return lambda name: stimuli[name].draw() if name in stimuli else None
    if published is None:
        return None
    source = "imagenette" if about.kind == "imagenette" else published
    probe = open_probe_set(source)
    if probe.digest != about.sha256:
        raise AtlasError(
            f"the images in {probe.name} are not those the units were ranked on; put them back, "
            "or render without --publish-probe-images"
        )
    indices = {name: index for index, name in enumerate(probe.names)}
    return lambda name: probe.image(indices[name]) if name in indices else None
