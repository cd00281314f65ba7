"""The two faces of a unit: a picture of each kind of its strongest images."""

from collections.abc import Mapping
from dataclasses import dataclass

from atlas.render.catalog import Catalog
from atlas.render.method import listed
from atlas.render.picture import Picture
from atlas.render.svg import number
from atlas.render.unit_facts import ProbeImage
from atlas.render.units import Unit
from atlas.target import OF_THE_UNIT


@dataclass(frozen=True)
class Face:
    """A picture, and the images that it leans toward, each with its file where that is shown."""

    picture: Picture
    images: list[tuple[ProbeImage, str | None]]
    words: str


def two_faces(catalog: Catalog, unit: Unit, files: Mapping[str, str]) -> list[Face]:
    """Both faces of a unit by the first recipe that has them; none where there are no pictures.

    Args:
        catalog, unit: of which they are.
        files: of the probe images that may be shown, by name.
    """
    if unit.faces is None:
        return []
    found: dict[str, Face] = {}
    for picture in unit.pictures:
        if picture.face == "any" or picture.alone or picture.face in found:
            continue
        if picture.status not in OF_THE_UNIT:
            continue
        images = [
            (image, files.get(image.name))
            for place, image in enumerate(unit.strongest, 1)
            if (place in unit.faces.second) == (picture.face == "second")
        ]
        found[picture.face] = Face(picture, images, _words(catalog, picture, images))
    return [found[face] for face in ("first", "second")] if len(found) == 2 else []


def _words(catalog: Catalog, picture: Picture, images: list[tuple[ProbeImage, str | None]]) -> str:
    """Which images are of this kind, and how far the picture excites the unit."""
    named = [image.class_name for image, _ in images if image.class_name]
    kinds = listed([*dict.fromkeys(named)]) if named else f"{len(images)} of the nine"
    if picture.gain is None:
        return f"{kinds}."
    times = f"{number(picture.gain)} times as active (RMS) as on the {catalog.strongest_image}"
    return f"{kinds}. {times}."
