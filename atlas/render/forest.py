"""A forest plot: differences between two recipes, a row a layer, and all of them pooled."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from atlas.render.charts import Scale
from atlas.render.headlined import inception_blocks
from atlas.render.pairs import Comparison, Difference
from atlas.render.svg import element, image, line, number, text, ticks

WIDTH, NAMES, FIGURES = 320, 74, 120
"""Of the drawing, which a phone shows at full size; of the names left and the figures right."""

ROW, HEAD, FOOT = 19, 24, 24
LONGEST = 11
"""Letters of a name that there is room for."""

LOG_STEPS = ((1,), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, *range(3, 10)))
"""Marks within a decade, coarse to fine."""

MARKS = 4
"""On the axis, at most."""


class Row(NamedTuple):
    """A layer's difference, or that of several pooled."""

    name: str
    difference: Difference
    pooled: bool = False


def forest(comparison: Comparison, key: str) -> Markup:
    """One measure of a comparison; what lies right of the line is the recipe ahead.

    Empty where there is nothing to draw.
    """
    rows = [
        Row(layer.short, one)
        for layer, one in zip(comparison.layers, comparison.by_layer[key], strict=True)
    ]
    if len(rows) > 1:
        blocks = inception_blocks(comparison.layers)
        if blocks and blocks != comparison.layers:
            rows.append(Row("Inception", comparison.headline[key], pooled=True))
        rows.append(Row("All layers", comparison.over_all[key], pooled=True))
    known = [
        value
        for row in rows
        for value in (row.difference.range.low, row.difference.range.middle,
                      row.difference.range.high)
        if value is not None
    ]  # fmt: skip
    if not known:
        return Markup("")
    measure = rows[0].difference.measure
    place, marks = _axis([*known, rows[0].difference.nothing], measure.log)
    base = HEAD + ROW * len(rows) + 3
    middle = place(rows[0].difference.nothing)
    parts = [
        text(NAMES, 11, f"◂ {_short(comparison.baseline)}", "tick"),
        text(WIDTH - FIGURES, 11, f"{_short(comparison.recipe)} ▸", "tick", text_anchor="end"),
        line(NAMES, base, WIDTH - FIGURES, base, "axis"),
    ]
    for mark in marks:
        parts.append(line(place(mark), HEAD - 6, place(mark), base, "grid"))
        parts.append(_mark(place(mark), base + 14, mark, measure.log))
    parts.append(line(middle, HEAD - 6, middle, base, "nothing"))
    parts += [_row(row, HEAD + ROW * (index + 0.5), place) for index, row in enumerate(rows)]
    label = f"{measure.title}: {comparison.recipe} against {comparison.baseline}, by layer"
    return image(WIDTH, base + FOOT, label, *parts, class_="forest")


def _row(row: Row, y: float, place: Callable[[float], float]) -> Markup:
    """Name, interval, point and figures of one row."""
    one, r = row.difference, row.difference.range
    parts = [
        element("title", f"{row.name}: {one.written()}, {one.pairs} units"),
        text(NAMES - 8, y + 4, _short(row.name), "label", text_anchor="end"),
        text(WIDTH, y + 4, _written(one), "label", text_anchor="end"),
    ]
    if r.low is not None and r.high is not None:
        parts.append(line(place(r.low), y, place(r.high), y, "range"))
    if r.middle is not None:
        shape = "m-6 0l6-5l6 5l-6 5z" if row.pooled else "m-3.5-3.5h7v7h-7z"
        parts.append(element("path", d=f"M{place(r.middle):.1f} {y:.1f}{shape}", class_="dot"))
    kind = one.verdict or "tie"
    return element("g", Markup("").join(parts), class_=f"{kind} pooled" if row.pooled else kind)


def _written(one: Difference) -> str:
    """The figures of a row; of a ratio they are short, as there is little room."""
    r = one.range
    if not one.measure.log or r.middle is None:
        return one.written()
    bounds = "" if r.low is None or r.high is None else f" [{_ratio(r.low)}, {_ratio(r.high)}]"
    return f"×{_ratio(r.middle)}{bounds}"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= value < 10 else number(value, 2)


def _mark(x: float, y: float, mark: float, log: bool) -> Markup:
    """A number below the axis."""
    shown = f"×{mark:g}" if log else f"{'+' if mark > 0 else ''}{mark:g}".replace("-", "−")
    return text(round(x, 1), y, shown, "tick", text_anchor="middle")


def _axis(known: Sequence[float], log: bool) -> tuple[Callable[[float], float], list[float]]:
    """Where values lie, and which are marked."""
    left, right = NAMES + 8, WIDTH - FIGURES - 8
    if not log:
        low, high = min(known), max(known)
        return Scale(low, high if high > low else low + 1, left, right), ticks(low, high, 3)
    low, high = math.log10(min(known)), math.log10(max(known))
    scale = Scale(low, high if high > low else low + 1, left, right)
    marks: list[float] = []
    for steps in LOG_STEPS:
        finer = [
            step * 10.0**power
            for power in range(math.floor(low), math.ceil(high) + 1)
            for step in steps
            if low <= math.log10(step * 10.0**power) <= high
        ]
        if marks and len(finer) > MARKS:
            break
        marks = finer
    return lambda value: scale(math.log10(value)), marks[:: math.ceil(len(marks) / MARKS)]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
