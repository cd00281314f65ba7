"""How alike the layers answer to the same images: a heat map and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from atlas.relate.neighbors import distinct
from atlas.render.catalog import Catalog
from atlas.render.heat_map import heat_map
from atlas.render.svg import number
from atlas.render.units import Layer

Alignments = Mapping[tuple[str, str], float]
"""By the names of two layers, in the order of depth."""


class Step(NamedTuple):
    """A layer, the next one, and their alignment."""

    value: float
    layer: Layer
    after: Layer


@dataclass(frozen=True)
class Alignment:
    """The heat map, and what it comes to."""

    chart: Markup
    verdict: str


def align(catalog: Catalog) -> Alignment | None:
    """The alignment of all layers but those that pool others; None where it is not known."""
    pools = {layer.name: layer.pools for layer in catalog.layers if layer.pools}
    names = distinct([layer.name for layer in catalog.layers], pools)
    layers = [layer for layer in catalog.layers if layer.name in names]
    values = np.array(
        [[_of(catalog.alignment, one.name, other.name) for other in layers] for one in layers]
    )
    if len(layers) < 2 or np.isnan(values).all():
        return None
    short = [layer.short for layer in layers]
    chart = heat_map(
        values,
        short,
        short,
        "Centered kernel alignment of every two layers",
        links={},
        outlined=(),
    )
    steps = [
        Step(_of(catalog.alignment, layer.name, after.name), layer, after)
        for layer, after in pairwise(layers)
    ]
    return Alignment(chart, _verdict([step for step in steps if not np.isnan(step.value)], values))


def _of(alignment: Alignments, one: str, other: str) -> float:
    return alignment.get((one, other), alignment.get((other, one), float("nan")))


def _verdict(steps: list[Step], values: np.ndarray) -> str:
    """Where along depth most changes from one layer to the next, and how far the ends are apart."""
    if not steps:
        return ""
    least = min(steps, key=lambda step: step.value)
    said = f"The first and the last layer align by {number(values[0, -1], 2)}."
    if len(steps) > 1:
        usual = number(float(np.median([step.value for step in steps])), 2)
        said = (
            f"A layer and the next align by {usual} in the median, least from {least.layer.short} "
            f"to {least.after.short} ({number(least.value, 2)}): there the network changes most. "
            f"{said}"
        )
    return said
