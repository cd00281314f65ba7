"""The strongest images of each unit as the site shows them: what is public, a user's if allowed."""

from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas._system.images import as_rgb
from atlas.errors import AtlasError
from atlas.probe.imagenette import Imagenette, Unavailable
from atlas.probe.opening import open_probe_set
from atlas.probe.probe_set import ProbeSet
from atlas.probe.size import in_channels
from atlas.probe.stimuli import battery
from atlas.render.catalog import Catalog
from atlas.render.crops import Crop, crops_of, write_crop
from atlas.render.output import SiteFolder
from atlas.render.picture import SMALL
from atlas.render.pictures import lossless, webp
from atlas.render.spread import spread
from atlas.run.schema import Probe

QUALITY = 60
"""Of a probe image in the site."""


NONE: Mapping[str, Sequence[Crop]] = {}

Draw = Callable[[str], NDArray[np.uint8] | None]
"""Gives the pixels of an image by its name, if there is such an image."""


def write_probe_images(
    catalog: Catalog,
    folder: SiteFolder,
    published: Path | ProbeSet | None,
    say: Callable[[str], object],
) -> dict[str, str]:
    """Write the probe images that unit pages show; return their files by image name.

    Without ``published``, the images of a user or where they lie, none of them is read or shown.
    Raises AtlasError when what lies there is not what the units were ranked on; ``say`` is called
    with a line when Imagenette is not at hand.
    """
    draw = _drawing(catalog, published, say)
    if draw is None:
        return {}
    shown = {image.name for unit in catalog.pictured for image in (*unit.strongest, *unit.weakest)}
    crops: dict[str, list[Crop]] = {}
    for unit in catalog.pictured:
        for name, crop in crops_of(unit, catalog.network.input).items():
            crops.setdefault(name, []).append(crop)
    files = _files("probe", catalog.probe_images, shown)
    return _write(folder, _seen(draw, catalog), files, crops)


def write_stimuli(catalog: Catalog, folder: SiteFolder) -> dict[str, str]:
    """Write the stimuli that unit pages show beside the probe images; return their files by name.

    They are synthetic, so nothing forbids to show them.
    """
    shown = {stimulus.name for unit in catalog.pictured for stimulus in unit.stimuli}
    names = [stimulus.name for stimulus in battery()]
    draw = _seen(_drawn_stimuli(catalog), catalog)
    return _write(folder, draw, _files("stimuli", names, shown))


def _files(place: str, names: Sequence[str], shown: Container[str]) -> dict[str, str]:
    """The files of the images that are shown, by their names: numbers, for names may be odd."""
    return {
        name: f"images/{place}/{index:05d}.webp"
        for index, name in enumerate(names)
        if name in shown
    }


def _write(
    folder: SiteFolder,
    draw: Draw,
    files: Mapping[str, str],
    crops: Mapping[str, Sequence[Crop]] = NONE,
) -> dict[str, str]:
    """Write images, and what is cut out of them; return the files of those that there are."""

    def write(name: str, file: str) -> str | None:
        pixels = draw(name)
        if pixels is None:
            return None
        whole = Image.fromarray(pixels)
        if whole.width < SMALL:
            folder.write(file, lossless(whole, QUALITY))
        else:
            small = whole.resize((SMALL, SMALL), Image.Resampling.LANCZOS)
            folder.write(file, webp(small, QUALITY))
        for crop in crops.get(name, ()):
            write_crop(folder, crop, pixels)
        return name

    written = spread(write, files.keys(), files.values())
    return {name: files[name] for name in written if name is not None}


def _seen(draw: Draw, catalog: Catalog) -> Draw:
    """How an image is seen by the network: in its channels, of which three are shown."""

    def seen(name: str) -> NDArray[np.uint8] | None:
        pixels = draw(name)
        return None if pixels is None else as_rgb(in_channels(pixels, catalog.network.channels))

    return seen


def _drawing(
    catalog: Catalog, published: Path | ProbeSet | None, say: Callable[[str], object]
) -> Draw | None:
    """How to get a probe image by its name, at the size at which the network is shown it."""
    about = catalog.settings.probe
    if about.kind == "stimuli":
        return _drawn_stimuli(catalog)
    probe = _imagenette(about, say) if about.kind == "imagenette" else _own(about, published, say)
    if probe is None:
        return None
    probe = probe.at(catalog.network.input)
    indices = {name: index for index, name in enumerate(probe.names)}
    return lambda name: probe.image(indices[name]) if name in indices else None


def _drawn_stimuli(catalog: Catalog) -> Draw:
    known, side = {stimulus.name: stimulus for stimulus in battery()}, catalog.network.input
    return lambda name: known[name].draw(side) if name in known else None


def _imagenette(about: Probe, say: Callable[[str], object]) -> ProbeSet | None:
    """Imagenette from the cache: a site is made without the network."""
    try:
        probe = Imagenette(about.name, cached=True)
    except Unavailable as error:
        say(f"the strongest probe images are not shown: {error.why}; 'atlas rank' downloads it")
        return None
    if probe.digest != about.sha256:
        say(f"the strongest probe images are not shown: {about.name} is another one now")
        return None
    return probe


def _own(
    about: Probe, published: Path | ProbeSet | None, say: Callable[[str], object]
) -> ProbeSet | None:
    """The images of a user, where they may be shown."""
    if published is None:
        return None
    if about.kind == "array" and isinstance(published, Path):
        say(
            f"the strongest probe images are not shown: {about.name} was an array; give it again "
            "in Python, build(..., probe=...)"
        )
        return None
    probe = published if isinstance(published, ProbeSet) else open_probe_set(published)
    if probe.digest != about.sha256:
        raise AtlasError(
            f"the images in {probe.name} are not those the units were ranked on; put them back, "
            "or render without --publish-probe-images"
        )
    return probe
