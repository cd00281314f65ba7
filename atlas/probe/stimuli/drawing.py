"""What the stimuli are drawn with: coordinates, colors, signed distances, filtered noise.

Everything is numpy on one 224x224 grid. Lengths are fractions of the image's side, x points right
and y points up, the origin is the image's center, angles are degrees counterclockwise from the
x axis. Shapes are signed distances (negative inside) and get edges one pixel wide, so that
nothing is jagged; colors are sRGB in 0..1.
"""

import hashlib
import math
from functools import cache, reduce

import numpy as np
from numpy.typing import NDArray

from atlas.probe.size import PROBE_SIZE

SIZE = PROBE_SIZE
Field = NDArray[np.floating]
"""A 224x224 map, or a 224x224x3 sRGB image in 0..1."""

_centers = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE - 0.5
X, Y = np.meshgrid(_centers, -_centers)
_cycles = np.fft.fftfreq(SIZE, 1 / SIZE).astype(np.float32)
FREQUENCY_X, FREQUENCY_Y = np.meshgrid(_cycles, -_cycles)
FREQUENCY = np.hypot(FREQUENCY_X, FREQUENCY_Y)
for _constant in (X, Y, FREQUENCY_X, FREQUENCY_Y, FREQUENCY):
    _constant.flags.writeable = False


def generator(*key: object) -> np.random.Generator:
    """A random source that depends on the key alone, on every machine."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))


# Color


def oklab(lightness: Field | float, a: Field | float, b: Field | float) -> Field:
    """SRGB in 0..1 (clipped) from Oklab (Ottosson 2020): lightness 0..1, a to red, b to yellow."""
    return _gamma(np.clip(_linear_rgb(lightness, a, b), 0, 1))


def color(lightness: float, saturation: float, hue: float) -> Field:
    """One sRGB color; saturation is the fraction of the largest chroma a screen shows there.

    Hue is the Oklab angle in degrees: 30 red, 60 orange, 105 yellow, 145 green, 195 cyan,
    265 blue, 330 magenta.
    """
    chroma = saturation * largest_chroma(lightness, hue)
    angle = math.radians(hue)
    return oklab(lightness, chroma * math.cos(angle), chroma * math.sin(angle))


def gray(level: float) -> Field:
    """One neutral sRGB color."""
    return np.full(3, level, np.float32)


@cache
def largest_chroma(lightness: float, hue: float) -> float:
    """The largest Oklab chroma inside sRGB at this lightness and hue, by bisection."""
    low, high = 0.0, 0.4
    a, b = math.cos(math.radians(hue)), math.sin(math.radians(hue))
    for _ in range(20):
        middle = (low + high) / 2
        rgb = _linear_rgb(lightness, middle * a, middle * b)
        inside = rgb.min() >= 0 and rgb.max() <= 1
        low, high = (middle, high) if inside else (low, middle)
    return low


def from_lms(lms: Field) -> Field:
    """SRGB in 0..1 (clipped) from ...x3 cone responses, matrix of Reinhard et al. 2001."""
    matrix = [[4.4679, -3.5873, 0.1193], [-1.2186, 2.3809, -0.1624], [0.0497, -0.2439, 1.2045]]
    return _gamma(np.clip(lms @ np.array(matrix, np.float32).T, 0, 1))


def _linear_rgb(lightness: Field | float, a: Field | float, b: Field | float) -> Field:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return np.stack([np.asarray(channel, np.float32) for channel in channels], axis=-1)


def _gamma(linear: Field) -> Field:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# Canvas


def canvas(background: Field) -> Field:
    """A fresh 224x224x3 image of one color, or a copy of the image given."""
    return np.array(np.broadcast_to(background, (SIZE, SIZE, 3)), np.float32)


def coverage(distance: Field) -> Field:
    """The fraction of each pixel inside a shape, from its signed distance."""
    return np.clip(0.5 - SIZE * distance, 0, 1)


def blend(low: Field, high: Field, amount: Field) -> Field:
    """The 224x224x3 mixture of two colors or images by a 224x224 amount in 0..1."""
    return low + amount[..., None] * (high - low)


def fill(image: Field, distance: Field, paint: Field) -> None:
    """Paint a shape, one color or an image, over an image, in place."""
    image += coverage(distance)[..., None] * (paint - image)


def blurred(image: Field, deviation: float) -> Field:
    """An image out of focus, by a Gaussian with this deviation in pixels."""
    if deviation == 0:
        return image
    reach = math.ceil(3 * deviation)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1, dtype=np.float32) / deviation) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        margins = [(0, 0)] * 3
        margins[axis] = (reach, reach)
        padded = np.pad(image, margins, "symmetric")
        image = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis) @ kernel
    return image


def smoothstep(low: float, high: float, value: Field) -> Field:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


# Coordinates


def rotated(degrees: float, x: Field = X, y: Field = Y) -> tuple[Field, Field]:
    """Coordinates along and to the left of an axis with this angle."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return c * x + s * y, c * y - s * x


def wave(cycles: Field, duty: float = 0.5) -> Field:
    """Signed distance, in cycles, to a stripe of width ``duty`` around every whole cycle."""
    return np.abs(cycles - np.round(cycles)) - duty / 2


def window(x: float, y: float, reach: float) -> tuple[slice, slice]:
    """The rows and columns of the grid within reach of a point."""
    left, top = (0.5 + x) * SIZE, (0.5 - y) * SIZE
    rows = slice(max(0, int(top - reach * SIZE)), max(0, int(top + reach * SIZE) + 2))
    return rows, slice(max(0, int(left - reach * SIZE)), max(0, int(left + reach * SIZE) + 2))


# Signed distances (Quilez, "2D distance functions"), negative inside


def disc(x: float, y: float, radius: float) -> Field:
    """A disc."""
    return np.hypot(X - x, Y - y) - radius


def ellipse(x: float, y: float, width: float, height: float) -> Field:
    """First-order distance to an ellipse with these half axes."""
    u, v = X - x, Y - y
    unit = np.hypot(u / width, v / height)
    slope = np.hypot(u / width**2, v / height**2)
    return (unit - 1) * unit / np.maximum(slope, 1e-6)


def box(x: float, y: float, width: float, height: float, rounding: float = 0.0) -> Field:
    """A box with these half sides and rounded corners."""
    u, v = np.abs(X - x) - width + rounding, np.abs(Y - y) - height + rounding
    outside = np.hypot(np.maximum(u, 0), np.maximum(v, 0))
    return outside + np.minimum(np.maximum(u, v), 0) - rounding


def segment(start: tuple[float, float], end: tuple[float, float], thickness: float) -> Field:
    """A line of this thickness with round ends."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    u, v = X - start[0], Y - start[1]
    along = np.clip((u * dx + v * dy) / (dx * dx + dy * dy), 0, 1)
    return np.hypot(u - along * dx, v - along * dy) - thickness / 2


def polygon(*corners: tuple[float, float]) -> Field:
    """A simple polygon, its corners in either order."""
    squared = np.full_like(X, np.inf)
    inside = np.zeros(X.shape, bool)
    for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
        dx, dy = bx - ax, by - ay
        u, v = X - ax, Y - ay
        along = np.clip((u * dx + v * dy) / (dx * dx + dy * dy), 0, 1)
        squared = np.minimum(squared, (u - along * dx) ** 2 + (v - along * dy) ** 2)
        if dy:
            inside ^= ((ay > Y) != (by > Y)) & (u < dx * v / dy)
    return np.where(inside, -1, 1) * np.sqrt(squared)


def almond(u: Field, v: Field, length: float, width: float) -> Field:
    """Two circular arcs that meet at the ends of the u axis; half length and half width."""
    offset = (length**2 - width**2) / (2 * width)
    return np.hypot(u, np.abs(v) + offset) - (offset + width)


def union(*distances: Field) -> Field:
    """Inside any of the shapes."""
    return reduce(np.minimum, distances)


def intersection(*distances: Field) -> Field:
    """Inside all of the shapes."""
    return reduce(np.maximum, distances)


# Noise


def noise(source: np.random.Generator, gain: Field) -> Field:
    """Gaussian noise with this amplitude spectrum (224x224), of mean 0 and deviation 1."""
    gain = np.where(FREQUENCY == 0, 0, gain)
    white = source.standard_normal((SIZE, SIZE), dtype=np.float32)
    spectrum = np.fft.rfft2(white) * gain[:, : SIZE // 2 + 1]
    field = np.fft.irfft2(spectrum, white.shape)
    return (field / field.std()).astype(np.float32)


def power_law(exponent: float) -> Field:
    """The amplitude spectrum 1/f**exponent; natural scenes have about 1 (Field 1987)."""
    return np.maximum(FREQUENCY, 1) ** -exponent


def band(frequency: float, octaves: float = 1.0) -> Field:
    """An isotropic amplitude spectrum around a frequency in cycles per image."""
    return np.exp(-0.5 * (np.log2(np.maximum(FREQUENCY, 0.5) / frequency) / (octaves / 2)) ** 2)


def oriented(orientation: float, spread: float) -> Field:
    """The gain of stripes with this orientation, within a spread in degrees."""
    angle = np.degrees(np.arctan2(FREQUENCY_Y, FREQUENCY_X)) - orientation - 90
    return np.exp(-0.5 * ((angle + 90) % 180 - 90) ** 2 / spread**2)


def cells(source: np.random.Generator, count: int) -> tuple[Field, Field, NDArray[np.intp]]:
    """Cellular noise (Worley 1996) on ``count`` x ``count`` jittered points.

    Gives the distances to the nearest and second nearest point, in cells, and which is nearest.
    """
    jitter = source.uniform(0.1, 0.9, (2, count, count)).astype(np.float32)
    u, v = (X + 0.5) * count, (Y + 0.5) * count
    column, row = np.floor(u).astype(int), np.floor(v).astype(int)
    first, second = np.full_like(X, np.inf), np.full_like(X, np.inf)
    nearest = np.zeros(X.shape, np.intp)
    for i in range(-2, 3):
        for j in range(-2, 3):
            c, r = (column + i) % count, (row + j) % count
            distance = np.hypot(column + i + jitter[0, c, r] - u, row + j + jitter[1, c, r] - v)
            closer = distance < first
            second = np.where(closer, first, np.minimum(second, distance))
            nearest = np.where(closer, c * count + r, nearest)
            first = np.where(closer, distance, first)
    return first, second, nearest
