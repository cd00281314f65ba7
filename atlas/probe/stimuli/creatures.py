"""Random views of furry animals."""

import math

import numpy as np

from . import drawing as d
from .buildings import front, room
from .close_ups import collage, litter
from .drawing import Field
from .land import ground, landscape
from .surfaces import Source, hair
from .things import lay


def creature(source: Source) -> Field:
    """A furry animal that looks at the viewer, before a ground more or less out of focus."""
    kinds = (collage, litter, ground, landscape, room, front)
    image = d.blurred(kinds[source.integers(6)](source), source.choice([0, 2, 4, 8]))
    tone, hue = source.uniform(0.12, 0.85), source.normal(65, 12)
    chroma = source.uniform(0, 0.07)
    patches = source.choice([0, 0, 0.3, -0.3]) * d.smoothstep(0.2, 0.6, d.noise(source, d.band(3)))

    def coat(direction: float) -> Field:
        strands = source.uniform(0.03, 0.1) * hair(source, direction)
        light = np.clip(tone + patches + strands, 0.02, 1)
        a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
        return d.oklab(light, a * (0.5 + light), b * (0.5 + light))

    body, head = coat(source.normal(70, 20)), coat(source.normal(90, 30))
    shag = 0.02 * d.noise(source, d.band(24, 2))
    size = source.uniform(0.16, 0.36)
    x, y = source.uniform(-0.2, 0.2), source.uniform(-0.05, 0.2)

    def grow(distance: Field, paint: Field, relief: float) -> None:
        lay(image, distance + source.uniform(0.3, 1) * shag, paint, 0.05, relief * size)

    def about(low: float, high: float) -> float:
        return size * source.uniform(low, high)

    trunk = x + source.choice([-1, 1]) * about(0, 1.2), y - about(0.8, 1.4)
    grow(d.ellipse(*trunk, about(0.9, 1.7), about(0.8, 1.1)), body, 1)
    for _ in range(source.integers(0, 5)):
        hip = trunk[0] + about(-1, 1), trunk[1] - 0.3 * size
        grow(
            d.segment(hip, (hip[0] + about(-0.1, 0.1), hip[1] - 1.7 * size), 0.3 * size), body, 0.1
        )
    ear = about(0.3, 0.7)
    for side in (-1, 1):
        tip = x + side * about(0.6, 0.8), y + about(0.4, 0.9)
        grow(d.ellipse(*tip, 0.3 * size, ear), 0.85 * head, 0.2)
    grow(d.ellipse(x, y, about(0.8, 1), about(0.85, 1.1)), head, 0.8)
    mouth = x + about(-0.15, 0.15), y - about(0.25, 0.45)
    muzzle = np.clip(source.uniform(0.8, 1.4) * head, 0, 1)
    grow(d.ellipse(*mouth, about(0.35, 0.5), about(0.3, 0.45)), muzzle, 0.3)
    _eyes(image, source, (x + mouth[0]) / 2, y + about(0.1, 0.25), size)
    _nose(image, *mouth, size)
    return image


def _eyes(image: Field, source: Source, x: float, y: float, size: float) -> None:
    radius, rim = size * source.uniform(0.08, 0.16), d.gray(source.uniform(0.02, 0.3))
    iris = source.uniform(0.3, 1.5) * d.color(0.3, 0.5, 60)
    for side in (-0.38, 0.38):
        center = x + side * size
        for part, paint in ((1.25, rim), (1.0, iris), (0.6, d.gray(0.02))):
            d.fill(image, d.disc(center, y, part * radius), paint)
        d.fill(image, d.disc(center - 0.3 * radius, y + 0.35 * radius, 0.25 * radius), d.gray(0.95))


def _nose(image: Field, x: float, y: float, size: float) -> None:
    fork, thickness = (x, y - 0.1 * size), 0.004 + 0.02 * size
    d.fill(image, d.ellipse(x, y + 0.15 * size, 0.16 * size, 0.11 * size), d.gray(0.05))
    for end in (
        (x, y + 0.1 * size),
        (x - 0.2 * size, y - 0.2 * size),
        (x + 0.2 * size, y - 0.2 * size),
    ):
        d.fill(image, d.segment(end, fork, thickness), d.gray(0.09))
