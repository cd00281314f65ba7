"""Small pieces of SVG for charts and drawings; colors and type come from the stylesheet."""

import math
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from markupsafe import Markup, escape


def element(name: str, content: Any = "", **attributes: Any) -> Markup:
    """One element; ``class_`` is the class, other underscores become hyphens, None is left out."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = escape(content)
    return Markup(f"<{name}{pairs}>{inner}</{name}>" if inner else f"<{name}{pairs}/>")


def image(
    width: float,
    height: float,
    label: str | None,
    *parts: Markup,
    class_: str = "",
    role: str = "img",
) -> Markup:
    """A whole drawing that scales with its container.

    ``label`` says what it shows; without it screen readers pass the drawing over.
    """
    hidden = label is None
    return element(
        "svg",
        Markup("").join(parts),
        class_=f"chart {class_}".strip(),
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role=None if hidden else role,
        aria_label=label,
        aria_hidden="true" if hidden else None,
    )


def text(x: float, y: float, content: Any, class_: str | None = None, **more: Any) -> Markup:
    """A line of text at its baseline."""
    return element("text", str(content), x=x, y=y, class_=class_, **more)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("path", d=f"M{_text(x1)} {_text(y1)}L{_text(x2)} {_text(y2)}", class_=class_)


def path(points: Sequence[tuple[float, float] | None], class_: str) -> Markup:
    """A line through points, broken where one is None."""
    parts, command = [], "M"
    for point in points:
        if point is None:
            command = "M"
            continue
        parts.append(f"{command}{_text(point[0])} {_text(point[1])}")
        command = "L"
    return element("path", d="".join(parts), class_=class_)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers from ``low`` to ``high``, about ``count`` of them."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction as percent; an en dash where there is none."""
    return "–" if value is None else f"{100 * value:.{digits}f} %"


def number(value: float | None, digits: int = 3) -> str:
    """A number for reading, with ``digits`` significant digits; an en dash for no number."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -4 <= magnitude < 6:
        mantissa = value / 10.0**magnitude
        return f"{mantissa:.{max(digits - 2, 0)}f}×10{_superscript(magnitude)}".replace("-", "−")
    decimals = max(digits - 1 - magnitude, 0)
    return f"{value:,.{decimals}f}".replace(",", "\u202f").replace("-", "−")


def aligned(values: Iterable[float]) -> Callable[[float], str]:
    """How to write the numbers of a column, with their points below each other.

    The median has three significant digits; what would be 0 with so few is written in full.
    """
    positive = [abs(value) for value in values if value]
    middle = median(positive) if positive else 1.0
    decimals = min(max(2 - math.floor(math.log10(middle)), 0), 9)

    def write(value: float) -> str:
        text = f"{value:.{decimals}f}"
        return f"{value:.2g}" if value and not float(text) else text

    return write


def _superscript(value: int) -> str:
    return str(value).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _text(value: Any) -> str:
    # Two decimals are a hundredth of a pixel.
    if not isinstance(value, float):
        return str(value)
    short = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short
