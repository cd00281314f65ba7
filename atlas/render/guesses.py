"""The two guesses that the article ends on, held against this run."""

from dataclasses import dataclass

import numpy as np

from atlas.examine.intervals import Range
from atlas.render.catalog import Catalog
from atlas.render.constants import differences
from atlas.render.figures import Looks, Measure, measures
from atlas.render.headlined import own_channels
from atlas.render.pairs import Difference, difference, paired
from atlas.render.picture import Picture
from atlas.render.svg import number
from atlas.render.units import Layer, Unit

RECOGNIZABLE = (
    "inception4a",
    "inception4b",
    "inception4c",
    "inception4d",
    "inception4e",
    "inception5a",
)
HIGH_FREQUENCY = "inception5b"
"""Where the article supposes that features are recognizable, and where noise prevails."""


@dataclass(frozen=True)
class Guess:
    """What the article supposed, and what this run says about it."""

    claim: str
    verdict: str


TOLD = ("identification", "robustness", "gain", "frequency", "slope", "specific")
"""The measures that say what a recipe makes of a layer."""

SHORT = 80
"""Letters in which a recipe's differences are told; of others the method page says them."""

THUMBNAILS = 4
"""How many units of a layer are shown by every recipe."""


@dataclass(frozen=True)
class Change:
    """What a recipe makes of the layer in question: how it differs, and what comes of it.

    ``pictures`` are those of the layer's first units, None where it has none of a unit.
    ``differs`` is empty where a recipe differs in too much to be said in a line.
    ``differences`` are from the baseline, paired by unit; empty for the baseline itself.
    """

    recipe: str
    differs: str
    pictures: list[tuple[Unit, Picture | None]]
    values: list[Range]
    differences: list[Difference]


@dataclass(frozen=True)
class Changes:
    """All recipes of a run at the layer that the article leaves open."""

    layer: Layer
    measures: list[Measure]
    rows: list[Change]


def guesses(catalog: Catalog, looks: Looks) -> list[Guess]:
    """The guesses that this run can be held against, by the article's recipe if it is there."""
    known = {measure.key: measure for measure in measures(catalog)}

    def middles(key: str) -> dict[str, float]:
        over = {
            layer.name: known[key].over(layer, catalog.baseline, looks).middle
            for layer in own_channels(catalog.layers)
        }
        return {name: value for name, value in over.items() if value is not None}

    specific, frequency = middles("specific"), middles("frequency")
    found = []
    inside = [specific[name] for name in RECOGNIZABLE if name in specific]
    outside = [value for name, value in specific.items() if name not in RECOGNIZABLE]
    if inside and outside:
        here, there = float(np.mean(inside)), float(np.mean(outside))
        found.append(Guess(
            "4a to 4e and 5a have the most recognizable features.",
            "Recognizing is for people. The nearest figure is whether a picture speaks for its own "
            f"unit rather than for any: in these layers {number(here)} % of the pictures excite "
            f"their own unit most, in the others {number(there)} %. By that they are "
            f"{'more' if here > there else 'no more'} specific.",
        ))  # fmt: skip
    if HIGH_FREQUENCY in frequency and len(frequency) > 1:
        found.append(Guess("5b is mostly high frequency.", _frequency_verdict(frequency)))
    return found


def changes(catalog: Catalog, looks: Looks) -> Changes | None:
    """What each recipe does to the layer of the open question; None with a single recipe."""
    layer = next((layer for layer in catalog.layers if layer.name == HIGH_FREQUENCY), None)
    if layer is None or len(layer.recipes & set(catalog.alike)) < 2:
        return None
    recipes = [recipe for recipe in catalog.alike if recipe in layer.recipes]
    known = [
        measure
        for measure in measures(catalog)
        if measure.key in TOLD
        and any(measure.over(layer, recipe, looks).middle is not None for recipe in recipes)
    ]
    return Changes(layer, known, [_change(catalog, looks, layer, name, known) for name in recipes])


def _change(
    catalog: Catalog, looks: Looks, layer: Layer, recipe: str, known: list[Measure]
) -> Change:
    units = layer.shown[:THUMBNAILS]
    baseline, differs = catalog.baseline, differences(catalog, recipe)
    pairs = [paired(measure, layer, recipe, baseline, looks) for measure in known]
    return Change(
        recipe,
        differs if len(differs) <= SHORT else "",
        [(unit, next(iter(unit.by(recipe)), None)) for unit in units],
        [measure.over(layer, recipe, looks) for measure in known],
        [difference(measure, each) for measure, each in zip(known, pairs, strict=True)]
        if recipe != baseline
        else [],
    )


def _frequency_verdict(frequency: dict[str, float]) -> str:
    order = sorted(frequency, key=lambda name: -frequency[name])
    place = order.index(HIGH_FREQUENCY) + 1
    others = [value for name, value in frequency.items() if name != HIGH_FREQUENCY]
    verdict = (
        f"The median spatial frequency of its pictures is {number(frequency[HIGH_FREQUENCY])} "
        f"cycles per pixel, against {number(float(np.median(others)))} in the other layers: "
        f"the {_ordinal(place)} of {len(order)} layers. "
    )
    if place == 1:
        return f"{verdict}The run agrees."
    finest = f"Finest is {order[0]} with {number(frequency[order[0]])}"
    return f"{verdict}{finest}: the run disagrees."


def _ordinal(place: int) -> str:
    if place == 1:
        return "highest"
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(0 if 10 < place % 100 < 14 else place % 10, "th")
    return f"{place}{suffix} highest"
