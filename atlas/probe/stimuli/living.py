"""Simple living things, of the complexity that cells of inferotemporal cortex answer to.

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


def face(hue: float, background: float) -> Field:
    """A human face and shoulders."""
    image = scene(background, 0)
    d.fill(image, d.box(0, -0.5, 0.32, 0.16, 0.15), shaded(hue, 0.6 + Y))
    d.fill(image, d.ellipse(0, 0.07, 0.27, 0.36), d.color(0.25, 0.5, 50))
    d.fill(image, d.box(0, -0.3, 0.09, 0.12, 0.05), _skin(0.62))
    head = d.ellipse(0, 0, 0.225, 0.31)
    light, _ = lambert(
        X / 0.3, Y / 0.4, np.sqrt(np.clip(1 - (X / 0.3) ** 2 - (Y / 0.4) ** 2, 0, 1))
    )
    d.fill(image, head, _skin(0.55 + 0.25 * light))
    fringe = d.intersection(head, 0.16 - 0.35 * np.abs(X) - Y)
    d.fill(image, fringe, d.color(0.28, 0.5, 50))
    for side in (-1, 1):
        u, v = X - side * 0.095, Y - 0.04
        d.fill(image, d.almond(u, v, 0.06, 0.026), d.gray(0.97))
        d.fill(
            image,
            d.intersection(d.disc(side * 0.095, 0.04, 0.025), d.almond(u, v, 0.06, 0.026)),
            d.color(0.38, 0.7, 55),
        )
        d.fill(image, d.disc(side * 0.095, 0.04, 0.011), d.gray(0.03))
        brow = d.segment((side * 0.045, 0.095), (side * 0.15, 0.105), 0.02)
        d.fill(image, brow, d.color(0.28, 0.5, 50))
    nose = d.union(
        d.segment((0.015, 0.03), (0.03, -0.075), 0.01),
        d.segment((0.03, -0.075), (-0.02, -0.085), 0.012),
    )
    d.fill(image, nose, _skin(0.5))
    d.fill(image, d.almond(X, Y + 0.16, 0.085, 0.028), d.color(0.5, 0.75, 22))
    d.fill(
        image,
        np.abs(Y + 0.16 - 2 * X**2) - 0.004 + 10 * np.maximum(np.abs(X) - 0.075, 0),
        d.color(0.3, 0.7, 22),
    )
    return image


def _skin(lightness: Field | float) -> Field:
    return d.oklab(lightness, 0.045, 0.06)


def animal(hue: float, background: float) -> Field:
    """A furry face with pointed ears, as of a cat or a dog."""
    image = scene(background, 0)
    source = d.generator("animal")
    hair = 0.04 * d.noise(source, d.power_law(0.3) * d.oriented(75, 20))
    coat = d.oklab(0.62 + hair + 0.25 * Y, *_axes(0.06, hue + 20))
    for side in (-1, 1):
        ear = d.polygon((side * 0.08, 0.17), (side * 0.29, 0.4), (side * 0.28, 0.02)) - 0.015
        d.fill(image, ear, coat)
        inner = d.polygon((side * 0.14, 0.18), (side * 0.265, 0.34), (side * 0.255, 0.08))
        d.fill(image, inner, d.color(0.7, 0.4, 15))
    d.fill(image, d.ellipse(0, -0.04, 0.31, 0.27), coat)
    d.fill(image, d.ellipse(0, -0.16, 0.15, 0.11), d.oklab(0.92 + hair, 0.0, 0.02))
    for side in (-1, 1):
        u, v = d.rotated(side * 12, X - side * 0.13, Y - 0.02)
        d.fill(image, d.almond(u, v, 0.075, 0.045) - 0.008, d.gray(0.08))
        d.fill(image, d.almond(u, v, 0.07, 0.042), d.color(0.8, 0.8, 110))
        d.fill(image, d.ellipse(side * 0.13, 0.02, 0.018, 0.04), d.gray(0.03))
        d.fill(image, d.disc(side * 0.13 - 0.012, 0.037, 0.011), d.gray(1))
        for tilt in (-0.05, 0.0, 0.05):
            whisker = d.segment((side * 0.08, -0.15), (side * 0.37, -0.15 + tilt * 2), 0.006)
            d.fill(image, whisker, d.gray(0.98))
        d.fill(image, d.segment((0, -0.15), (side * 0.06, -0.2), 0.012), d.gray(0.15))
    d.fill(image, d.polygon((-0.045, -0.095), (0.045, -0.095), (0, -0.145)) - 0.012, d.gray(0.12))
    return image


def _axes(chroma: float, hue: float) -> tuple[float, float]:
    angle = math.radians(hue)
    return chroma * math.cos(angle), chroma * math.sin(angle)


def eye(hue: float, background: float) -> Field:
    """One eye with iris, lid and lashes."""
    light = 0.66 + 0.12 * Y - 0.25 * np.exp(-((X / 0.45) ** 2) - ((Y - 0.17) / 0.1) ** 2)
    image = _skin(light) if background == 0 else d.oklab(light - 0.22, 0.04, 0.055)
    opening = d.almond(X, Y, 0.43, 0.19)
    d.fill(image, opening, d.oklab(0.95 - 0.3 * d.smoothstep(-0.08, 0, opening), 0.01, 0.01))
    radius, angle = np.hypot(X, Y - 0.01), np.arctan2(Y - 0.01, X)
    fibers = d.noise(d.generator("eye"), d.power_law(0))[0][
        ((angle / math.tau + 0.5) * 110).astype(int)
    ]
    light = 0.5 + 0.05 * fibers + 0.8 * (radius - 0.1) - 0.35 * d.smoothstep(0.135, 0.16, radius)
    d.fill(image, d.intersection(radius - 0.16, opening), d.oklab(light, *_axes(0.1, hue)))
    d.fill(image, d.intersection(radius - 0.07, opening), d.gray(0.02))
    d.fill(image, d.disc(-0.05, 0.07, 0.028), d.gray(1))
    d.fill(image, d.intersection(np.abs(opening) - 0.012, -Y), d.color(0.2, 0.4, 40))
    for x in np.linspace(-0.36, 0.36, 13).tolist():
        y = 0.19 * (1 - (x / 0.43) ** 2)
        d.fill(image, d.segment((x, y), (1.18 * x, y + 0.09), 0.011), d.color(0.15, 0.4, 40))
    return image


def leaf(hue: float, background: float) -> Field:
    """A veined leaf."""
    image = scene(background, 0)
    u, v = d.rotated(55)
    d.fill(image, d.segment((-0.32, -0.44), (0.2, 0.29), 0.02), d.color(0.4, 0.8, hue))
    vein = np.abs((u - 0.8 * np.abs(v)) / 0.07 - np.round((u - 0.8 * np.abs(v)) / 0.07)) * 0.055
    ribs = d.union(vein - 0.003, np.abs(v) - 0.006)
    blade = d.almond(u - 0.02, v, 0.38, 0.19)
    surface = shaded(hue, 0.62 + 0.8 * v * np.sign(u + 1) + 0.3 * Y)
    d.fill(image, blade, d.blend(surface, d.color(0.8, 0.8, hue), d.coverage(ribs)))
    return image


def tree(hue: float, background: float) -> Field:
    """Branches without leaves, six times forked."""
    image = scene(background)
    source = d.generator("tree")
    d.fill(
        image, _branches((0, -0.38), 90, 0.24, 0.05, 6, source), shaded(hue, 0.25 + 0.5 * Y, 0.5)
    )
    return image


def _branches(
    start: tuple[float, float],
    angle: float,
    length: float,
    thickness: float,
    forks: int,
    source: np.random.Generator,
) -> Field:
    turn = math.radians(angle)
    end = start[0] + length * math.cos(turn), start[1] + length * math.sin(turn)
    wood = d.segment(start, end, thickness)
    if forks == 0:
        return wood
    turns = (source.uniform(15, 38), -source.uniform(15, 38))
    twigs = (
        _branches(end, angle + t, length * 0.78, thickness * 0.68, forks - 1, source) for t in turns
    )
    return d.union(wood, *twigs)


def flower(hue: float, background: float) -> Field:
    """A flower with two rings of petals."""
    image = scene(background, 0)
    d.fill(image, d.segment((0.05, -0.5), (0, 0), 0.03), d.color(0.5, 0.8, 140))
    d.fill(image, d.almond(*d.rotated(25, X - 0.16, Y + 0.34), 0.15, 0.05), d.color(0.5, 0.8, 140))
    radius, angle = np.hypot(X, Y - 0.08), np.arctan2(Y - 0.08, X)
    for petals, reach, turn in ((8, 0.3, 0.0), (8, 0.24, math.pi / 8)):
        local = (angle + turn) % (math.tau / petals) - math.pi / petals
        u, v = radius * np.cos(local), radius * np.sin(local)
        petal = d.almond(u - reach / 2 - 0.02, v, reach / 2 + 0.02, 0.062) - 0.012
        light = 0.45 + 1.6 * u - 4 * np.abs(v)
        d.fill(image, petal, shaded(hue, light, 0.85))
    seeds = 0.08 * d.noise(d.generator("flower"), d.band(36))
    d.fill(image, radius - 0.085, d.oklab(0.6 + seeds - 2 * radius, 0.05, 0.12))
    return image


def fish(hue: float, background: float) -> Field:
    """A fish with scales; outdoors is under water."""
    depth = d.blend(d.color(0.35, 0.8, 245), d.color(0.75, 0.7, 220), Y + 0.5)
    image = scene(background) if background == 0 else depth
    paint = shaded(hue, 0.6 + 1.6 * Y, 0.9)
    d.fill(image, d.polygon((0.2, 0), (0.42, 0.19), (0.37, 0), (0.42, -0.19)) - 0.01, paint)
    d.fill(image, d.polygon((-0.14, 0.1), (0.0, 0.27), (0.16, 0.07)) - 0.01, shaded(hue, 0.4 + Y))
    body = d.almond(X + 0.05, Y, 0.33, 0.165)
    u, v = (X + 0.02 * np.sign(np.sin(Y * 150))) / 0.045, Y / 0.045
    rows = np.hypot(u - np.round(u), v - np.round(v))
    d.fill(image, body, d.blend(paint, d.gray(0.98), 0.25 * d.smoothstep(0.3, 0.6, rows)))
    d.fill(image, d.intersection(body, X + 0.2), shaded(hue + 20, 0.7 + 1.2 * Y, 0.9))
    d.fill(image, d.almond(*d.rotated(-30, X - 0.02, Y + 0.05), 0.08, 0.03), shaded(hue, 0.3))
    d.fill(image, d.disc(-0.27, 0.04, 0.032), d.gray(0.98))
    d.fill(image, d.disc(-0.275, 0.04, 0.018), d.gray(0.03))
    return image


def bird(hue: float, background: float) -> Field:
    """A bird on a twig."""
    image = scene(background, 0)
    d.fill(image, d.segment((-0.5, -0.3), (0.5, -0.27), 0.05), d.color(0.35, 0.5, 55))
    paint = shaded(hue, 0.55 + 1.2 * Y, 0.85)
    for x in (-0.03, 0.06):
        d.fill(image, d.segment((x, -0.15), (x, -0.28), 0.016), d.color(0.5, 0.7, 60))
    d.fill(image, d.polygon((0.14, -0.1), (0.42, -0.26), (0.38, -0.33), (0.1, -0.2)) - 0.01, paint)
    u, v = d.rotated(-30, X - 0.02, Y + 0.05)
    d.fill(image, np.hypot(u / 1.45, v) - 0.16, paint)
    d.fill(
        image, d.polygon((-0.25, 0.2), (-0.38, 0.14), (-0.25, 0.12)) - 0.006, d.color(0.75, 0.9, 75)
    )
    d.fill(image, d.disc(-0.17, 0.15, 0.115), paint)
    d.fill(image, d.ellipse(-0.08, -0.1, 0.08, 0.1), shaded(hue, 0.95, 0.35))
    u, v = d.rotated(-32, X - 0.11, Y + 0.05)
    d.fill(image, d.almond(u, v, 0.19, 0.075), shaded(hue + 15, 0.25 + 1.5 * v, 0.7))
    d.fill(image, d.disc(-0.2, 0.175, 0.024), d.gray(0.97))
    d.fill(image, d.disc(-0.203, 0.175, 0.016), d.gray(0.03))
    return image


LIVING: tuple[Callable[[float, float], Field], ...] = (
    face,
    animal,
    eye,
    leaf,
    tree,
    flower,
    fish,
    bird,
)
