"""What can be compared, as the compare page offers it before anything is chosen."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from atlas.relate.across import Alike
from atlas.render.blocks import Block
from atlas.render.picture import Picture
from atlas.render.units import Unit

STOPS = 4
"""Layers of the way from the first to the last."""

OF_A_LAYER = 4
"""Pictures that a layer is offered by."""


class Tile(NamedTuple):
    """A small picture: its address from the page, and its side in pixels."""

    image: str
    side: int


class Preset(NamedTuple):
    """A comparison that can be chosen at once; ``tiles`` are its small pictures, four in a row."""

    title: str
    said: str
    query: str
    tiles: list[Tile]


def presets(
    blocks: Sequence[Block], alike: Sequence[Alike], recipes: Sequence[str], first: str
) -> list[Preset]:
    """Those that there are enough layers, recipes and relatives for.

    Args:
        blocks: the layers that have pictures.
        alike: their units that answer alike.
        recipes: by which the site has pictures.
        first: what the way from the first layer to the last is called.
    """
    stops = _stops(blocks)
    found = [_depth(stops, first)] if len(stops) > 1 else []
    found += [each for each in [_followed(stops, alike), _recipes(blocks, recipes)] if each]
    distinct = _distinct(blocks)
    if len(distinct) > len(stops):
        middle = len(distinct) // 2
        found.append(_neighbors(distinct[middle - 1], distinct[middle]))
    if stops:
        found.append(_units(stops[-1]))
    return found


def between_networks(pairs: Sequence[tuple[Block, Block]], alike: Sequence[Alike]) -> list[Preset]:
    """The layers of two networks that go together, at some depths."""
    places = sorted({round(place) for place in np.linspace(0, len(pairs) - 1, STOPS)})
    found = []
    for first, second in (pairs[place] for place in places):
        names = list(dict.fromkeys(block.layer.short for block in (first, second)))
        said = f"In {first.network}, and in {second.network}."
        tiles = _tiles(first) + _tiles(second)
        found.append(Preset(" and ".join(names), said, layers_query(first, second), tiles))
    both = [block for pair in (pairs[0], pairs[-1]) for block in pair] if pairs else []
    followed = _followed(list({block.key: block for block in both}.values()), alike)
    return found + ([followed] if followed else [])


def _distinct(blocks: Sequence[Block]) -> list[Block]:
    """Those that are no other layer's channels over again."""
    return [block for block in blocks if not block.layer.pools] or list(blocks)


def _stops(blocks: Sequence[Block]) -> list[Block]:
    distinct = _distinct(blocks)
    places = {round(place) for place in np.linspace(0, len(distinct) - 1, STOPS)}
    return [distinct[place] for place in sorted(places)]


def _depth(stops: Sequence[Block], title: str) -> Preset:
    names = ", ".join(block.short for block in stops[:-1])
    said = f"{names} and {stops[-1].short}."
    tiles = [_shown(block, unit) for place in range(2) for block in stops
             for unit in block.layer.shown[place : place + 1]]  # fmt: skip
    return Preset(title, said, layers_query(*stops), tiles)


def _followed(stops: Sequence[Block], alike: Sequence[Alike]) -> Preset | None:
    """The unit that has the best counterparts in all the other stops."""
    keys = [block.key for block in stops]
    found: dict[tuple[str, int], dict[str, list[tuple[float, int]]]] = {}
    for layer, unit, other, number, correlation in alike:
        if layer in keys and other in keys:
            like = found.setdefault((layer, unit), {})
            like.setdefault(other, []).append((correlation, number))
    if not found:
        return None

    def worth(key: tuple[str, int]) -> tuple[int, float]:
        return len(found[key]), sum(best[0][0] for best in found[key].values())

    layer, unit = max(found, key=worth)
    chain = found[layer, unit] | {layer: [(1.0, unit)] * 2}
    there = [block for block in stops if block.key in chain]
    tiles = [
        _face(block, chain[block.key][place][1])
        for place in range(2)
        for block in there
        if place < len(chain[block.key])
    ]
    named = next(block for block in stops if block.key == layer)
    return Preset(
        "One unit, followed",
        f"{named.short} {unit}, and what answers most like it in the other layers.",
        f"{layers_query(*stops)}&alike={quote(layer, safe='/')}:{unit}",
        tiles,
    )


def _recipes(blocks: Sequence[Block], recipes: Sequence[str]) -> Preset | None:
    """A layer by two recipes: the one deepest of those with pictures by the most."""
    several = [block for block in _distinct(blocks) if len(block.recipes) > 1]
    if not several:
        return None
    block = several[-1 - len(several) // 4]
    one, other = [recipe for recipe in recipes if recipe in block.recipes][:2]
    units = [unit for unit in block.layer.shown if {one, other} <= set(unit.recipes)][:OF_A_LAYER]
    if not units:
        return None
    tiles = [_tile(block, unit.by(recipe)[0]) for recipe in (one, other) for unit in units]
    query = f"{layers_query(block)}&beside=recipes"
    return Preset(f"{one} against {other}", f"{block.short} by both recipes.", query, tiles)


def _neighbors(before: Block, after: Block) -> Preset:
    tiles = _tiles(before) + _tiles(after)
    title = f"{before.short} and {after.short}"
    return Preset(title, "What one step in depth adds.", layers_query(before, after), tiles)


def _units(block: Block) -> Preset:
    units = block.layer.shown[:OF_A_LAYER]
    names = ",".join(quote(block.unit_key(unit), safe="/:") for unit in units)
    return Preset(
        "Units, one by one",
        f"Growth, evidence, tuning and strongest images of {len(units)} units of {block.short}."
        if len(units) > 1
        else f"Growth, evidence, tuning and strongest images of a unit of {block.short}.",
        f"units={names}",
        [_shown(block, unit) for unit in units] + [_young(block, unit) for unit in units],
    )


def layers_query(*blocks: Block) -> str:
    """What the address of the compare page has of these layers."""
    return "layers=" + ",".join(quote(block.key, safe="/") for block in blocks)


def _tiles(block: Block) -> list[Tile]:
    return [_shown(block, unit) for unit in block.layer.shown[:OF_A_LAYER]]


def _shown(block: Block, unit: Unit) -> Tile:
    return _tile(block, unit.picture)


def _young(block: Block, unit: Unit) -> Tile:
    """A picture halfway through its growth."""
    picture = unit.picture
    middle = len(picture.stages) // 2
    return Tile(block.within + quote(picture.stage(middle)), picture.stages[middle][1])


def _tile(block: Block, picture: Picture) -> Tile:
    return Tile(block.within + quote(picture.thumbnail), min(picture.size, 128))


def _face(block: Block, unit: int) -> Tile:
    known: Mapping[int, Unit] = block.layer.by_number
    if unit in known:
        return _shown(block, known[unit])
    return Tile(block.within + quote(block.layer.tile(unit)), 100)
