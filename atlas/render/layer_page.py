"""What the page of a layer says of its units."""

from typing import Any

from atlas.render.method import listed
from atlas.render.svg import aligned
from atlas.render.units import Layer

NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
"""As many as are shown of a layer, in words."""

ALIGNED = ("mean", "std", "max")
"""Columns of a layer's table whose numbers have as many decimals each."""


def shown(layer: Layer) -> dict[str, Any]:
    """What the template is told of a layer: which units it shows, and the table of all."""
    return {
        "lead": _lead(layer),
        "columns": {name: aligned(getattr(row, name) for row in layer.table) for name in ALIGNED},
        "rows": _rows(layer),
        "other_gains": _other_gains(layer),
    }


def _other_gains(layer: Layer) -> list[str]:
    """What the gain is of pictures that do not show what excites a unit anywhere."""
    words = {
        (True, False): "how far the mean is below 0, over that on the weakest probe image.",
        (False, True): "activation at the one position, over the unit's peak on that image.",
        (True, True): "not known.",
    }
    recipes: dict[tuple[bool, bool], dict[str, None]] = {}
    for unit in layer.shown:
        for picture in unit.pictures:
            recipes.setdefault((picture.minimum, picture.alone), {})[picture.recipe] = None
    return [
        f"By {listed([*recipes[end]])}: {said}" for end, said in words.items() if end in recipes
    ]


def _lead(layer: Layer) -> str:
    """Which units are shown, in a sentence."""
    ranks = [unit.rank for unit in layer.shown]
    if not ranks:
        return "None of its units has a picture in this atlas."
    words = NUMBERS[len(ranks)]
    if ranks != list(range(1, len(ranks) + 1)):
        return f"{words.capitalize()} of its {layer.units} units."
    if len(ranks) == layer.units:
        return f"All its {layer.units} units." if layer.units > 1 else "Its only unit."
    return "The most active unit." if len(ranks) == 1 else f"The {words} most active units."


def _rows(layer: Layer) -> list[tuple[Any, ...]]:
    """The layer's table: a unit's statistics, its branch, and the unit where it has a page."""
    units = {unit.number: unit for unit in layer.pictured}
    return [(row, layer.branch_of(row.unit), units.get(row.unit)) for row in layer.table]
