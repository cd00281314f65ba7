"""Sprite sheets: the units of the wall, small, many in one file."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas._system.filenames import slug
from atlas.render.catalog import Catalog
from atlas.render.output import SiteFolder
from atlas.render.pictures import read, webp
from atlas.render.spread import spread
from atlas.render.wall import Piece, Wall
from atlas.run.folder import Run
from atlas.run.tiles import read_tiles

SIDES = (96, 48, 24)
"""Pixels of a sprite's side."""

PIXELS = 4_000_000
"""Of all sprites that a page loads at first; the largest side goes with which they are fewer."""

SHEET = 768
"""Pixels of a sheet's side, at least one sprite's."""

QUALITY = 55
"""Of WebP."""


def levels(count: int) -> list[tuple[int, int]]:
    """Sides of the sprites of so many units and how many a sheet has, the coarsest first."""
    first = next((side for side in SIDES if count * side**2 <= PIXELS), SIDES[-1])
    sides = sorted({first, max(first, SIDES[1])})
    return [(side, (SHEET // side) ** 2) for side in sides]


def write_sprites(run: Run, catalog: Catalog, wall: Wall, folder: SiteFolder) -> None:
    """Write the sheets of the wall: each unit by the recipe it is shown by first, and by each.

    ``images/wall/SIDE-SHEET.webp``, and ``images/wall/RECIPE/SIDE-SHEET.webp`` where there are
    several recipes; units go in the order of the wall, row by row.
    """
    views: list[str | None] = [None]
    if len(catalog.recipes) > 1:
        views += catalog.recipes
    sides = levels(len(wall.pieces))
    for view in views:
        way = f"images/wall/{slug(view)}" if view else "images/wall"
        for name, sheet in _sheets(_sprites(run, wall, view, sides[-1][0]), sides):
            folder.write(f"{way}/{name}", webp(sheet, QUALITY))


def _sprites(run: Run, wall: Wall, recipe: str | None, side: int) -> list[Image.Image]:
    """Each unit as large as the finest sheet shows it."""
    tiles: dict[tuple[str, int], NDArray[np.uint8]] = {}
    for layer, _ in wall.layers:
        tiles |= {(layer.name, tile.unit): tile.pixels for tile in read_tiles(run, layer.name)}

    def sprite(piece: Piece) -> Image.Image:
        pixels = _pixels(run, piece, recipe)
        whole = tiles[piece.layer.name, piece.number] if pixels is None else pixels
        return Image.fromarray(whole).resize((side, side), Image.Resampling.LANCZOS)

    return list(spread(sprite, wall.pieces))


def _pixels(run: Run, piece: Piece, recipe: str | None) -> NDArray[np.uint8] | None:
    unit = piece.unit
    if unit is None:
        return None
    picture = unit.by(recipe)[0] if recipe in unit.recipes else unit.picture
    name = piece.layer.name
    return read(run.picture_path(picture.recipe, name, unit.number, picture.sample))


def _sheets(
    sprites: Sequence[Image.Image], sides: Sequence[tuple[int, int]]
) -> Iterator[tuple[str, Image.Image]]:
    for side, most in sides:
        across = math.isqrt(most)
        for number, first in enumerate(range(0, len(sprites), most)):
            own = sprites[first : first + most]
            height = math.ceil(len(own) / across)
            sheet = Image.new("RGB", (min(len(own), across) * side, height * side))
            for place, sprite in enumerate(own):
                corner = place % across * side, place // across * side
                sheet.paste(sprite.resize((side, side), Image.Resampling.LANCZOS), corner)
            yield f"{side}-{number}.webp", sheet
