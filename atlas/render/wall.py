"""The wall: every unit at its depth and among its like, and the same units as a map of likeness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from atlas._system.filenames import slug
from atlas.render.catalog import Catalog
from atlas.render.grid import rows_of, shape_of, snap
from atlas.render.units import Layer, Unit
from atlas.run.folder import Run
from atlas.target import OF_THE_UNIT


class Spot(NamedTuple):
    """Where a unit lies by likeness: ``height`` within its layer, ``x`` and ``y`` on the map."""

    height: float
    x: float
    y: float


class Piece(NamedTuple):
    """A unit on the wall.

    Args:
        layer, number: which.
        unit: where it has a page; None for one that has a tile alone.
        words: what is said of it besides its name; empty where nothing is known.
    """

    layer: Layer
    number: int
    unit: Unit | None
    words: str

    @property
    def status(self) -> str:
        """How its picture ended, or its tile."""
        return self.unit.picture.status if self.unit else self.layer.tiles[self.number]


@dataclass(frozen=True)
class Wall:
    """The units of a wall, layer by layer from the first, each layer ordered by likeness.

    Args:
        layers: those that are on it, with the number of their columns.
        rows: of the wall.
        pieces: the units, in the order of the wall.
        places: of each, counted along the rows of the wall from the top left.
        map_shape, map_places: columns and rows of the map, and places there; None where nothing
            is known of likeness.
        pools: the layers that are left out, since they pool the channels of one that is not.
    """

    layers: list[tuple[Layer, int]]
    rows: int
    pieces: list[Piece]
    places: list[int]
    map_shape: tuple[int, int] | None
    map_places: list[int] | None
    pools: list[Layer]

    @cached_property
    def columns(self) -> int:
        """Of the whole wall."""
        return sum(width for _, width in self.layers)

    def data(self, recipes: Sequence[str], levels: Sequence[tuple[int, int]]) -> dict[str, Any]:
        """What the script needs, as short as it can be said.

        Args:
            recipes: those of the site, in its order.
            levels: side of the sprites and how many a sheet has, the coarsest first.
        """
        indices = {id(layer): index for index, (layer, _) in enumerate(self.layers)}
        on_map = self.map_places or [-1] * len(self.pieces)
        return {
            "shape": [self.columns, self.rows],
            "map": self.map_shape,
            "levels": levels,
            "recipes": [slug(recipe) for recipe in recipes],
            "layers": [[layer.short, layer.slug, width] for layer, width in self.layers],
            "units": [
                [indices[id(piece.layer)], piece.number, place, other,
                 _folders(piece, recipes), piece.words, *[1] * (piece.status == "silent")]
                for piece, place, other in zip(self.pieces, self.places, on_map, strict=True)
            ],
        }  # fmt: skip


def read_spots(run: Run) -> dict[tuple[str, int], Spot]:
    """Where units lie by likeness: among all of them where they have tiles, else among few."""
    if not run.has("layout.csv"):
        return {}
    table = run.table("layout")
    of = "all" if "all" in table["of"].unique() else "pictured"
    columns = ["layer", "unit", *Spot._fields]
    rows = table.loc[table["of"] == of, columns].itertuples(index=False, name=None)
    return {(layer, unit): Spot(*spot) for layer, unit, *spot in rows}


def arrange(catalog: Catalog, spots: Mapping[tuple[str, int], Spot]) -> Wall:
    """Place every unit that has a tile or a picture; layers that pool another's are left out.

    What has no known likeness follows in its layer by rank, and the map is left out.
    """
    layers = [(layer, _pieces(layer, spots)) for layer in catalog.layers]
    there = {layer.name for layer, own in layers if own}
    shown = [(layer, own) for layer, own in layers if own and layer.pools not in there]
    rows = rows_of([len(own) for _, own in shown])
    widths = [(layer, -(-len(own) // rows)) for layer, own in shown]
    columns = sum(width for _, width in widths)
    left, places = 0, []
    for (_, own), (_, width) in zip(shown, widths, strict=True):
        places += [place // width * columns + left + place % width for place in range(len(own))]
        left += width
    pieces = [piece for _, own in shown for piece in own]
    shape, on_map = _map(pieces, spots)
    pools = [layer for layer, own in layers if own and layer.pools in there]
    return Wall(widths, rows, pieces, places, shape, on_map, pools)


def _pieces(layer: Layer, spots: Mapping[tuple[str, int], Spot]) -> list[Piece]:
    """The units of a layer, from the top of the wall."""
    ranks = {row.unit: row.rank for row in layer.table}
    numbers = sorted(
        layer.by_number.keys() | layer.tiles.keys(),
        key=lambda number: (
            spots[layer.name, number].height if (layer.name, number) in spots else 2,
            ranks[number],
        ),
    )
    return [
        Piece(layer, number, layer.by_number.get(number), _words(layer, number))
        for number in numbers
    ]


def _words(layer: Layer, number: int) -> str:
    """The class it stands for, the first thing that people or figures say of it, its trouble."""
    labels = [each.label for each in layer.labels.get(number, []) if each.kind == "class"][:1]
    named = [known[number] for known in (layer.classes, layer.notes) if number in known]
    unit = layer.by_number.get(number)
    status = unit.picture.status if unit else layer.tiles[number]
    trouble = [] if status in OF_THE_UNIT else [status]
    return ", ".join([*(named + labels)[:1], *trouble])


def _map(
    pieces: Sequence[Piece], spots: Mapping[tuple[str, int], Spot]
) -> tuple[tuple[int, int] | None, list[int] | None]:
    keys = [(piece.layer.name, piece.number) for piece in pieces]
    if not all(key in spots for key in keys):
        return None, None
    shape = shape_of(len(pieces))
    points = np.array([[spots[key].x, spots[key].y] for key in keys])
    return shape, snap(points, *shape).tolist()


def _folders(piece: Piece, recipes: Sequence[str]) -> list[int]:
    """By which recipes a unit is pictured, as places in a list of them; its first goes first."""
    unit = piece.unit
    if unit is None:
        return []
    made = sorted(unit.recipes, key=lambda recipe: recipe != unit.first)
    return [recipes.index(recipe) for recipe in made]
