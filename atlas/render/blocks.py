"""What the compare page puts beside each other: the layers of a network, or of several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from atlas.render.catalog import Catalog
from atlas.render.figures import Measure, measures
from atlas.render.pictures import Look
from atlas.render.svg import number
from atlas.render.units import Layer, Unit

FIGURES = (("Gain", "gain"), ("Frequency", "frequency"), ("Robustness", "robustness"))
"""Medians, or means, over the pictures of a layer: heading and measure."""


class Owner(NamedTuple):
    """A network of a comparison: what it is called, and the folder of its own site."""

    name: str
    folder: str


@dataclass(frozen=True)
class Block:
    """A layer with its pictures.

    Args:
        layer: of which.
        recipes: by which its units are pictured, in the order of the site.
        figures: by heading, then by recipe, as printed.
        owner: the network, where there are several.
    """

    layer: Layer
    recipes: list[str]
    figures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    owner: Owner | None = None

    @property
    def key(self) -> str:
        """How addresses name it."""
        return f"{self.owner.folder}/{self.layer.name}" if self.owner else self.layer.name

    @property
    def within(self) -> str:
        """What links into its network's site begin with, quoted."""
        return f"{quote(self.owner.folder)}/" if self.owner else ""

    @property
    def network(self) -> str:
        """The network, where there are several."""
        return self.owner.name if self.owner else ""

    @property
    def short(self) -> str:
        """The layer in short, with its network where there are several."""
        return f"{self.owner.name} {self.layer.short}" if self.owner else self.layer.short

    @property
    def means(self) -> list[float]:
        """The mean activations of all its units."""
        return [row.mean for row in self.layer.table]

    @property
    def median(self) -> float:
        """Of the mean activations."""
        return float(np.median(self.means))

    def unit_key(self, unit: Unit) -> str:
        """How addresses name a unit of it."""
        return f"{self.key}:{unit.number}"


def blocks_of(
    catalog: Catalog, looks: Mapping[str, Look] | None, owner: Owner | None = None
) -> list[Block]:
    """The layers that have pictures, in the order of depth.

    ``looks`` is what was measured on each picture, where that is known.
    """
    known = {measure.key: measure for measure in measures(catalog)}
    layers = [layer for layer in catalog.layers if layer.pictured]
    blocks = []
    for layer in layers:
        recipes = [
            recipe
            for recipe in catalog.recipes
            if any(recipe in unit.recipes for unit in layer.shown)
        ]
        figures = {} if looks is None else _figures(layer, recipes, known, looks)
        blocks.append(Block(layer, recipes, figures, owner))
    return blocks


def _figures(
    layer: Layer,
    recipes: Sequence[str],
    known: Mapping[str, Measure],
    looks: Mapping[str, Look],
) -> dict[str, dict[str, str]]:
    def told(measure: Measure, recipe: str) -> str:
        middle = measure.over(layer, recipe, looks).middle
        if measure.unit == "%":
            return "–" if middle is None else f"{middle:.0f} %"
        return number(middle) + (" ×" if measure.unit == "×" and middle is not None else "")

    return {
        title: {recipe: told(known[key], recipe) for recipe in recipes} for title, key in FIGURES
    }
