"""Random views with the statistics of photographs: things that lie over each other in the light.

Dead leaves (Lee, Mumford & Huang 2001) whose leaves have shapes, textures, relief and shadows, as
in the noise that networks learn to see from (Baradad et al. 2021); rooms, fronts, land, animals.
Every view is a 224x224x3 sRGB image, drawn from a random source alone.
"""

from collections.abc import Callable

import numpy as np

from . import drawing as d
from .buildings import front, room, street
from .close_ups import collage, foliage, litter, pelt
from .creatures import creature
from .drawing import Field
from .land import ground, landscape, water
from .surfaces import Source


def photograph(kind: str, sample: float) -> Field:
    """The view of this kind with this number, as a camera takes it."""
    source = d.generator("scene", kind, sample)
    image = VIEWS[kind](source)
    image = d.blurred(image, source.choice([0, 0.5, 0.8]))
    image += source.uniform(0, 0.015) * source.standard_normal(image.shape, np.float32)
    exposure = source.uniform(0.3, 0.6) / max(image.mean(), 0.05)
    return np.clip(image * np.clip(exposure, 0.5, 2), 0, 1)


VIEWS: dict[str, Callable[[Source], Field]] = {
    view.__name__: view
    for view in (
        collage,
        litter,
        foliage,
        pelt,
        ground,
        water,
        landscape,
        room,
        front,
        street,
        creature,
    )
}
