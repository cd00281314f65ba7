"""The picture files of the site: for the web, small, the growth, the contact sheets, the cover."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atlas._system.images import decode_png
from atlas.errors import AtlasError
from atlas.render.catalog import Catalog
from atlas.render.output import SiteFolder
from atlas.render.picture import SMALL, Picture
from atlas.render.picture_statistics import colorfulness, spatial_frequency
from atlas.render.spread import spread
from atlas.render.units import Layer
from atlas.run.folder import Run
from atlas.run.tiles import Tile, read_tiles

SHEET_SCALE = 2 / 3
"""Of a contact sheet, which is about 1300 pixels wide; its captions stay legible."""

QUALITY, STAGE_QUALITY, SMALL_QUALITY, SHEET_QUALITY, TILE_QUALITY = 75, 50, 60, 50, 50
"""Of WebP. The pictures are nearly noise: each step of quality costs megabytes in all."""

TILE_SHOWN = 48
"""Side in pixels at which a tile is shown."""

LOSSLESS_BUDGET = 4_000_000
"""Bytes. Lossless pictures take about 170 kB each; the first ranks get theirs, as fits."""


@dataclass(frozen=True)
class Look:
    """What was measured on a finished picture."""

    frequency: float | None
    colorfulness: float


def write_pictures(
    run: Run, catalog: Catalog, folder: SiteFolder, progress: Callable[[int], object]
) -> dict[str, Look]:
    """Write the web's versions of all pictures; return what each looks like, by its stem."""
    pictures = [picture for unit in catalog.pictured for picture in unit.pictures]
    sources = [
        run.picture_path(picture.recipe, unit.layer.name, unit.number, picture.sample)
        for unit in catalog.pictured
        for picture in unit.pictures
    ]

    def write(picture: Picture, source: Path) -> Look:
        files, look = _encode(picture, source)
        for name, data in files.items():
            folder.write(name, data)
        return look

    looks = {}
    for picture, look in zip(pictures, spread(write, pictures, sources), strict=True):
        looks[picture.stem] = look
        progress(1)
    return looks


def write_lossless(run: Run, catalog: Catalog, folder: SiteFolder) -> int:
    """Copy the lossless pictures, rank by rank as far as the budget goes; return that rank.

    The first-ranked are always there.
    """
    spent, rank = 0, 0
    deepest = max(len(layer.pictured) for layer in catalog.layers)
    for place in range(deepest):
        files = {
            picture.lossless: run.picture_path(
                picture.recipe, layer.name, layer.pictured[place].number, picture.sample
            )
            for layer in catalog.layers
            if place < len(layer.pictured)
            for picture in layer.pictured[place].pictures
        }
        spent += sum(path.stat().st_size for path in files.values())
        if place and spent > LOSSLESS_BUDGET:
            break
        for name, path in files.items():
            folder.write(name, path.read_bytes())
        rank = place + 1
    return rank


def write_sheets(run: Run, catalog: Catalog, folder: SiteFolder) -> dict[str, tuple[int, int]]:
    """Write the contact sheets, reduced; return width and height by their name in the site."""
    sizes = {}
    for layer in catalog.layers:
        for recipe in layer.sheets:
            sheet = Image.fromarray(read(run.sheet_path(recipe, layer.name)))
            width, height = (round(side * SHEET_SCALE) for side in sheet.size)
            small = sheet.resize((width, height), Image.Resampling.LANCZOS)
            folder.write(layer.sheet(recipe), webp(small, SHEET_QUALITY))
            sizes[layer.sheet(recipe)] = small.size
    return sizes


def write_tiles(run: Run, catalog: Catalog, folder: SiteFolder) -> None:
    """Write the tiles, each of about two kilobytes."""

    def write(layer: Layer, tile: Tile) -> None:
        encode = lossless if len(tile.pixels) < TILE_SHOWN else webp
        folder.write(layer.tile(tile.unit), encode(Image.fromarray(tile.pixels), TILE_QUALITY))

    for layer in catalog.layers:
        tiles = list(read_tiles(run, layer.name))
        for _ in spread(partial(write, layer), tiles):
            pass


def write_cover(run: Run, catalog: Catalog, folder: SiteFolder) -> str:
    """Write the picture that stands for the whole site where it is shared; return its name."""
    layers = [layer for layer in catalog.layers if layer.pictured]
    chosen = [layers[round(i)] for i in np.linspace(0, len(layers) - 1, 8)]
    cover = Image.new("RGB", (1200, 600))
    for index, layer in enumerate(chosen):
        unit = layer.pictured[0]
        path = run.picture_path(unit.picture.recipe, layer.name, unit.number, unit.picture.sample)
        tile = Image.fromarray(read(path)).resize((300, 300), Image.Resampling.NEAREST)
        cover.paste(tile, (300 * (index % 4), 300 * (index // 4)))
    buffer = io.BytesIO()
    cover.save(buffer, "JPEG", quality=72)
    folder.write("images/cover.jpg", buffer.getvalue())
    return "images/cover.jpg"


def webp(picture: Image.Image, quality: int) -> bytes:
    """Encode for the web."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "WEBP", quality=quality, method=2, use_sharp_yuv=True)
    return buffer.getvalue()


def lossless(picture: Image.Image, effort: int) -> bytes:
    """Encode one of few pixels, of which each is seen, to the bit; it is small all the same."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "WEBP", lossless=True, quality=effort, method=2)
    return buffer.getvalue()


def read(path: Path) -> NDArray[np.uint8]:
    """Read a picture of the run. Raises AtlasError when it is missing or damaged."""
    try:
        return decode_png(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AtlasError(f"{path} cannot be read; delete it and run 'atlas maximize'") from error


def _encode(picture: Picture, source: Path) -> tuple[dict[str, bytes], Look]:
    pixels = read(source)
    whole = Image.fromarray(pixels)
    small = _small(whole, picture)
    encode = lossless if picture.tiny else webp
    files = {
        picture.image: encode(whole, QUALITY),
        picture.thumbnail: encode(small, SMALL_QUALITY),
    }
    for index, stage in _stages(picture, source.with_suffix(".stages.png")):
        files[picture.stage(index)] = encode(stage, STAGE_QUALITY)
    return files, Look(spatial_frequency(pixels), colorfulness(pixels))


def _small(whole: Image.Image, picture: Picture) -> Image.Image:
    """The picture as cards and tables show it; where one position counts, what that sees."""
    side = min(picture.size, SMALL)
    if picture.field:
        rows, columns = picture.field.cut(picture.size)
        part = whole.crop((columns.start, rows.start, columns.stop, rows.stop))
        smooth = Image.Resampling.LANCZOS if min(part.size) > side else Image.Resampling.NEAREST
        return part.resize((side, side), smooth)
    return whole.resize((side, side), Image.Resampling.LANCZOS) if picture.size > side else whole


def _stages(picture: Picture, source: Path) -> Iterator[tuple[int, Image.Image]]:
    """All stages but the last, which is the picture itself."""
    strip = Image.fromarray(read(source))
    left = 0
    for index, (_, size) in enumerate(picture.stages[:-1]):
        yield index, strip.crop((left, 0, left + size, size))
        left += size
