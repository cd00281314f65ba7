"""Gratings, checks, dots, curves, corners, colors: the stimuli of vision physiology.

Every function draws one stimulus as a 224x224x3 sRGB image in 0..1 from the parameters the
battery names; units as in ``drawing``. Luminance patterns are centered on mid gray.
"""

import math

import numpy as np

from . import drawing as d
from .drawing import SIZE, Field, X, Y

DARK, LIGHT = d.gray(0.08), d.gray(0.92)
CONTRAST = 0.92


def _luminance(modulation: Field) -> Field:
    """Gray levels from a modulation in -1..1."""
    return d.canvas((0.5 + 0.5 * CONTRAST * modulation)[..., None])


def _cosine(cycles: Field, phase: float) -> Field:
    return np.cos(2 * math.pi * cycles + math.radians(phase))


def grating(orientation: float, frequency: float, phase: float) -> Field:
    """Sinusoidal luminance grating; orientation is that of its stripes (De Valois et al. 1982)."""
    _, across = d.rotated(orientation)
    return _luminance(_cosine(frequency * across, phase))


def opponent(hue: float, orientation: float, frequency: float) -> Field:
    """Equal-lightness grating between a hue and its opposite (Derrington et al. 1984)."""
    lightness, angle = 0.7, math.radians(hue)
    chroma = min(d.largest_chroma(lightness, hue), d.largest_chroma(lightness, hue + 180))
    _, across = d.rotated(orientation)
    modulation = chroma * _cosine(frequency * across, 0)
    return d.oklab(lightness, modulation * math.cos(angle), modulation * math.sin(angle))


def bar(orientation: float, size: float, polarity: float) -> Field:
    """One bar of this width on a ground of the other sign (Hubel & Wiesel 1962)."""
    along, across = d.rotated(orientation)
    shape = d.intersection(np.abs(across) - size / 2, np.abs(along) - 0.42)
    return _figure(shape, polarity)


def edge(direction: float, size: float) -> Field:
    """A step from dark to light toward a direction, blurred over this width."""
    along, _ = d.rotated(direction)
    return _luminance(np.clip(2 * along / max(size, 1 / SIZE), -1, 1))


def checkerboard(orientation: float, frequency: float) -> Field:
    """Black and white checks; frequency counts pairs of checks along an axis."""
    return _luminance(_checks(orientation, frequency))


def color_checkerboard(hue: float, frequency: float) -> Field:
    """Checks of a hue and its opposite."""
    light, dark = d.color(0.75, 0.9, hue), d.color(0.55, 0.9, hue + 180)
    return d.blend(dark, light, (1 + _checks(0, frequency)) / 2)


def _checks(orientation: float, frequency: float) -> Field:
    pixels = 4 * SIZE / frequency  # from cycles to pixels, so that the edges are one pixel wide
    u, v = d.rotated(orientation)
    signs = [
        np.clip(wave * pixels, -1, 1) for wave in (_triangle(u, frequency), _triangle(v, frequency))
    ]
    return signs[0] * signs[1]


def _triangle(position: Field, frequency: float) -> Field:
    """Distance in cycles to the nearest border of a stripe, positive in every other stripe."""
    cycles = frequency * position + 0.25
    return 0.25 - np.abs(cycles - np.round(cycles))


def dots(frequency: float, size: float, polarity: float) -> Field:
    """A hexagonal lattice of discs; size is the disc's diameter in periods."""
    return _figure(_lattice(frequency, size), polarity)


def color_dots(hue: float, frequency: float) -> Field:
    """A hexagonal lattice of colored discs on white."""
    return d.blend(d.gray(0.95), d.color(0.6, 1, hue), d.coverage(_lattice(frequency, 0.62)))


def _lattice(frequency: float, size: float) -> Field:
    u, v = frequency * X, frequency * Y / math.sqrt(3)
    rows = [
        np.hypot(u + s - np.round(u + s), math.sqrt(3) * (v + s - np.round(v + s)))
        for s in (0, 0.5)
    ]
    return (d.union(*rows) - size / 2) / frequency


def disc(size: float, polarity: float) -> Field:
    """One disc of this diameter."""
    return _figure(d.disc(0, 0, size / 2), polarity)


def ring(size: float, polarity: float) -> Field:
    """One ring of this diameter, an eighth of it thick."""
    return _figure(np.abs(d.disc(0, 0, size / 2)) - size / 16, polarity)


def polar(frequency: float, arms: float, phase: float) -> Field:
    """Concentric, radial and spiral gratings (Gallant, Braun & Van Essen 1993).

    Frequency counts cycles over the image's side along a radius, arms cycles around the center;
    the sign of arms is the spiral's handedness.
    """
    radius = np.hypot(X, Y)
    angle = np.arctan2(Y, X) / (2 * math.pi)
    # Where the arms are finer than three pixels, nothing but their mean is drawn.
    visible = d.smoothstep(0.5, 1.2, 2 * math.pi * radius * SIZE / max(abs(arms), 1) / 3)
    return _luminance(visible * _cosine(frequency * radius + arms * angle, phase))


def hyperbolic(orientation: float, frequency: float, phase: float) -> Field:
    """Hyperbolic grating (Gallant, Braun & Van Essen 1993) with a saddle at the center."""
    u, v = d.rotated(orientation)
    # |u^2 - v^2| with a square root keeps the local frequency even, and fine enough to show.
    squared = u * u - v * v
    depth = np.sign(squared) * np.sqrt(np.abs(squared) + 1e-4)
    return _luminance(_cosine(frequency * depth, phase))


def curve(curvature: float, direction: float, size: float) -> Field:
    """One bent line of this thickness whose apex points to a direction (Hegde & Van Essen 2000)."""
    return _figure(np.abs(_bend(curvature, direction)) - size / 2, 1)


def contour(curvature: float, direction: float) -> Field:
    """A light region with a convex (or, below 0, concave) border (Pasupathy & Connor 1999)."""
    side = math.copysign(1, curvature)
    return _figure(side * _bend(abs(curvature), direction if side > 0 else direction + 180), 1)


def _bend(curvature: float, direction: float) -> Field:
    """Distance to a half circle with straight ends, apex toward a direction; negative inside."""
    radius = 1 / curvature
    along, across = d.rotated(direction)
    along = along - min(0.18, radius) + radius
    return np.where(along > 0, np.hypot(along, across), np.abs(across)) - radius


def scallop(curvature: float, direction: float) -> Field:
    """Rows of arcs whose apexes point to a direction, as scales and tiles have."""
    radius = 1 / curvature
    along, across = d.rotated(direction)
    across = across - 2 * radius * np.round(across / (2 * radius))
    height = np.sqrt(np.maximum(radius**2 - across**2, 0))
    return _luminance(_cosine((along - height) / radius, 0))


def wavy(orientation: float, frequency: float, size: float) -> Field:
    """Parallel sine-shaped lines; frequency counts bends, size is their spacing."""
    along, across = d.rotated(orientation)
    bend = 0.22 / frequency * np.sin(2 * math.pi * frequency * along)
    return _luminance(_cosine((across - bend) / size, 0))


def corner(angle: float, direction: float) -> Field:
    """A light wedge of this angle that points to a direction."""
    along, across = d.rotated(direction)
    half = math.radians(angle / 2)
    tip = 0.2 - along
    inside = np.abs(across) * math.cos(half) - tip * math.sin(half)
    return _figure(
        np.where(
            tip * math.cos(half) + np.abs(across) * math.sin(half) > 0,
            inside,
            np.hypot(tip, across),
        ),
        1,
    )


def junction(angles: tuple[float, ...], direction: float) -> Field:
    """Lines that meet at the center: L, T, Y, arrow and X (Hegde & Van Essen 2000)."""
    ends = [math.radians(angle + direction) for angle in angles]
    arms = [d.segment((0, 0), (0.38 * math.cos(end), 0.38 * math.sin(end)), 0.05) for end in ends]
    return _figure(d.union(*arms), 1)


def star(arms: float, size: float, polarity: float) -> Field:
    """A star polygon with this many points and inner radius (fraction of the outer)."""
    angle = (np.arctan2(X, Y) + math.pi / arms) % (2 * math.pi / arms) - math.pi / arms
    radius = np.hypot(X, Y)
    u, v = radius * np.cos(angle), radius * np.abs(np.sin(angle))
    outer, inner = 0.36, 0.36 * size
    ix, iy = inner * math.cos(math.pi / arms), inner * math.sin(math.pi / arms)
    length = math.hypot(outer - ix, iy)
    return _figure(((u - outer) * iy + v * (outer - ix)) / length, polarity)


def uniform(hue: float, lightness: float, saturation: float) -> Field:
    """One color everywhere."""
    return d.canvas(d.color(lightness, saturation, hue))


def color_disc(hue: float, lightness: float, saturation: float) -> Field:
    """A disc of one color on a gray of the same lightness."""
    ground = d.oklab(lightness, 0.0, 0.0)
    return d.blend(ground, d.color(lightness, saturation, hue), d.coverage(d.disc(0, 0, 0.3)))


def gray_field(lightness: float) -> Field:
    """One gray everywhere."""
    return d.canvas(d.oklab(lightness, 0.0, 0.0))


def ramp(direction: float) -> Field:
    """Luminance that rises toward a direction."""
    along, _ = d.rotated(direction)
    return _luminance(np.clip(2 * along, -1, 1))


def glow(polarity: float, size: float) -> Field:
    """A soft spot, lighter or darker than its surround."""
    return _luminance(polarity * (2 * np.exp(-((X**2 + Y**2) / (size**2))) - 1))


def hue_ramp(hue: float, direction: float) -> Field:
    """Colors that run from a hue to its opposite toward a direction, through gray."""
    along, _ = d.rotated(direction)
    return d.blend(
        d.color(0.72, 0.95, hue), d.color(0.72, 0.95, hue + 180), d.smoothstep(-0.45, 0.45, along)
    )


def hue_circle(lightness: float, direction: float) -> Field:
    """All hues around the center."""
    angle = np.arctan2(Y, X) + math.radians(direction)
    chroma = min(d.largest_chroma(lightness, hue) for hue in range(0, 360, 5))
    reach = chroma * d.smoothstep(0, 0.25, np.hypot(X, Y))
    return d.oklab(lightness, reach * np.cos(angle), reach * np.sin(angle))


def _figure(distance: Field, polarity: float) -> Field:
    """A shape, light on dark (1) or dark on light (-1)."""
    ground, figure = (DARK, LIGHT) if polarity > 0 else (LIGHT, DARK)
    return d.blend(ground, figure, d.coverage(distance))
