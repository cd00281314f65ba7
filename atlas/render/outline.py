"""The receptive field around the peak of a unit in an image."""

from dataclasses import dataclass

from atlas.probe.size import PROBE_SIZE
from atlas.render.unit_facts import ProbeImage
from atlas.render.units import Layer


@dataclass(frozen=True)
class Outline:
    """The receptive field around a position, in parts of a probe image; may reach over it.

    They are ``PROBE_SIZE`` a side: as many as most have pixels.
    """

    x: float
    y: float
    side: float


def outline(layer: Layer, image: ProbeImage, input_size: int = PROBE_SIZE) -> Outline | None:
    """What the unit sees from where it peaked; None where every position sees the whole image."""
    if layer.receptive_field is None or layer.center is None or layer.stride is None:
        return None
    row, column = (first + 0.5 for first in layer.center)  # centers count from a pixel's middle
    side = layer.receptive_field
    part = PROBE_SIZE / input_size
    return Outline(
        x=part * (column + image.column * layer.stride - side / 2),
        y=part * (row + image.row * layer.stride - side / 2),
        side=part * side,
    )
