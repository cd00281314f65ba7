"""The first page: the wall, a way from the first layer to the last, and every layer in brief."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from atlas.render import diagram, method
from atlas.render.catalog import Catalog
from atlas.render.descent import descend
from atlas.render.first_shown import RULE, exceptions, first_of_all
from atlas.render.sprites import levels
from atlas.render.units import Layer, Unit
from atlas.render.wall import Wall

ON_CARD = 4
"""How many pictures of a layer stand on its card."""


def shown(catalog: Catalog, wall: Wall) -> dict[str, Any]:
    """What the template shows."""
    links = {layer.name: (quote(layer.href), layer.short) for layer in catalog.layers}
    layers = [layer for layer in catalog.layers if layer.pictured]
    on_card = {layer.name: _on_card(layer) for layer in catalog.layers}
    units = [unit for own in on_card.values() for unit in own]
    made = [name for name in catalog.made(units) if name in catalog.along_depth]
    return {
        "recipes": made,
        "first": first_of_all(layers, made),
        "drawing": diagram.draw(catalog.network.graph, links),
        "branched": next((layer for layer in catalog.layers if layer.branches), None),
        "on_card": on_card,
        "wall": wall,
        "wall_data": wall.data(catalog.recipes, levels(len(wall.pieces))),
        "stops": descend(catalog, [layer for layer, _ in wall.layers]),
        "others": exceptions(layers, made),
        "rule": RULE,
        "told": _told(catalog, made, units),
    }


def _on_card(layer: Layer) -> list[Unit]:
    """The first pictures of a layer, of units that answered before others."""
    return sorted(layer.shown, key=lambda unit: unit.picture.status == "silent")[:ON_CARD]


def _told(
    catalog: Catalog, recipes: Sequence[str], units: Iterable[Unit]
) -> list[tuple[str, int, str]]:
    """Recipes that work alike, the side of the noise they start from, what becomes of it."""
    alike: dict[tuple[int, str], list[str]] = {}
    for recipe in recipes:
        picture = next(unit.by(recipe)[0] for unit in units if recipe in unit.recipes)
        words = method.in_short(catalog.constants[recipe])
        alike.setdefault((picture.stages[0][1], words), []).append(recipe)
    return [(method.listed(names), start, words) for (start, words), names in alike.items()]
