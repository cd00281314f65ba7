"""The built-in probe set: a labelled battery of synthetic images, drawn when asked for.

Photographs tell which units are busy; a battery also tells what they are tuned to, because every
image has known parameters. The families follow visual physiology and the statistics of natural
scenes; each drawing function names its source. Where there are no photographs, the families that
have their statistics stand in for them; the others, with their extremes, are for tuning alone.

Parameters have one vocabulary throughout:

    orientation   degrees in 0..180 of stripes and lines, 0 horizontal, counterclockwise
    direction     degrees in 0..360 a figure points to, 0 right, counterclockwise
    frequency     cycles per image        phase        degrees
    hue           Oklab angle in degrees: 30 red, 105 yellow, 145 green, 195 cyan, 265 blue
    lightness     Oklab, 0..1             saturation   fraction of the largest chroma on a screen
    size          fraction of the image's side, or of the pattern's period
    curvature     1 over the radius as a fraction of the image's side; below 0 concave
    angle         degrees between two sides                arms   lines that meet, or spokes
    polarity      1 light on dark, -1 dark on light        exponent   of 1/f**exponent
    background    0 studio, 1 outdoors                     sample     number of a random draw
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from atlas.probe.size import PROBE_SIZE, resized

from . import living, materials, noises, patterns, solids, views
from .drawing import Field

VERSION = 2
"""To be raised whenever a stimulus looks different under the same name."""

Painter = Callable[..., Field]


@dataclass(frozen=True)
class Stimulus:
    """One labelled image: a unique name such as ``grating/o022.5-f16-p000``, and how to draw it."""

    name: str
    family: str
    parameters: dict[str, float] = field(hash=False)
    painter: Painter = field(repr=False, compare=False)

    @property
    def natural(self) -> bool:
        """Whether it has the statistics of photographs: a scene, or noise that falls as they do.

        Over these stimuli units rank as over photographs (docs/stimuli.md). Textures, leaves and
        objects, each of one thing, would lower the agreement.
        """
        is_noise = self.family == "noise" and self.parameters["exponent"] == 1
        return self.family == "scene" or is_noise

    def draw(self, side: int = PROBE_SIZE) -> NDArray[np.uint8]:
        """The image, SxSx3 sRGB bytes, drawn at 224 pixels; the same on every call."""
        image = self.painter(**self.parameters)
        return resized(np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8), side)


@cache
def battery() -> tuple[Stimulus, ...]:
    """All stimuli, in a fixed order."""
    return tuple(stimulus for family in _families() for stimulus in family)


def digest() -> str:
    """SHA-256 of what the battery is: its version, and every name, family and parameter."""
    stimuli = [(s.name, s.family, s.parameters) for s in battery()]
    return hashlib.sha256(json.dumps([VERSION, stimuli]).encode()).hexdigest()


def conditions(stimuli: Sequence[Stimulus]) -> dict[str, list[int]]:
    """The axes of tuning curves: ``orientation:22.5``, ``hue:120``, ... to the stimuli's indices.

    Orientation and frequency are those of the luminance gratings alone, hue that of the color
    fields and discs alone. Both are full factorial, so the mean over a condition averages the same
    values of every other parameter. Family comes from all stimuli.
    """
    axes = (("orientation", "grating"), ("frequency", "grating"), ("hue", "color"))
    found: dict[str, list[int]] = {}
    for axis, family in axes:
        values = {s.parameters[axis] for s in stimuli if s.family == family}
        for value in sorted(values):
            found[f"{axis}:{value:g}"] = [
                index
                for index, s in enumerate(stimuli)
                if s.family == family and s.parameters[axis] == value
            ]
    for index, stimulus in enumerate(stimuli):
        found.setdefault(f"family:{stimulus.family}", []).append(index)
    return found


def _turns(step: float, full: int = 360) -> list[float]:
    return [step * index for index in range(round(full / step))]


def _families() -> Iterable[list[Stimulus]]:
    eighths, quarters = _turns(22.5, 180), _turns(45, 180)
    directions, hues = _turns(45), _turns(30)
    both = [1, -1]
    yield _factorial(
        "grating",
        patterns.grating,
        orientation=eighths,
        frequency=[2, 4, 8, 16, 32, 56],
        phase=[0, 90],
    )
    yield _factorial(
        "bar", patterns.bar, orientation=eighths, size=[0.02, 0.06, 0.18], polarity=both
    )
    yield _factorial("edge", patterns.edge, direction=directions, size=[0, 0.2])
    yield _factorial(
        "opponent", patterns.opponent, hue=quarters, orientation=quarters, frequency=[2, 8, 24]
    )
    yield [
        *_factorial(
            "checkerboard", patterns.checkerboard, orientation=[0, 45], frequency=[2, 4, 8, 16, 32]
        ),
        *_factorial(
            "checkerboard",
            patterns.color_checkerboard,
            "color",
            hue=[30, 90, 150, 270, 330],
            frequency=[4, 12],
        ),
    ]
    yield [
        *_factorial(
            "dots", patterns.dots, frequency=[4, 8, 16, 28], size=[0.35, 0.65], polarity=both
        ),
        *_factorial("dots", patterns.color_dots, "color", hue=_turns(60), frequency=[5, 12]),
    ]
    yield [
        *_factorial("disc", patterns.disc, size=[0.08, 0.2, 0.45, 0.8], polarity=both),
        *_factorial("disc", patterns.ring, "ring", size=[0.2, 0.45, 0.8], polarity=both),
    ]
    yield [
        *_factorial("polar", patterns.polar, frequency=[3, 8, 16, 32], arms=[0], phase=[0, 180]),
        *_factorial("polar", patterns.polar, frequency=[0], arms=[3, 6, 12, 24], phase=[0, 180]),
        *_factorial(
            "polar", patterns.polar, frequency=[4, 10], arms=[-12, -5, -1, 1, 5, 12], phase=[0]
        ),
    ]
    yield _factorial(
        "hyperbolic", patterns.hyperbolic, orientation=eighths[:4], frequency=[5, 10, 20], phase=[0]
    )
    yield _factorial(
        "curve", patterns.curve, curvature=[2.5, 5, 12], direction=directions, size=[0.05]
    )
    yield _factorial("contour", patterns.contour, curvature=[-8, -3, 3, 8], direction=directions)
    yield _factorial("scallop", patterns.scallop, curvature=[5, 12, 24], direction=directions)
    yield _factorial(
        "wave", patterns.wavy, orientation=quarters, frequency=[2, 5], size=[0.06, 0.16]
    )
    yield _factorial("corner", patterns.corner, angle=[30, 60, 90, 120], direction=directions)
    yield [
        stimulus
        for kind, angles, turns in (
            ("l", (0, 90), directions),
            ("t", (0, 90, -90), directions),
            ("y", (0, 120, -120), _turns(15, 120)),
            ("arrow", (0, 45, -45), directions),
            ("x", (0, 90, 180, 270), _turns(22.5, 90)),
        )
        for stimulus in _factorial(
            "junction", partial(patterns.junction, angles), kind, direction=turns
        )
    ]
    yield _factorial("star", patterns.star, arms=[3, 4, 5, 6, 8, 12], size=[0.5], polarity=both)
    yield [
        *_factorial("color", patterns.uniform, "field", **_color_levels(hues)),
        *_factorial("color", patterns.color_disc, "disc", **_color_levels(hues)),
    ]
    yield _factorial("gray", patterns.gray_field, lightness=[0, 0.25, 0.5, 0.75, 1])
    yield [
        *_factorial("gradient", patterns.ramp, direction=directions),
        *_factorial("gradient", patterns.glow, "glow", polarity=both, size=[0.15, 0.35]),
        *_factorial("gradient", patterns.hue_ramp, "hue", hue=_turns(60), direction=[0, 90]),
        *_factorial(
            "gradient", patterns.hue_circle, "hues", lightness=[0.72], direction=[0, 90, 180, 270]
        ),
    ]
    exponents, samples = [0, 0.5, 1, 1.5, 2], [1, 2, 3]
    yield [
        *_factorial("noise", noises.gray_noise, "gray", exponent=exponents, sample=samples),
        *_factorial("noise", noises.natural_noise, "natural", exponent=exponents, sample=samples),
    ]
    yield _factorial(
        "band", noises.band_noise, orientation=eighths, frequency=[6, 16, 40], sample=[1]
    )
    yield _factorial(
        "gabor", noises.gabor_texture, orientation=eighths, frequency=[8, 16, 32], sample=[1]
    )
    yield _factorial(
        "leaves", noises.dead_leaves, size=[0.015, 0.04, 0.1], saturation=[0, 0.9], sample=samples
    )
    yield [
        stimulus
        for painter in materials.MATERIALS
        for stimulus in _factorial(
            "texture", painter, painter.__name__, size=[0.06, 0.12, 0.25], sample=[1]
        )
    ]
    yield [
        stimulus
        for painter in (*solids.SOLIDS, *living.LIVING)
        for stimulus in _factorial(
            "object", painter, painter.__name__, hue=[30, 140, 260], background=[0, 1]
        )
    ]
    yield [
        stimulus
        for kind in views.VIEWS
        for stimulus in _factorial(
            "scene", partial(views.photograph, kind), kind, sample=range(1, 17)
        )
    ]


def _color_levels(hues: list[float]) -> dict[str, Sequence[float]]:
    return {"hue": hues, "lightness": [0.5, 0.75], "saturation": [0.95]}


def _factorial(
    family: str, painter: Painter, kind: str = "", **levels: Sequence[float]
) -> list[Stimulus]:
    """Every combination of the parameters' levels, the last one changing fastest."""
    stimuli = []
    for values in product(*levels.values()):
        parameters = {key: float(value) for key, value in zip(levels, values, strict=True)}
        labels = [kind] if kind else []
        labels += [_label(*item) for item in parameters.items()]
        stimuli.append(Stimulus(f"{family}/{'-'.join(labels)}", family, parameters, painter))
    return stimuli


_LETTERS = {
    "orientation": "o",
    "direction": "d",
    "frequency": "f",
    "phase": "p",
    "hue": "h",
    "lightness": "l",
    "saturation": "c",
    "size": "s",
    "curvature": "k",
    "angle": "a",
    "arms": "m",
    "polarity": "v",
    "exponent": "e",
    "background": "b",
    "sample": "n",
}
_DEGREES = {"orientation", "direction", "phase", "hue", "angle"}


def _label(parameter: str, value: float) -> str:
    """A parameter in a name: its letter and its value, degrees with three digits."""
    if parameter in _DEGREES:
        return (
            f"{_LETTERS[parameter]}{value:05.1f}"
            if value % 1
            else f"{_LETTERS[parameter]}{value:03.0f}"
        )
    return f"{_LETTERS[parameter]}{value:g}"
