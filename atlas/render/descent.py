"""From the first layer to the last in a few stops, each one picture and how it grew."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from atlas.render.catalog import Catalog
from atlas.render.method import listed
from atlas.render.unit_words import most_common
from atlas.render.units import Layer, Unit

STOPS = 5

ROOM = 3 * STOPS - 4
"""Layers from which a stop between the first and the last may be one of three."""

DEPTHS = (
    "The first layer",
    "A quarter of the way",
    "Halfway",
    "Three quarters of the way",
    "The last layer",
)
"""What the stops are called."""

OF_GOOGLENET = ("First edges", "Textures", "Patterns", "Parts", "Whole things")
"""What GoogLeNet trained on photographs of objects is known to look for there."""


class Stop(NamedTuple):
    """A layer on the way down, and a unit that stands for it."""

    title: str
    unit: Unit
    field: str
    said: str


def descend(catalog: Catalog, layers: Sequence[Layer]) -> list[Stop]:
    """The stops, about evenly along the layers that have pictures which came out well."""
    there = [unit for layer in layers if (unit := max(_fine(layer), key=_worth, default=None))]
    if not there:
        return []
    chosen = _along(there)
    titles = OF_GOOGLENET if is_known(catalog) else DEPTHS
    if len(chosen) < STOPS:
        titles = tuple(unit.layer.name for unit in chosen)
    return [
        Stop(title, unit, _field(unit.layer), _said(catalog, unit))
        for title, unit in zip(titles, chosen, strict=True)
    ]


def _along(there: Sequence[Unit]) -> list[Unit]:
    """The first, the last, and at even distances between them the best of three neighbors."""
    last = len(there) - 1
    places = sorted({round(place) for place in np.linspace(0, last, STOPS)})
    if len(there) < ROOM:
        return [there[place] for place in places]
    between = [max(there[place - 1 : place + 2], key=_worth) for place in places[1:-1]]
    return [there[0], *between, there[last]]


def is_known(catalog: Catalog) -> bool:
    """Whether it is GoogLeNet as it was trained on photographs of objects."""
    published = catalog.settings.weights.source in ("imagenet", "bundled")
    caffe = catalog.network.network == "bvlc_googlenet" and catalog.settings.weights.classes == 1000
    return caffe or (published and catalog.network.network == "googlenet")


def _fine(layer: Layer) -> list[Unit]:
    """The units of a layer whose pictures came out well."""
    return [unit for unit in layer.pictured if unit.picture.status == "ok"]


def _worth(unit: Unit) -> tuple[bool, float, float, int]:
    """A unit with a note, else the one whose picture is identified best, or has the most gain."""
    gain = unit.picture.gain or 0.0
    return unit.note is not None, unit.identified.get(unit.first, 0.0), gain, -unit.rank


def _field(layer: Layer) -> str:
    """How much of an image the layer sees, in a sentence; empty where that is not known."""
    if not layer.field_known:
        return ""
    side = layer.receptive_field
    seen = f"{side} × {side} pixels" if side else "the whole image"
    return f"A unit of {layer.name} sees {seen}."


def _said(catalog: Catalog, unit: Unit) -> str:
    """What a person wrote of the unit, or else the run's own best figure of it, in a sentence."""
    if unit.note:
        return unit.note
    classes = [label for label in unit.labels if label.kind == "class"]
    if classes:
        return (
            f"Of an image of {classes[0].label} and any other, its unit answers more to the first "
            f"{100 * classes[0].auc:.0f} times in 100."
        )
    evidence = unit.picture.evidence
    gain = evidence.gain_rms if evidence else None
    named = _classes_of_strongest(unit)
    if named:
        said = f"Of all {catalog.probe_word}, its unit answers most to those of {listed(named)}"
        if gain:
            return f"{said}, and to this picture {gain:.1f} times as much as to the strongest."
        return f"{said}."
    if gain:
        return (
            f"This picture excites its unit {gain:.1f} times as much as the "
            f"{catalog.strongest_image}."
        )
    return f"Its unit is number {unit.rank} of {unit.layer.units} by mean activation."


def _classes_of_strongest(unit: Unit) -> list[str]:
    """What the strongest images show, as far as their labels or their names say it."""
    names = [image.class_name for image in unit.strongest if image.mean != 0]
    return most_common([name for name in names if name])
