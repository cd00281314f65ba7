"""Charts along depth: one value a layer and series, with its interval."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from atlas.examine.intervals import Range
from atlas.render.charts import LEFT, Scale
from atlas.render.svg import element, image, line, number, path, text, ticks

WIDTH, PLOT = 560, 168
"""Of the drawing; height of the plot."""

MARKERS = 8
"""How many series have a shape and color of their own; then they come again."""

LETTER, LEGEND_ROW = 6.4, 18
"""Width of a letter and height of a row in the legend."""

SMALL, LINE, TILTED = 6.0, 13, 4.6
"""Width of a letter and height of a line in the margin; height of a letter of a tilted name."""


@dataclass(frozen=True)
class Series:
    """The values of one recipe, or of a reference, over the layers; ``kind`` picks its marker."""

    name: str
    values: list[Range]
    kind: int = 0


@dataclass(frozen=True)
class Backdrop:
    """What values are held against: lines and a band, each with its words.

    ``columns`` are places that are marked, by what the legend says of them.
    """

    lines: dict[str, float] = field(default_factory=dict)
    band: tuple[str, float, float] | None = None
    columns: dict[str, list[int]] = field(default_factory=dict)


REFERENCE, LESSER_REFERENCE = -1, -2
"""The kinds of series that are no recipe."""


def along_depth(
    names: Sequence[str],
    series: Sequence[Series],
    label: str,
    *,
    log: bool = False,
    zero: bool = True,
    backdrop: Backdrop | None = None,
) -> Markup:
    """One value a layer in depth order for every series, each with its interval.

    Series stand beside each other within a layer; several are told apart by shape and color.
    Empty when there is no value at all.
    """
    behind = backdrop or Backdrop()
    known = _known(series, log)
    if not known:
        return Markup("")
    known += [*behind.lines.values(), *(behind.band[1:] if behind.band else ())]
    named = series if len(series) > 1 else []
    legend, rise = _legend(named, list(behind.columns)) if named or behind.columns else ([], 0)
    top, base = 14 + rise, PLOT + 14 + rise
    low, high, marks = _log_axis(known) if log else _axis(known, zero)
    scale = Scale(low, high, base, top)

    def y(value: float) -> float:
        if log:
            return scale(max(math.log10(value), low)) if value > 0 else scale(low)
        return scale(value)

    right = WIDTH - _margin(behind)
    x = Scale(-0.5, len(names) - 0.5, LEFT, right)
    parts = list(legend)
    for words, chosen in behind.columns.items():
        parts += [_column(words, x(place), x.slope, top, base) for place in chosen]
    words_at = {words: y(value) for words, value in behind.lines.items()}
    if behind.band:
        words, lower, upper = behind.band
        band = element("rect", element("title", words), x=LEFT, y=y(upper), width=right - LEFT,
                       height=max(y(lower) - y(upper), 1.0), class_="band")  # fmt: skip
        parts.append(band)
        words_at[words] = y(upper)
    for mark in marks:
        parts.append(line(LEFT, scale(mark), right, scale(mark), "grid"))
        shown = number(10**mark if log else mark, 2)
        parts.append(text(LEFT - 6, scale(mark) + 4, shown, "tick", text_anchor="end"))
    parts += [line(LEFT, y(value), right, y(value), "level") for value in behind.lines.values()]
    tilted = Markup("").join(_name(name, x(index), base) for index, name in enumerate(names))
    parts.append(element("g", tilted, class_="ticks", text_anchor="end"))
    step = min(10.0, x.slope * 0.7 / max(len(series), 1))
    for place, each in enumerate(series):
        aside = step * (place - (len(series) - 1) / 2)
        places = [x(index) + aside for index in range(len(names))]
        parts.append(_drawn(each, names, places, y))
    parts += _beside(words_at, right + 6)
    foot = 22 + TILTED * max(map(len, names))
    return image(WIDTH, base + foot, label, *parts, class_="depth")


def _margin(behind: Backdrop) -> float:
    """Width of the room right of the plot, for the words of what is behind it."""
    words = [*behind.lines, *(behind.band[:1] if behind.band else ())]
    return 12 + SMALL * max(map(len, words)) if words else 4


def _column(words: str, x: float, width: float, top: float, base: float) -> Markup:
    """A place that is marked over the whole height."""
    title = element("title", words)
    return element("rect", title, x=x - width / 2, y=top - 4.0, width=width, height=base - top + 4,
                   class_="column")  # fmt: skip


def _beside(words_at: Mapping[str, float], x: float) -> list[Markup]:
    """Words right of the plot, at heights apart enough to be read."""
    parts, above = [], -math.inf
    for words, at in sorted(words_at.items(), key=lambda item: item[1]):
        above = max(at + 4, above + LINE)
        parts.append(text(x, above, words, "tick"))
    return parts


def marker(kind: int, x: float, y: float, title: str = "") -> Markup:
    """The sign of a kind of series at a place; its color is that of the series' class."""
    said = element("title", title) if title else ""
    if kind >= 0 and kind % MARKERS == 0:
        return element("circle", said, cx=round(x, 1), cy=round(y, 1), r=4)
    shape = REFERENCE_SHAPES[kind] if kind < 0 else SHAPES[kind % MARKERS - 1]
    return element("path", said, d=f"M{x:.1f} {y:.1f}{shape}")


REFERENCE_SHAPES = {REFERENCE: "m-4 0h8", LESSER_REFERENCE: "m-2 0h4"}

SHAPES = (
    "m-3.6-3.6h7.2v7.2h-7.2z",
    "m0-5l4.7 8.4h-9.4z",
    "m0-5.2l5.2 5.2l-5.2 5.2l-5.2-5.2z",
    "m0 5l4.7-8.4h-9.4z",
    "m-1.5-5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z",
    "m-2-5h4l3 5l-3 5h-4l-3-5z",
    "m-5-2h10v4h-10z",
)
"""After the circle: square, triangle, diamond, triangle downwards, cross, hexagon, bar."""


def _class(series: Series) -> str:
    if series.kind < 0:
        return "reference" if series.kind == REFERENCE else "reference lesser"
    return f"series{series.kind % MARKERS + 1}"


def _drawn(
    series: Series, names: Sequence[str], places: Sequence[float], y: Callable[[float], float]
) -> Markup:
    """The line, the intervals and the markers of one series."""
    points = [
        None if value.middle is None else (x, y(value.middle))
        for x, value in zip(places, series.values, strict=True)
    ]
    markers, ranges = [], []
    for name, point, value in zip(names, points, series.values, strict=True):
        if point is None:
            continue
        title = f"{name}: {number(value.middle)}"
        if value.low is not None and value.high is not None:
            ranges.append(f"M{point[0]:.1f} {y(value.low):.1f}V{y(value.high):.1f}")
            title += f" ({number(value.low)} to {number(value.high)})"
        markers.append(marker(series.kind, *point, title))
    parts = [path(points, "curve faint")]
    if ranges:
        parts.append(element("path", d="".join(ranges), class_="range"))
    parts.append(element("g", Markup("").join(markers), class_="dot"))
    return element("g", Markup("").join(parts), class_=_class(series))


def _legend(series: Sequence[Series], columns: Sequence[str]) -> tuple[list[Markup], float]:
    """The names of the series and of what is marked above the plot, and the height they take."""
    parts: list[Markup] = []
    left, row = float(LEFT), 0
    for each in [*series, *columns]:
        name = each if isinstance(each, str) else each.name
        long = 16 + LETTER * len(name) + 18
        if left > LEFT and left + long > WIDTH:
            left, row = float(LEFT), row + 1
        middle = 10 + LEGEND_ROW * row
        if isinstance(each, str):
            sign = element("rect", x=left, y=middle - 6, width=12, height=12, class_="column")
            parts.append(sign)
        else:
            sign = element("g", marker(each.kind, left + 6, middle), class_="dot")
            parts.append(element("g", sign, class_=_class(each)))
        parts.append(text(left + 16, middle + 4, name, "label"))
        left += long
    return parts, LEGEND_ROW * (row + 1) + 4.0


def _name(name: str, x: float, base: float) -> Markup:
    """A layer's name below its place, tilted."""
    left, top = round(x + 4, 1), base + 14
    turn = f"rotate(-45 {left} {top})"
    return text(left, top, name, transform=turn)


def _known(series: Sequence[Series], log: bool) -> list[float]:
    values = [v for each in series for r in each.values for v in (r.low, r.middle, r.high)]
    return [value for value in values if value is not None and (value > 0 or not log)]


def _axis(known: Sequence[float], zero: bool) -> tuple[float, float, list[float]]:
    low, high = min(known), max(known)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    high = high if high > low else low + 1
    return low, high, ticks(low, high)


def _log_axis(known: Sequence[float]) -> tuple[float, float, list[float]]:
    # The extremes of a gain can be anything: the axis holds at most four decades.
    high = math.ceil(math.log10(max(known)) * 2) / 2
    low = max(math.floor(math.log10(min(known)) * 2) / 2, high - 4)
    high = max(high, low + 0.5)
    steps = (1, 2, 5) if high - low < 2 else (1,)
    powers = range(math.floor(low), math.ceil(high) + 1)
    marks = [power + math.log10(step) for power in powers for step in steps]
    return low, high, [mark for mark in marks if low <= mark <= high]
