"""The networks of a comparison: what each is called, where its own site lies, its units' faces."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import NamedTuple
from urllib.parse import quote

from atlas._system.filenames import slug
from atlas.render.catalog import Catalog
from atlas.render.frame import NAMES
from atlas.render.unit_facts import Statistics, base_name
from atlas.render.units import Layer, Unit
from atlas.run.folder import Run
from atlas.run.schema import RunSettings

OWN = (
    *("pairs", "only-here", "static", "data"),
    *("index.html", "compare.html", "404.html", "sitemap.xml"),
)
"""What a comparison has beside the sites below it."""


class Face(NamedTuple):
    """A unit as it stands beside another.

    Args:
        name: layer and number, for the alternative text.
        number: which channel of its layer it is.
        href: its page, or its row in the table of its layer.
        image: its picture or its tile; None where it has neither.
        side: width and height of that image in pixels.
        faint: whether it stayed silent while its picture was made.
    """

    name: str
    number: int
    href: str
    image: str | None
    side: int
    faint: bool


@dataclass(frozen=True)
class Member:
    """A network of a comparison.

    Args:
        name: what the pages call it.
        folder: of its own site.
        catalog: what that site shows.
    """

    name: str
    folder: str
    catalog: Catalog

    @cached_property
    def layers(self) -> dict[str, Layer]:
        """Its layers by name, in the order of depth."""
        return {layer.name: layer for layer in self.catalog.layers}

    @cached_property
    def statistics(self) -> dict[tuple[str, int], Statistics]:
        """Of every unit, over the probe set."""
        return {(x.name, row.unit): row for x in self.catalog.layers for row in x.table}

    @cached_property
    def _pictured(self) -> dict[tuple[str, int], Unit]:
        return {(unit.layer.name, unit.number): unit for unit in self.catalog.pictured}

    def within(self, href: str) -> str:
        """The address of a page of its site, from the root of the comparison."""
        return f"{self.folder}/{href}"

    def face(self, layer: str, unit: int) -> Face:
        """How a unit is shown: by its picture, else by its tile, else by its number alone."""
        own, pictured = self.layers[layer], self._pictured.get((layer, unit))
        name = f"{own.short} {unit}"
        if pictured:
            picture = pictured.picture
            return Face(
                name,
                unit,
                quote(self.within(pictured.href)),
                quote(self.within(picture.thumbnail)),
                min(picture.size, 128),
                picture.status == "silent",
            )
        row = f"{quote(self.within(own.href))}#u{unit}"
        if unit not in own.tiles:
            return Face(name, unit, row, None, 0, False)
        tile = quote(self.within(own.tile(unit)))
        return Face(name, unit, row, tile, self.catalog.tile_side, own.tiles[unit] == "silent")


def names_of(runs: Sequence[Run], settings: Sequence[RunSettings]) -> list[str]:
    """What networks are called: by name, told apart by their weights, else by their run folders.

    Of a folder only its own name is said; where these are alike too, a number tells them apart.
    """
    networks = [NAMES.get(each.identity.network, each.identity.network) for each in settings]
    ways: list[Callable[[int], str]] = [
        lambda place: networks[place],
        lambda place: f"{networks[place]} {base_name(settings[place].weights.name)}",
        lambda place: f"{networks[place]} {runs[place].path.resolve().name}",
        lambda place: f"{networks[place]} {place + 1}",
    ]
    names: list[str] = []
    for place, network in enumerate(networks):
        alike = [other for other, name in enumerate(networks) if name == network]
        way = next(way for way in ways if len({way(x) for x in alike}) == len(alike))
        names.append(way(place))
    return names


def folders_of(names: Sequence[str]) -> list[str]:
    """A folder for the site of each, told apart where case does not count too."""
    taken: set[str] = set(OWN)
    folders: list[str] = []
    for name in names:
        plain = re.sub(r"[^\w.\-]+", "-", name, flags=re.ASCII).strip(".-")
        own = slug(plain or name, "network")
        free = (f"{own}-{place}" if place > 1 else own for place in count(1))
        folder = next(folder for folder in free if folder.lower() not in taken)
        taken.add(folder.lower())
        folders.append(folder)
    return folders
