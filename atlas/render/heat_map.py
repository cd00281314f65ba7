"""A table of numbers as a heat map: layers of one network against those of another."""

import math
from collections.abc import Collection, Mapping, Sequence

from markupsafe import Markup
from numpy.typing import NDArray

from atlas.render.svg import element, image, number, text

WIDE, HIGH = 40, 26
"""Of a cell, which holds a number of two decimals."""

LETTER, LONGEST = 7.6, 22
"""Width of a letter, and how many of them a name has room for."""

DEEPEST = 0.5
"""Opacity of the color for a value of 1: a number on it is still read, in the dark too."""


def heat_map(
    values: NDArray,
    rows: Sequence[str],
    columns: Sequence[str],
    label: str,
    *,
    links: Mapping[tuple[int, int], str],
    outlined: Collection[tuple[int, int]],
) -> Markup:
    """Draw a value in 0..1 for each pair of a row and a column.

    Args:
        values: one for each; en dashes stand where there is no number.
        rows, columns: their names, of which the beginning is printed.
        label: what it shows.
        links: pages of cells that have one, by row and column.
        outlined: cells to be seen at once.
    """
    left = 10 + LETTER * max(len(_short(name)) for name in rows)
    top = 12 + 0.75 * LETTER * max(len(_short(name)) for name in columns)
    parts = [
        text(left - 8, top + HIGH * (row + 0.5) + 4, _short(name), "tick", text_anchor="end")
        for row, name in enumerate(rows)
    ]
    for column, name in enumerate(columns):
        x, y = round(left + WIDE * (column + 0.5), 1), round(top - 6, 1)
        parts.append(text(x, y, _short(name), "tick", transform=f"rotate(-45 {x} {y})"))
    for row, name in enumerate(rows):
        for column, other in enumerate(columns):
            value, at = float(values[row, column]), (row, column)
            title = f"{name} and {other}: {number(value, 3)}"
            cell = _cell(left + WIDE * column, top + HIGH * row, value, title, at in outlined)
            link = links.get(at)
            parts.append(element("a", cell, href=link) if link else cell)
    # The last name leans over the right edge.
    width = left + WIDE * len(columns) + 0.75 * LETTER * len(_short(columns[-1])) + 4
    return image(width, top + HIGH * len(rows) + 4, label, *parts, class_="heat", role="group")


def _cell(x: float, y: float, value: float, title: str, outlined: bool) -> Markup:
    strength = 0.0 if math.isnan(value) else min(max(value, 0.0), 1.0)
    said = "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−")
    box = element(
        "rect",
        x=x + 1.5,
        y=y + 1.5,
        width=WIDE - 3,
        height=HIGH - 3,
        # Squared: among layers that are alike at all it is the upper half that tells them apart.
        fill_opacity=round(DEEPEST * strength**2, 3),
        class_="cell best" if outlined else "cell",
    )
    words = text(
        round(x + WIDE / 2, 1),
        round(y + HIGH / 2 + 4, 1),
        said,
        text_anchor="middle",
    )
    return element("g", Markup("").join([element("title", title), box, words]))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
