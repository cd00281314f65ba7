"""Random surfaces as photographs show them: what covers things, in the colors of nature."""

import math
from collections.abc import Callable

import numpy as np

from . import drawing as d
from .drawing import Field, X

Source = np.random.Generator

HUES = (65, 120, 250, 28)
"""Oklab angles around which the colors of photographs gather: earth, leaves, sky, skin."""

SHARES = (0.5, 0.25, 0.15, 0.1)


def surface(source: Source, texture: Field | None = None) -> Field:
    """A lit, colored 224x224x3 surface; its texture, of mean 0 and deviation 1, may be given."""
    if texture is None:
        texture = TEXTURES[source.choice(len(TEXTURES), p=WEIGHTS)](source)
    u, _ = d.rotated(source.uniform(0, 360))
    tone = source.choice([source.uniform(0.15, 0.4), source.uniform(0.3, 0.75), 0.85])
    light = tone + source.gamma(2, 0.04) * texture + source.uniform(0, 0.25) * u
    return colored(source, light)


def smooth_surface(source: Source) -> Field:
    """A surface of soft shades and fine grain, as of walls and cloth."""
    shades = d.noise(source, d.power_law(source.uniform(1, 2)))
    grain = d.noise(source, d.power_law(source.uniform(0.3, 0.8)))
    return surface(source, shades + source.uniform(0, 0.4) * grain)


def colored(source: Source, light: Field) -> Field:
    """The color of a surface under a map of Oklab lightness; it varies a little over the surface.

    Most colors of nature are dull; what chroma there is grows with the light.
    """
    hue = math.radians(source.choice(HUES, p=SHARES) + 14 * source.standard_normal())
    chroma = 0.3 * source.beta(1.1, 4.5) * (0.5 + 0.6 * light)
    turn, drift = source.uniform(0, 2 * math.pi), d.noise(source, d.power_law(1.5))
    drift = source.uniform(0, 0.03) * drift
    a = chroma * math.cos(hue) + drift * math.cos(turn)
    b = chroma * math.sin(hue) + drift * math.sin(turn)
    return d.oklab(np.clip(light, 0, 1), a, b)


# Textures: 224x224 maps of mean 0 and deviation 1


def rough(source: Source) -> Field:
    """Earth, bark, plaster: 1/f noise whose contrast varies from place to place.

    The heavy tails that the contrasts of natural scenes have (Wainwright & Simoncelli 2000).
    """
    field = d.noise(source, d.power_law(source.uniform(0.5, 1.4)))
    return _standard(field * np.exp(source.uniform(0.2, 0.9) * d.noise(source, d.power_law(1.5))))


def hair(source: Source, direction: float | None = None) -> Field:
    """Combed hair: fine strands along a direction in degrees that turns from place to place."""
    direction = source.uniform(0, 180) if direction is None else direction
    turn = 25 * d.noise(source, d.band(source.uniform(1.5, 3)))
    total = np.zeros_like(X)
    for offset in (-30, 0, 30):
        gain = d.power_law(source.uniform(0.3, 0.7)) * d.oriented(direction + offset, 7)
        total += np.exp(-0.5 * ((turn - offset) / 14) ** 2) * d.noise(source, gain)
    return _standard(total * np.exp(0.3 * d.noise(source, d.power_law(1.2))))


def cloudy(source: Source) -> Field:
    """Noise of low frequencies."""
    return d.noise(source, d.power_law(source.uniform(1.2, 2)))


def spotted(source: Source) -> Field:
    """Spots or winding bands with soft borders."""
    gain = d.band(2 ** source.uniform(2.5, 5.5), source.uniform(0.4, 1.5))
    level = source.uniform(-0.5, 1)
    return _standard(d.smoothstep(level - 0.3, level + 0.3, d.noise(source, gain)))


def striped(source: Source) -> Field:
    """Irregular stripes."""
    gain = d.band(2 ** source.uniform(2.5, 5.5), 0.5)
    gain = gain * d.oriented(source.uniform(0, 180), source.uniform(4, 25))
    return _standard(d.smoothstep(-0.3, 0.3, d.noise(source, gain)))


def cellular(source: Source) -> Field:
    """Scales, stones or cracks."""
    count = int(source.integers(5, 28))
    first, second, nearest = d.cells(source, count)
    tone = source.uniform(0, 1.5) * source.random(count * count, np.float32)[nearest]
    return _standard(d.smoothstep(0.02, source.uniform(0.1, 0.5), second - first) + tone)


TEXTURES: tuple[Callable[[Source], Field], ...] = (rough, hair, cloudy, spotted, striped, cellular)
WEIGHTS = (0.35, 0.2, 0.2, 0.1, 0.05, 0.1)


def _standard(field: Field) -> Field:
    return (field - field.mean()) / field.std()
