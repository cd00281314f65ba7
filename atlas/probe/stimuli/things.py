"""Things for random views: an outline, a surface, and the light and shadow on them.

An outline is a signed distance, negative inside, in coordinates of the thing's own.
"""

from collections.abc import Callable

import numpy as np

from . import drawing as d
from .drawing import SIZE, Field, X, Y
from .surfaces import Source


def lay(image: Field, distance: Field, paint: Field, shadow: float, relief: float = 0) -> None:
    """Lay a thing over an image, in place, with the shadow at its foot, this wide.

    ``relief`` is how far from its outline, in fractions of the image, its surface rounds off.
    """
    if relief:
        paint = paint * _light(distance, relief)[..., None]
    image *= 1 - 0.35 * np.clip(0.7 - distance / (shadow + 0.01), 0, 1)[..., None]
    d.fill(image, distance, paint)


def _light(distance: Field, relief: float) -> Field:
    """How bright a rounded thing is under a lamp above and left of the viewer."""
    inward = np.clip(-distance / relief, 0, 1)
    height = 0.6 * relief * SIZE * np.sqrt(1 - (1 - inward) ** 2)
    down, right = np.gradient(height)
    normal = 1 / np.sqrt(1 + right**2 + down**2)
    return np.clip(0.4 + 0.75 * normal * (0.2 * right + 0.6 * down + 0.75), 0, 1.3)


def blob(source: Source, u: Field, v: Field, radius: float) -> Field:
    """Distance to a random closed outline."""
    stretch = 2 ** source.uniform(-0.7, 0.7)
    u, v = u * stretch, v / stretch
    angle, bumps = np.arctan2(v, u), source.uniform(0.1, 0.5)
    outline = 1 + sum(
        bumps * source.standard_normal() / k**1.3 * np.cos(k * angle + source.uniform(0, 6.3))
        for k in range(2, 7)
    )
    return 0.8 * (np.hypot(u, v) - radius * np.maximum(outline, 0.2))


def pod(source: Source, u: Field, v: Field, radius: float) -> Field:
    """Distance to a leaf or a seed."""
    return d.almond(u, v, 1.3 * radius, source.uniform(0.1, 0.7) * radius)


def twig(source: Source, u: Field, v: Field, radius: float) -> Field:
    """Distance to a bent stick."""
    bent = np.abs(v - source.uniform(-0.4, 0.4) * u**2 / max(radius, 0.1))
    return np.maximum(bent - source.uniform(0.03, 0.12) * radius, np.abs(u) - 1.4 * radius)


def slab(source: Source, u: Field, v: Field, radius: float) -> Field:
    """Distance to a sheared rectangle."""
    stretch = 2 ** source.uniform(-0.7, 0.7)
    sheared = np.abs(u + source.uniform(-0.4, 0.4) * v)
    return np.maximum(sheared - radius * stretch, np.abs(v) - radius / stretch)


Shape = Callable[[Source, Field, Field, float], Field]


def scatter(
    image: Field, source: Source, shape: Shape, x: float, y: float, radius: float, paint: Field
) -> None:
    """Lay a thing of a random outline and pose over an image, in place."""
    window = d.window(x, y, 1.9 * radius + 3 / SIZE)
    if min(image[window].shape) < 2:
        return
    pose = d.rotated(source.uniform(0, 360), X[window] - x, Y[window] - y)
    shifted = np.roll(paint, tuple(source.integers(0, SIZE, 2)), (0, 1))[window]
    tint = shifted * source.uniform(0.7, 1.2)
    distance = shape(source, *pose, radius)
    lay(image[window], distance, tint, 0.12 * radius, source.uniform(0.02, 0.12))
