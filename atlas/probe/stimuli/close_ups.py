"""Random views of what lies before the camera: heaps of things, litter, leaves, a pelt."""

import math

import numpy as np

from . import drawing as d
from .drawing import Field
from .surfaces import Source, colored, hair, rough, surface
from .things import blob, pod, scatter, slab, twig


def collage(source: Source) -> Field:
    """Things of all sizes over each other."""
    paints = [surface(source) for _ in range(5)]
    image = surface(source)
    count = int(2 ** source.uniform(2.5, 5.5))
    radii = source.uniform(0.6, 1.6) * (0.02 + 0.3 * source.random(count) ** 2)
    for radius in np.sort(radii)[::-1].tolist():
        shape = (blob, blob, pod, twig, slab)[source.integers(5)]
        paint = paints[source.integers(5)]
        x, y = source.uniform(-0.6, 0.6, 2)
        scatter(image, source, shape, x, y, radius, paint)
    return image


def litter(source: Source) -> Field:
    """Ground under leaves, twigs, stones or chips."""
    paints = [surface(source) for _ in range(4)]
    image = 0.6 * surface(source)
    shapes = [(blob, pod, twig, slab)[i] for i in source.integers(0, 4, 2)]
    size = 2 ** source.uniform(-4.4, -2.9)
    for _ in range(int(2 ** source.uniform(6.5, 8.5))):
        shape, paint = shapes[source.integers(2)], paints[source.integers(4)]
        x, y = source.uniform(-0.55, 0.55, 2)
        scatter(image, source, shape, x, y, size * source.gamma(3, 0.33), paint)
    return image


def foliage(source: Source) -> Field:
    """Leaves, stalks and blossoms before light or shade."""
    image = source.choice([0.3, 1, 1.3]) * d.blurred(surface(source), source.choice([0, 3]))
    leaves = [_leaf(source) for _ in range(4)]
    blossom, share = surface(source), source.choice([0, 0.12])
    size = 2 ** source.uniform(-4.2, -2.2)
    for _ in range(min(300, int(1.2 / size**1.5))):
        paint = blossom if source.random() < share else leaves[source.integers(4)]
        shape = twig if source.random() < 0.25 else pod
        x, y = source.uniform(-0.6, 0.6, 2)
        scatter(image, source, shape, x, y, size * source.gamma(4, 0.25), paint)
    return image


def _leaf(source: Source) -> Field:
    """A green surface."""
    texture = 0.025 * rough(source) + 0.02 * hair(source)
    light = np.clip(source.uniform(0.25, 0.75) + texture, 0, 1)
    hue, chroma = math.radians(source.normal(125, 14)), source.uniform(0.04, 0.13) * (0.5 + light)
    return d.oklab(light, chroma * math.cos(hue), chroma * math.sin(hue))


def pelt(source: Source) -> Field:
    """Hair that fills the view, in uneven light."""
    tone = source.uniform(0.15, 0.85) + 0.06 * d.noise(source, d.power_law(1.6))
    image = colored(source, tone + source.uniform(0.04, 0.12) * hair(source))
    light = 0.8 + source.uniform(0, 0.4) * d.noise(source, d.power_law(2))
    return image * np.clip(light, 0.3, 1.3)[..., None]
