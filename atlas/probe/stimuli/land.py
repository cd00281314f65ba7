"""Random views of land: ground, water and ridges up to a horizon, under the sky."""

import numpy as np

from . import drawing as d
from .drawing import SIZE, Field, X, Y
from .surfaces import Source, colored, hair, rough, smooth_surface, surface
from .things import blob, pod, scatter


def ground(source: Source) -> Field:
    """Rough ground or a meadow, finer with distance; sometimes up to a horizon."""
    texture = rough(source) if source.random() < 0.5 else hair(source, source.normal(90, 15))
    near = colored(source, source.uniform(0.3, 0.7) + source.uniform(0.04, 0.12) * texture)
    horizon = source.uniform(0.1, 0.9)
    image = slanted(near, horizon, source.uniform(0.15, 0.4))
    border = Y - horizon + 0.05 + 0.02 * d.noise(source, d.band(8))
    return d.blend(image, smooth_surface(source), d.smoothstep(-0.02, 0.02, border))


def water(source: Source) -> Field:
    """Water to a horizon or a shore, and things that float on it."""
    horizon = source.uniform(-0.1, 0.6)
    swell = d.band(2 ** source.uniform(3, 5.5), 1.5) * d.oriented(0, 18)
    ripples = d.noise(source, swell) + 0.5 * rough(source)
    surface_light = source.uniform(0.3, 0.7) + source.uniform(0.03, 0.1) * ripples
    sea = colored(source, surface_light)
    image = sky(source)
    d.fill(image, Y - horizon, slanted(sea, horizon + 0.05, source.uniform(0.2, 0.5)))
    if source.random() < 0.6:
        shore = d.intersection(Y - horizon - 0.05 - 0.02 * _peaks(source), horizon - Y)
        d.fill(image, shore, 0.5 * surface(source))
    for _ in range(source.integers(0, 5)):
        x, y = source.uniform(-0.4, 0.4), source.uniform(-0.5, horizon)
        radius = 0.04 + 0.2 * (horizon - y)
        scatter(image, source, blob, x, y, radius, surface(source))
        line = d.ellipse(x, y - 0.4 * radius, 1.6 * radius, 0.3 * radius)
        d.fill(image, d.intersection(line, Y - y + 0.1 * radius), 0.7 * sea)
    return image


def landscape(source: Source) -> Field:
    """Sky, ridges behind each other, ground, and things that stand on it."""
    horizon = source.uniform(-0.2, 0.25)
    image = sky(source)
    for ridge in range(source.integers(1, 5)):
        height = source.uniform(0.006, 0.045) * _peaks(source) - 0.08 * ridge
        d.fill(image, Y - horizon - height, (0.6 + 0.1 * ridge) * surface(source))
    floor = slanted(surface(source), horizon, source.uniform(0.15, 0.4))
    d.fill(image, Y - horizon + 0.1, floor)
    paints = [surface(source) for _ in range(3)]
    for _ in range(source.integers(0, 12)):
        x, y = source.uniform(-0.5, 0.5), source.uniform(-0.5, horizon)
        shape, paint = (blob, pod)[source.integers(2)], paints[source.integers(3)]
        scatter(image, source, shape, x, y, 0.02 + 0.25 * (horizon + 0.15 - y), paint)
    return image


def slanted(paint: Field, horizon: float, height: float) -> Field:
    """A surface seen at a slant from this height, in image sides, below the horizon."""
    depth = np.clip(horizon - Y, 0.02, None)
    rows, columns = height / depth % 1, (0.5 + 0.35 * X / depth) % 1
    return paint[(rows * (SIZE - 1)).astype(int), (columns * (SIZE - 1)).astype(int)]


def sky(source: Source) -> Field:
    """A sky that darkens upwards, with a haze of clouds."""
    cloud = 0.04 * d.noise(source, d.power_law(1.8) * d.oriented(0, 40))
    return d.oklab(source.uniform(0.7, 0.95) - 0.2 * Y + cloud, -0.01, -source.uniform(0, 0.08))


def _peaks(source: Source) -> Field:
    """A jagged height for every column, of deviation 1."""
    return np.interp(X[0], np.linspace(-0.5, 0.5, 30), source.standard_normal(30))
