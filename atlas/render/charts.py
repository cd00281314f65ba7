"""The charts of the pages, drawn as SVG when the site is made."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from atlas.probe.stimuli.drawing import oklab
from atlas.render.svg import element, image, line, number, path, text, ticks

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 12, 28
"""Margins around the axes, in the pixels of the drawing."""

NARROW = 320
"""Width of drawings that a phone shows at full size, words and all."""

BINS = 48


@dataclass(frozen=True)
class LogAxis:
    """A logarithmic axis from 10**low to 10**high; what is not positive goes left of it."""

    low: int
    high: int

    @classmethod
    def over(cls, values: ArrayLike) -> "LogAxis":
        """The decades that hold all but the smallest hundredth of the positive values."""
        positive = np.asarray(values, dtype=float)
        positive = positive[positive > 0]
        if not len(positive):
            return cls(-1, 1)
        high = math.ceil(math.log10(positive.max()))
        low = math.floor(math.log10(np.quantile(positive, 0.01)))
        return cls(max(min(low, high - 1), high - 6), high)

    def place(self, value: float) -> float:
        """Where a value lies, 0..1; 0 for all below the axis."""
        if value <= 0:
            return 0.0
        return min(max((math.log10(value) - self.low) / (self.high - self.low), 0.0), 1.0)


def distribution(
    means: ArrayLike,
    marked: Mapping[str, float],
    axis: LogAxis,
    label: str,
    size: tuple[int, int] = (NARROW, 130),
    named: bool = True,
) -> Markup:
    """How many units of a layer have which mean activation, with some of them marked.

    ``marked`` gives what to print at which mean. Units that are never active are counted apart.
    Where it is shown too small for its words, the page has to name the axis (not ``named``).
    """
    values = np.asarray(means, dtype=float)
    width, height = size
    left, right, base = 46, width - 8, height - (30 if named else 5)
    span = right - left
    places = np.array([axis.place(value) for value in values[values > 0]])
    counts, _ = np.histogram(places, bins=BINS, range=(0, 1))
    silent = int((values <= 0).sum())
    tallest = max(int(counts.max()), silent, 1)
    rise = (base - 26) / tallest
    step = span / BINS
    bars = [
        f"M{left + i * step + 0.5:.1f} {base}v{-tall:.1f}h{step - 1:.1f}v{tall:.1f}z"
        for i, tall in enumerate(counts * rise)
        if tall
    ]
    parts = [element("path", d="".join(bars), class_="bar")] if bars else []
    if silent:
        bar = element(
            "rect", x=8, y=base - silent * rise, width=14, height=silent * rise, class_="bar mute"
        )
        parts.append(bar)
        if named:
            top = base - silent * rise - 4
            parts.append(text(15, top, silent, "label", text_anchor="middle"))
    parts.append(line(left, base, right, base, "axis"))
    if named:
        parts.append(text(15, base + 16, "≤ 0", "tick", text_anchor="middle"))
    for power in range(axis.low, axis.high + 1):
        x = left + span * (power - axis.low) / (axis.high - axis.low)
        parts.append(line(x, base, x, base + 4, "axis"))
        if named:
            anchor = "end" if power == axis.high else "middle"
            parts.append(text(x, base + 16, number(10.0**power, 1), "tick", text_anchor=anchor))
    for name, value in marked.items():
        x = left + span * axis.place(value)
        parts.append(
            element("path", element("title", name), d=f"M{x:.1f} 16V{base}", class_="mark")
        )
        parts.append(element("circle", cx=round(x, 1), cy=14, r=3, class_="mark-dot"))
    return image(width, height, label, *parts, class_="distribution")


def activation_curve(
    activations: Sequence[float | None], stages: Sequence[tuple[int, int]], sizes: int
) -> Markup:
    """RMS of the unit before every optimizer step; the stages' ends are marked by their size.

    ``sizes`` is how many sizes of the picture the steps are spread over, equally. The last stage
    is marked as the one that is shown.
    """
    values = [value for value in activations if value is not None]
    top = max(values, default=0) or 1.0
    x = Scale(0, max(len(activations) - 1, 1), LEFT, WIDTH - RIGHT)
    y = Scale(0, top, HEIGHT - BOTTOM, TOP + 8)
    parts = [*_horizontal_grid(ticks(0, top), y), _steps(activations, x, y)]
    each = len(activations) / max(sizes, 1)
    last = stages[-1][0] if stages else 0
    skipped = last + 1 - sizes  # sizes below the network's smallest input are not climbed
    for index, (upscale, size) in enumerate(stages, 1):
        end = (max(upscale, skipped) - skipped + 1) * each - 1
        reached = activations[round(end)] if activations else None
        height = y(0 if reached is None else reached)
        anchor = "end" if index == len(stages) else "middle"
        marks = [
            line(x(end), TOP + 8, x(end), HEIGHT - BOTTOM, "end"),
            element("circle", cx=x(end), cy=height, r=4, class_="dot"),
            text(x(end), HEIGHT - 10, f"{size}", "tick", text_anchor=anchor),
        ]
        now = " now" if index == len(stages) else ""
        parts.append(element("g", Markup("").join(marks), class_=f"stage{now}"))
    label = f"Activation over {len(activations)} optimizer steps, up to {number(top)}"
    return image(WIDTH, HEIGHT, label, *parts, class_="growth")


def tuning_line(values: Mapping[float, float], label: str, unit: str, log: bool = False) -> Markup:
    """Mean response along one axis of the stimuli."""
    places = {key: math.log2(key) if log and key > 0 else key for key in values}
    width, height = 230, 140
    x = Scale(min(places.values()), max(places.values()), 40, width - 14)
    low, high = min(0.0, *values.values()), max(0.0, *values.values())
    y = Scale(low, high if high > low else low + 1, height - 28, 12)
    parts = _horizontal_grid(ticks(low, high, 3), y, 40, width - 6)
    points = [(x(places[key]), y(value)) for key, value in values.items()]
    parts.append(path(list(points), "curve"))
    shown = list(values) if len(values) <= 6 else list(values)[::2]
    for key, (px, py) in zip(values, points, strict=True):
        parts.append(
            element(
                "circle",
                element("title", f"{key:g}{unit}: {number(values[key])}"),
                cx=px,
                cy=py,
                r=3,
                class_="dot",
            )
        )
        if key in shown:
            parts.append(text(px, height - 10, f"{key:g}{unit}", "tick", text_anchor="middle"))
    return image(width, height, label, *parts, class_="tuning")


def tuning_hue(values: Mapping[float, float], label: str) -> Markup:
    """Mean response to each hue, as the length of a spoke in that color."""
    size, inner = 180, 22
    center = size / 2
    top = max(*values.values(), 0.0) or 1.0
    reach = center - inner - 20
    parts = [
        element("circle", cx=center, cy=center, r=inner + reach, class_="ring"),
        element("circle", cx=center, cy=center, r=inner, class_="ring"),
    ]
    half = math.pi / max(len(values), 1) * 0.82
    for hue, value in values.items():
        angle = math.radians(hue)
        radius = inner + reach * max(value, 0.0) / top
        corners = [
            (center + r * math.cos(a), center - r * math.sin(a))
            for r, a in (
                (inner, angle - half),
                (radius, angle - half),
                (radius, angle + half),
                (inner, angle + half),
            )
        ]
        d = "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in corners) + "z"
        title = element("title", f"hue {hue:g}°: {number(value)}")
        parts.append(element("path", title, d=d, fill=oklab_hex(0.7, 0.12, hue), class_="spoke"))
    return image(size, size, label, *parts, class_="tuning")


def tuning_families(values: Mapping[str, float], label: str) -> Markup:
    """Mean response to each family of stimuli, strongest first."""
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    row, left, width = 17, 88, NARROW
    height = row * len(ordered) + 8
    low, high = min(0.0, *values.values()), max(0.0, *values.values())
    x = Scale(low, high if high > low else low + 1, left, width - 62)
    names, bars, numbers = [], [], []
    for index, (family, value) in enumerate(ordered):
        middle = 4 + row * index + row / 2
        start, end = sorted((x(0), x(value)))
        names.append(text(left - 8, middle + 4, family))
        bars.append(f"M{start:.1f} {middle - 5}H{max(end, start + 0.5):.1f}v10H{start:.1f}z")
        numbers.append(text(max(end, x(0)) + 6, middle + 4, number(value)))
    parts = [
        element("g", Markup("").join(names), class_="ticks", text_anchor="end"),
        element("path", d="".join(bars), class_="bar"),
        element("g", Markup("").join(numbers), class_="labels"),
    ]
    return image(width, height, label, *parts, class_="tuning families")


def receptive_field(side: int | None, whole: int) -> Markup:
    """The receptive field's square against the probe image's, to scale."""
    size = side or whole
    largest = max(size, whole)
    scale = 96 / largest
    drawing = 104
    outer, inner = whole * scale, size * scale
    parts = [
        element(
            "rect",
            x=(drawing - outer) / 2,
            y=(drawing - outer) / 2,
            width=outer,
            height=outer,
            class_="image-area",
        ),
        element(
            "rect",
            x=(drawing - inner) / 2,
            y=(drawing - inner) / 2,
            width=inner,
            height=inner,
            class_="field",
        ),
    ]
    what = f"{side} by {side} pixels" if side else "the whole image"
    return image(
        drawing, drawing, f"Receptive field: {what}, of {whole} by {whole}", *parts, class_="sketch"
    )


def oklab_hex(lightness: float, chroma: float, hue: float) -> str:
    """An Oklab color (Ottosson 2020) as ``#rrggbb``, clipped to what a screen shows."""
    angle = math.radians(hue)
    color = oklab(lightness, chroma * math.cos(angle), chroma * math.sin(angle))
    return "#" + np.rint(255 * color).astype(np.uint8).tobytes().hex()


class Scale:
    """A linear scale: called with a value, gives its place in a drawing."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.start = low, start
        self.slope = (end - start) / (high - low) if high != low else 0.0

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        return self.start + (value - self.low) * self.slope


def _steps(values: Sequence[float | None], x: Scale, y: Scale) -> Markup:
    """A line with a point at every step, broken where there is no value.

    Drawn in units of one step and half a pixel, so that each point takes but a few characters.
    """
    commands, before = [], None
    for step, value in enumerate(values):
        if value is None:
            before = None
            continue
        now = round(2 * y(value))
        commands.append(f"M{step} {now}l0 0" if before is None else f"l1 {now - before}")
        before = now
    return element(
        "path",
        d="".join(commands),
        class_="curve",
        transform=f"translate({x(0):g} 0) scale({x.slope:.5g} .5)",
        vector_effect="non-scaling-stroke",
    )


def _horizontal_grid(
    marks: Sequence[float], y: Scale, left: float = LEFT, right: float = WIDTH - RIGHT
) -> list[Markup]:
    parts = []
    for mark in marks:
        parts.append(line(left, y(mark), right, y(mark), "grid"))
        parts.append(text(left - 6, y(mark) + 4, number(mark, 2), "tick", text_anchor="end"))
    return parts
