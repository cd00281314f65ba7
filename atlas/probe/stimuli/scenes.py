"""What objects stand on and how light falls on them."""

import numpy as np

from . import drawing as d
from .drawing import Field, X, Y


def scene(background: float, shadow: float = 0.26) -> Field:
    """A background with the soft shadow, this wide, of a thing that stands at its center."""
    if background == 0:
        wall = d.blend(d.gray(0.74), d.gray(0.95), d.smoothstep(-0.5, 0.6, Y + 0.15 * X))
        floor = d.blend(d.gray(0.62), d.gray(0.82), d.smoothstep(-0.5, -0.15, Y))
        image = d.blend(wall, floor, d.smoothstep(0, 0.12, -0.14 - Y))
    else:
        source = d.generator("outdoors")
        cloud = 0.5 * d.smoothstep(0.2, 1.8, d.noise(source, d.power_law(2) * d.oriented(0, 30)))
        sky = d.blend(d.color(0.9, 0.4, 235), d.color(0.66, 0.8, 250), d.smoothstep(-0.1, 0.5, Y))
        sky = d.blend(sky, d.gray(0.98), cloud)
        turf = 0.05 * d.noise(source, d.band(40, 2)) + 0.05 * d.noise(source, d.band(8, 2))
        light = np.clip(0.58 + 0.35 * (Y + 0.15) + turf, 0, 1)
        ground = d.oklab(light, -0.07, 0.09)
        horizon = Y + 0.1 + 0.02 * np.sin(7 * X)
        image = d.blend(sky, ground, d.coverage(horizon))
    if shadow:
        depth = np.hypot((X - 0.03) / shadow, (Y + 0.36) / (0.2 * shadow))
        image = d.blend(image, 0.35 * image, 0.75 * (1 - d.smoothstep(0.3, 1.25, depth)))
    return image


def shaded(
    hue: float, light: Field | float, saturation: float = 0.92, gloss: Field | float = 0
) -> Field:
    """A surface of one hue under a map of light in 0..1, with highlights."""
    dark, bright = d.color(0.22, saturation, hue), d.color(0.66, saturation, hue)
    surface = d.blend(dark, bright, np.clip(np.asarray(light), 0, 1))
    return d.blend(surface, d.gray(1), np.clip(np.asarray(gloss), 0, 1))


def lambert(nx: Field, ny: Field, nz: Field) -> tuple[Field, Field]:
    """Light and highlight of a surface with these normals; the lamp is up left of the viewer."""
    light = -0.5 * nx + 0.6 * ny + 0.62 * nz
    return 0.12 + 0.9 * np.maximum(light, 0), np.maximum(light, 0) ** 30
