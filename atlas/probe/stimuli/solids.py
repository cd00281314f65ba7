"""Simple solids and made things, of the complexity that cells of inferotemporal cortex answer to.

The complexity is that of the critical features of Kobatake & Tanaka (1994). Every function
draws one stimulus as a 224x224x3 sRGB image in 0..1: the object in a hue (degrees, as in
``drawing``) on background 0, a studio, or 1, outdoors.
"""

import math
from collections.abc import Callable

import numpy as np

from . import drawing as d
from .drawing import Field, X, Y
from .scenes import lambert, scene, shaded


def ball(hue: float, background: float) -> Field:
    """A glossy ball."""
    image = scene(background)
    distance = d.disc(0, -0.07, 0.29)
    nx, ny = X / 0.29, (Y + 0.07) / 0.29
    light, gloss = lambert(nx, ny, np.sqrt(np.clip(1 - nx**2 - ny**2, 0, 1)))
    d.fill(image, distance, shaded(hue, light, gloss=0.8 * gloss))
    return image


def cube(hue: float, background: float) -> Field:
    """A cube from above."""
    image = scene(background, 0.34)
    faces = {
        0.55: ((-0.3, 0.12), (0.02, 0.02), (0.02, -0.38), (-0.3, -0.26)),
        0.25: ((0.02, 0.02), (0.3, 0.14), (0.3, -0.24), (0.02, -0.38)),
        0.95: ((-0.3, 0.12), (0.0, 0.23), (0.3, 0.14), (0.02, 0.02)),
    }
    for light, corners in faces.items():
        d.fill(image, d.polygon(*corners), shaded(hue, light + 0.12 * Y))
    return image


def cylinder(hue: float, background: float) -> Field:
    """An upright cylinder."""
    image = scene(background)
    body = d.union(d.box(0, -0.07, 0.2, 0.25), d.ellipse(0, -0.32, 0.2, 0.06))
    d.fill(image, body, _round_sides(hue, np.full_like(X, 0.2)))
    d.fill(image, d.ellipse(0, 0.18, 0.2, 0.06), shaded(hue, 0.95 + 0.2 * X))
    return image


def cone(hue: float, background: float) -> Field:
    """An upright cone."""
    image = scene(background)
    sides = d.polygon((0, 0.3), (-0.25, -0.31), (0.25, -0.31))
    shape = d.union(sides, d.ellipse(0, -0.31, 0.25, 0.055))
    d.fill(image, shape, _round_sides(hue, np.maximum(0.41 * (0.3 - Y), 0.01)))
    return image


def _round_sides(hue: float, half_width: Field) -> Field:
    """The shading of an upright solid of revolution with this half width at each height."""
    nx = np.clip(X / half_width, -1, 1)
    light, gloss = lambert(nx, np.full_like(X, 0.25), np.sqrt(1 - nx**2))
    return shaded(hue, light, gloss=0.5 * gloss)


def torus(hue: float, background: float) -> Field:
    """A ring that faces the viewer."""
    image = scene(background, 0.2)
    radius, thickness = np.hypot(X, Y + 0.04), 0.1
    tube = np.clip((radius - 0.22) / thickness, -1, 1)
    unit = np.maximum(radius, 1e-4)
    normal = tube * X / unit, tube * (Y + 0.04) / unit, np.sqrt(1 - tube**2)
    light, gloss = lambert(*normal)
    d.fill(image, np.abs(radius - 0.22) - thickness, shaded(hue, light, gloss=0.8 * gloss))
    return image


def bottle(hue: float, background: float) -> Field:
    """A bottle with a label."""
    image = scene(background, 0.2)
    neck = d.smoothstep(0.02, 0.2, Y)
    half_width = 0.16 - 0.105 * neck
    shape = d.intersection(np.abs(X) - half_width, np.abs(Y + 0.01) - 0.37)
    d.fill(image, shape, _round_sides(hue, half_width))
    label = d.intersection(shape, np.abs(Y + 0.16) - 0.09)
    d.fill(image, label, d.blend(d.gray(0.55), d.gray(0.97), 1 - 20 * X**2))
    d.fill(image, d.box(0, 0.36, 0.065, 0.03, 0.01), d.color(0.35, 0.6, hue + 180))
    return image


def mug(hue: float, background: float) -> Field:
    """A mug with a handle."""
    image = scene(background)
    handle = np.abs(d.ellipse(0.2, -0.08, 0.12, 0.13)) - 0.025
    d.fill(image, handle, shaded(hue, 0.45 + Y))
    body = d.union(d.box(-0.04, -0.07, 0.21, 0.22), d.ellipse(-0.04, -0.29, 0.21, 0.06))
    nx = np.clip((X + 0.04) / 0.21, -1, 1)
    light, gloss = lambert(nx, np.full_like(X, 0.2), np.sqrt(1 - nx**2))
    d.fill(image, body, shaded(hue, light, gloss=0.4 * gloss))
    d.fill(image, d.ellipse(-0.04, 0.15, 0.21, 0.065), shaded(hue, 0.95))
    d.fill(image, d.ellipse(-0.04, 0.147, 0.185, 0.05), d.color(0.25, 0.6, 55))
    return image


def wheel(hue: float, background: float) -> Field:
    """A wheel with a tire and eight spokes."""
    image = scene(background, 0.24)
    radius, angle = np.hypot(X, Y), np.arctan2(Y, X)
    d.fill(image, radius - 0.37, d.gray(0.1))
    d.fill(image, radius - 0.28, shaded(hue, 0.75 + Y))
    d.fill(image, radius - 0.245, d.gray(0.18))
    spoke = angle % (math.pi / 4) - math.pi / 8
    spokes = d.intersection(radius * np.abs(np.sin(spoke)) - 0.022, radius - 0.25)
    d.fill(image, spokes, shaded(hue, 0.8 + Y))
    d.fill(image, radius - 0.07, shaded(hue, 0.6 + 4 * Y))
    d.fill(image, radius - 0.025, d.gray(0.15))
    return image


def house(hue: float, background: float) -> Field:
    """A house with roof, door and windows."""
    image = scene(background, 0.38)
    d.fill(image, d.box(0, -0.17, 0.27, 0.19), d.blend(d.gray(0.8), d.gray(0.97), Y + 0.6))
    d.fill(image, d.box(0.16, 0.2, 0.035, 0.1), d.color(0.45, 0.5, 35))
    roof = d.polygon((-0.34, 0.01), (0, 0.29), (0.34, 0.01))
    tiles = np.abs(Y / 0.035 - np.round(Y / 0.035)) * 0.6
    d.fill(image, roof, shaded(hue, 0.3 + tiles))
    d.fill(image, d.box(0, -0.25, 0.055, 0.11), d.color(0.4, 0.6, 50))
    for side in (-1, 1):
        d.fill(image, d.box(side * 0.165, -0.14, 0.065, 0.065), d.color(0.45, 0.4, 50))
        panes = d.union(
            *(
                d.box(side * 0.165 + i, -0.14 + j, 0.023, 0.023)
                for i in (-0.028, 0.028)
                for j in (-0.028, 0.028)
            )
        )
        d.fill(image, panes, d.color(0.8, 0.6, 235))
    return image


def car(hue: float, background: float) -> Field:
    """A car from its side."""
    image = scene(background, 0.4)
    cabin = d.polygon((-0.2, 0.0), (-0.12, 0.14), (0.12, 0.14), (0.22, 0.0)) - 0.02
    d.fill(image, cabin, shaded(hue, 0.6 + Y))
    for corners in (
        ((-0.16, 0.01), (-0.1, 0.12), (-0.015, 0.12), (-0.015, 0.01)),
        ((0.015, 0.01), (0.015, 0.12), (0.11, 0.12), (0.18, 0.01)),
    ):
        d.fill(
            image,
            d.polygon(*corners),
            d.blend(d.color(0.3, 0.3, 235), d.color(0.85, 0.4, 235), 5 * Y),
        )
    d.fill(image, d.box(0, -0.1, 0.4, 0.115, 0.06), shaded(hue, 0.75 + 2.2 * Y))
    d.fill(image, d.box(-0.385, -0.07, 0.02, 0.025, 0.01), d.color(0.9, 0.7, 100))
    d.fill(image, d.box(0.39, -0.07, 0.013, 0.025, 0.005), d.color(0.5, 0.95, 28))
    for x in (-0.23, 0.23):
        for radius, level in ((0.105, 0.08), (0.06, 0.75), (0.02, 0.3)):
            d.fill(image, d.disc(x, -0.22, radius), d.gray(level))
    return image


SOLIDS: tuple[Callable[[float, float], Field], ...] = (
    ball,
    cube,
    cylinder,
    cone,
    torus,
    bottle,
    mug,
    wheel,
    house,
    car,
)
