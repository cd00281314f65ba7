"""Tiles: a small picture of every unit, whether it is among the ranking's first or not.

A tile is a picture by the built-in recipe ``clear`` that stopped at 100 pixels, or at the first
size that the network takes. Those of some consecutive units are a file, made whole:
``units/clear/LAYER/tiles/FIRST-LAST.npz``.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atlas._system.images import to_8bit
from atlas.errors import AtlasError, UsageError
from atlas.network.sizes import Sizes
from atlas.recipe import RECIPES, constants
from atlas.run.folder import Run
from atlas.run.plan import Item
from atlas.run.rounds import LARGEST_FIRST_LOOK
from atlas.target import Picture

RECIPE = "clear"
"""How tiles are made."""

NAME = re.compile(r"(\d{4,})-(\d{4,})\.npz")


class Tile(NamedTuple):
    """The small picture of a unit: SxSx3 bytes, and how it ended."""

    unit: int
    pixels: NDArray[np.uint8]
    status: str


def write_tiles(run: Run, chunk: Sequence[Item], pictures: Sequence[Picture]) -> None:
    """Write the tiles of consecutive units of a layer."""
    data = io.BytesIO()
    np.savez(
        data,
        units=np.array([item.unit for item in chunk]),
        pixels=np.stack([to_8bit(picture.image) for picture in pictures]),
        statuses=np.array([picture.status for picture in pictures]),
        activations=np.array([picture.terms["activation"] for picture in pictures]),
        recipe=np.array(_constants()),
    )
    name = f"{chunk[0].unit:04d}-{chunk[-1].unit:04d}.npz"
    run.write(tiles_folder(run, chunk[0].layer) / name, data.getvalue())


def read_tiles(run: Run, layer: str) -> Iterator[Tile]:
    """The tiles of a layer that the run has, by unit. Raises AtlasError for a damaged file."""
    for path in tile_files(run, layer):
        try:
            yield from read_tile_file(path)
        except ValueError as error:
            raise AtlasError(
                f"{path} is damaged ({error}); 'atlas maximize --tiles' makes it again"
            ) from None


def read_tile_file(path: Path) -> list[Tile]:
    """The tiles of one file. Raises ValueError when they are not those of its name."""
    match = NAME.fullmatch(path.name)
    if match is None:
        raise ValueError("its name is not FIRST-LAST.npz")
    first, last = map(int, match.groups())
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            columns = {name: kept[name] for name in kept.files}
        units, pixels, statuses, _ = (
            columns[name] for name in ("units", "pixels", "statuses", "recipe")
        )
    except Exception:  # whatever a damaged archive brings about
        raise ValueError("not what was written") from None
    wanted = [*range(first, last + 1)]
    if (
        units.tolist() != wanted
        or pixels.shape != (len(wanted), *pixels.shape[1:2] * 2, 3)
        or len(statuses) != len(wanted)
    ):
        raise ValueError("not the tiles of its name")
    return [Tile(*row) for row in zip(wanted, pixels, statuses.tolist(), strict=True)]


def stale_files(run: Run, layer: str) -> list[Path]:
    """The files of a layer's tiles that were made with other constants than today's."""
    stale = []
    for path in tile_files(run, layer):
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if not _as_today(kept["recipe"].item()):
                stale.append(path)
    return stale


def tile_side(sizes: Sizes) -> int:
    """Side in pixels of the tiles of a network that takes images of such sizes."""
    sides = [rung.size for rung in RECIPES[RECIPE].ladder(sizes)]
    return max((side for side in sides if side <= LARGEST_FIRST_LOOK), default=sides[0])


def units_with_tiles(run: Run, layer: str) -> set[int]:
    """The units of a layer whose tiles are made."""
    found: set[int] = set()
    for path in tile_files(run, layer):
        if match := NAME.fullmatch(path.name):
            found.update(range(int(match[1]), int(match[2]) + 1))
    return found


def tile_files(run: Run, layer: str) -> list[Path]:
    """The files of a layer's tiles, by their first unit."""
    return sorted(tiles_folder(run, layer).glob("*.npz"))


def tiles_folder(run: Run, layer: str) -> Path:
    """Where the tiles of a layer are."""
    return run.picture_path(RECIPE, layer, 0).parent / "tiles"


def missing_tiles(run: Run, layer: str, units: int, batch: int) -> list[tuple[Item, ...]]:
    """What is to be made of a layer: runs of consecutive units, within fixed blocks of a batch."""
    there = units_with_tiles(run, layer)
    chunks: list[tuple[Item, ...]] = []
    for first in range(0, units, batch):
        block = [unit for unit in range(first, min(first + batch, units)) if unit not in there]
        for unit in block:
            item = Item(RECIPE, layer, unit)
            if chunks and chunks[-1][-1].unit == unit - 1 and unit != first:
                chunks[-1] = (*chunks[-1], item)
            else:
                chunks.append((item,))
    return chunks


def _as_today(kept: str) -> bool:
    """Whether tiles with these constants are as today's: those that are new change nothing."""
    try:
        return constants(json.loads(kept)) == asdict(RECIPES[RECIPE])
    except (TypeError, ValueError, UsageError):
        return False


def _constants() -> str:
    """What a tile depends on besides its unit and the run's identity."""
    return json.dumps(asdict(RECIPES[RECIPE]), sort_keys=True)
