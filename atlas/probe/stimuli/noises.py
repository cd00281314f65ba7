"""Noise, strewn patches and dead leaves: stimuli with the statistics of natural scenes.

Every function draws one stimulus as a 224x224x3 sRGB image in 0..1. ``sample`` numbers the random
draws: same parameters, same image, on every machine.
"""

import math

import numpy as np

from . import drawing as d
from .drawing import SIZE, Field, X, Y


def gray_noise(exponent: float, sample: float) -> Field:
    """Luminance noise with amplitudes 1/f**exponent; natural scenes have about 1 (Field 1987)."""
    field = d.noise(d.generator("gray noise", sample), d.power_law(exponent))
    return d.canvas(_spread(field)[..., None])


def natural_noise(exponent: float, sample: float) -> Field:
    """1/f**exponent noise with the color statistics of natural scenes (Ruderman et al. 1998).

    Independent fields along the three principal axes of the logarithmic cone responses.
    """
    source = d.generator("natural noise", sample)
    fields = (d.noise(source, d.power_law(exponent)) for _ in range(3))
    return _ruderman(*(np.clip(field, -2.5, 2.5) for field in fields))


def _ruderman(lightness: Field, yellow_blue: Field, red_green: Field) -> Field:
    """SRGB from coordinates in standard deviations along Ruderman's l, alpha and beta."""
    axes = np.array(
        [
            [1 / math.sqrt(3), 1 / math.sqrt(6), 1 / math.sqrt(2)],
            [1 / math.sqrt(3), 1 / math.sqrt(6), -1 / math.sqrt(2)],
            [1 / math.sqrt(3), -2 / math.sqrt(6), 0],
        ],
        np.float32,
    )
    # The paper's deviations in log10 units, all by one factor that fills the range of a screen.
    gain, middle = 1.6, -1.2
    scaled = [0.353 * lightness, 0.0732 * yellow_blue, 0.00745 * red_green]
    logarithms = gain * np.stack(scaled, axis=-1) @ axes.T + middle / math.sqrt(3)
    return d.from_lms(10**logarithms)


def band_noise(orientation: float, frequency: float, sample: float) -> Field:
    """Noise of one octave around a frequency, within 15 degrees of an orientation."""
    gain = d.band(frequency) * d.oriented(orientation, 15)
    field = d.noise(d.generator("band noise", orientation, frequency, sample), gain)
    return d.canvas(_spread(field)[..., None])


def gabor_texture(orientation: float, frequency: float, sample: float) -> Field:
    """Gabor patches of one orientation and frequency strewn over mid gray (Landy & Bergen 1991)."""
    source = d.generator("gabor texture", orientation, frequency, sample)
    total = np.zeros_like(X)
    width = 0.5 / frequency
    count = round(frequency * 0.42)
    for row in range(count):
        for column in range(count):
            jitter = source.uniform(-0.2, 0.2, 2)
            x, y = (
                (index + 0.5 + shift) / count - 0.5
                for index, shift in zip((column, row), jitter.tolist(), strict=True)
            )
            window = d.window(x, y, 3.2 * width)
            u, v = d.rotated(orientation, X[window] - x, Y[window] - y)
            envelope = np.exp(-(u * u + v * v) / (2 * width**2))
            phase = source.uniform(0, 2 * math.pi)
            total[window] += envelope * np.cos(2 * math.pi * frequency * v + phase)
    return d.canvas((0.5 + 0.46 * np.clip(1.15 * total, -1, 1))[..., None])


def dead_leaves(size: float, saturation: float, sample: float) -> Field:
    """Discs that occlude each other, radii with density 1/r**3 (Lee, Mumford & Huang 2001).

    Size is the smallest radius; saturation 0 gives gray leaves, 1 natural colors made vivid.
    """
    source = d.generator("dead leaves", size, saturation, sample)
    image = d.canvas(d.gray(0))
    bare = np.ones_like(X)
    while bare.max() > 0.004:  # front to back, until every pixel is covered
        radius = min(size / math.sqrt(1 - source.random() * (1 - (size / 0.3) ** 2)), 0.3)
        x, y = (0.5 + radius) * source.uniform(-1, 1, 2)
        paint = _leaf_color(source, saturation)
        window = d.window(x, y, radius + 2 / SIZE)
        if bare[window].max(initial=0) == 0:
            continue
        distance = np.hypot(X[window] - x, Y[window] - y) - radius
        share = bare[window] * d.coverage(distance)
        image[window] += share[..., None] * paint
        bare[window] -= share
    return image + bare[..., None] * 0.5


def _leaf_color(source: np.random.Generator, saturation: float) -> Field:
    if saturation == 0:
        return d.gray(source.uniform(0.08, 0.95))
    # Hues gather around the blue-yellow axis of daylight.
    hue = (75 + 40 * source.standard_normal() + 180 * (source.random() < 0.35)) % 360
    return d.color(source.uniform(0.3, 0.96), saturation * source.beta(2, 2), hue)


def _spread(field: Field) -> Field:
    """Gray levels from a field of mean 0 and deviation 1, bent at the ends, never clipped."""
    return 0.5 + 0.48 * np.tanh(0.75 * field)
