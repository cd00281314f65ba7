"""Distributions of several layers laid over each other on one axis."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from atlas.render.charts import LogAxis
from atlas.render.depth_chart import MARKERS, SHAPES
from atlas.render.svg import element, image, line, number, text

WIDTH, HEIGHT = 560, 190
LEFT, RIGHT, TOP, BASE = 10, 550, 14, 164

BINS = 40

WEIGHTS = np.array([1, 4, 6, 4, 1]) / 16
"""By which neighboring bins are smoothed."""

CIRCLE = "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"
SIGNS = (CIRCLE, *SHAPES)
"""The signs that lines are told apart by, from their middles."""


def overlay(means: Mapping[str, Sequence[float]], axis: LogAxis, label: str) -> Markup:
    """How many of the units of each layer have which mean activation, as a line each.

    Each line is a group that is found by the layer's name in ``data-block`` and carries a sign at
    its peak. Units that answer to nothing are left out: the table beside it counts them.
    """
    shares = {name: _shares(values, axis) for name, values in means.items()}
    tallest = max((float(each.max()) for each in shares.values()), default=1.0) or 1.0
    span, rise = RIGHT - LEFT, BASE - TOP
    parts = [line(LEFT, BASE, RIGHT, BASE, "axis")]
    for power in range(axis.low, axis.high + 1):
        x = LEFT + span * (power - axis.low) / (axis.high - axis.low)
        anchor = "start" if power == axis.low else "end" if power == axis.high else "middle"
        parts.append(line(x, BASE, x, BASE + 4, "axis"))
        parts.append(text(x, BASE + 18, number(10.0**power, 1), "tick", text_anchor=anchor))
    for place, (name, share) in enumerate(shares.items()):
        heights = BASE - rise * share / tallest
        xs = LEFT + span * (np.arange(BINS) + 0.5) / BINS
        points = "".join(
            f"{'M' if not bin_ else 'L'}{x:.0f} {y:.1f}"
            for bin_, (x, y) in enumerate(zip(xs, heights, strict=True))
        )
        peak = int(share.argmax())
        kind = place % MARKERS
        at = f"M{xs[peak]:.0f} {heights[peak]:.1f}"
        parts.append(
            element(
                "g",
                element("path", d=points, class_="line")
                + element("path", d=at + SIGNS[kind], data_at=at, class_="sign"),
                class_=f"series{kind + 1}",
                data_block=name,
            )
        )
    return image(WIDTH, HEIGHT, label, *parts, class_="overlay")


def sign(kind: int) -> Markup:
    """The line and the sign of a layer, for the table beside the chart."""
    kind %= MARKERS
    parts = element("path", d="M0 7h30", class_="line") + element(
        "path", d=f"M15 7{SIGNS[kind]}", class_="sign"
    )
    group = element("g", parts, class_=f"series{kind + 1}")
    return image(30, 14, None, group, class_="overlay key-line")


def _shares(values: Sequence[float], axis: LogAxis) -> NDArray[np.float64]:
    """The share of a layer's units in each bin, smoothed."""
    places = [axis.place(value) for value in values if value > 0]
    counts, _ = np.histogram(places, bins=BINS, range=(0, 1))
    return np.convolve(counts / max(len(values), 1), WEIGHTS, mode="same")
