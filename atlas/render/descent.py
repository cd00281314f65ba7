"""From the first layer to the last in a few stops, each one picture and how it grew."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from atlas.render.catalog import Catalog
from atlas.render.units import Layer, Unit

STOPS = 5

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
    """The stops, at even distances along the layers that have pictures which came out well."""
    there = [(layer, unit) for layer in layers if (unit := _speaker(layer))]
    chosen = sorted({round(place) for place in np.linspace(0, len(there) - 1, STOPS)})
    if not there:
        return []
    titles = OF_GOOGLENET if is_known(catalog) else DEPTHS
    if len(chosen) < STOPS:
        titles = tuple(there[place][0].name for place in chosen)
    return [
        Stop(title, unit, _field(layer), _said(catalog, unit))
        for title, (layer, unit) in zip(titles, (there[place] for place in chosen), strict=True)
    ]


def is_known(catalog: Catalog) -> bool:
    """Whether it is GoogLeNet as it was trained on photographs of objects."""
    published = catalog.settings.weights.source in ("imagenet", "bundled")
    caffe = catalog.network.network == "bvlc_googlenet" and catalog.settings.weights.classes == 1000
    return caffe or (published and catalog.network.network == "googlenet")


def _speaker(layer: Layer) -> Unit | None:
    """A unit with a note, else the one whose picture is identified best, or has the most gain."""
    fine = [unit for unit in layer.pictured if unit.picture.status == "ok"]

    def worth(unit: Unit) -> tuple[bool, float, float, int]:
        evidence = unit.picture.evidence
        gain = (evidence.gain_rms if evidence else None) or 0.0
        return unit.note is not None, unit.identified.get(unit.first, 0.0), gain, -unit.rank

    return max(fine, key=worth, default=None)


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
    if evidence and evidence.gain_rms:
        return (
            f"This picture excites its unit {evidence.gain_rms:.1f} times as much as the "
            f"{catalog.strongest_image}."
        )
    return f"Its unit is number {unit.rank} of {unit.layer.units} by mean activation."
