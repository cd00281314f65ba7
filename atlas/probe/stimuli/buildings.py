"""Random views of what people build: rooms, the fronts of buildings and devices, streets."""

from collections.abc import Iterator

import numpy as np

from . import drawing as d
from .drawing import SIZE, Field, X, Y
from .land import sky, slanted
from .surfaces import Source, colored, smooth_surface, surface
from .things import lay


def room(source: Source) -> Field:
    """The planes of a room in perspective, with furniture of boxes."""
    x, y = source.uniform(-0.3, 0.3, 2)
    width, height = source.uniform(0.1, 0.35, 2)
    across, up = (X - x) / width, (Y - y) / height
    depth = 1 / np.maximum(np.maximum(np.abs(across), np.abs(up)), 1)
    beside = np.abs(across) > np.abs(up)
    image = surface(source)
    for sign in (-1, 1):
        for wall, along, inside in ((across, Y - y, beside), (up, X - x, ~beside)):
            rows = ((0.5 + along * depth) % 1 * (SIZE - 1)).astype(int)
            columns = (2 * depth % 1 * (SIZE - 1)).astype(int)
            paint = smooth_surface(source) if source.random() < 0.6 else surface(source)
            shown = inside & (sign * wall > 1)
            image[shown] = (source.uniform(0.7, 1.15) * paint[rows, columns])[shown]
    for _ in range(source.integers(2, 9)):
        _furniture(image, source)
    return image


def _furniture(image: Field, source: Source) -> None:
    """A box with a lit top and drawers, in place."""
    x, y = source.uniform(-0.5, 0.5), source.uniform(-0.5, 0.2)
    width, height = source.uniform(0.03, 0.25, 2).tolist()
    paint = source.uniform(0.6, 1.2) * smooth_surface(source)
    lay(image, d.box(x, y, width, height, source.choice([0, 0.02])), paint, 0.05)
    if source.random() < 0.6:
        d.fill(image, d.box(x, y + 0.9 * height, width, 0.12 * height), 1.3 * paint)
    for _ in range(source.integers(0, 5)):
        u, v = x + width * source.uniform(-0.7, 0.7), y + height * source.uniform(-0.7, 0.7)
        drawer = d.box(u, v, 0.2 * width, source.uniform(0.05, 0.3) * height)
        d.fill(image, drawer, source.uniform(0.2, 1.6) * paint)


def front(source: Source) -> Field:
    """The front of a building or a device: panels in rows, knobs, slats and lines of marks."""
    paints = [*(smooth_surface(source) for _ in range(4)), surface(source)]
    image = paints[0].copy()
    u, v = d.rotated(source.normal(0, 3))
    slant = 1 + source.normal(0, 0.25) * u + source.normal(0, 0.25) * v
    u, v = u / slant, v / slant
    margin, gap = source.uniform(0, 0.25), source.uniform(0, 0.012)
    whole = (margin - 0.5, margin - 0.5, 0.5 - margin, 0.5 - margin * source.random())
    for left, low, right, high in _panels(source, whole, int(source.integers(3, 7))):
        if source.random() < 0.15:
            continue
        x, y = u - (left + right) / 2, v - (low + high) / 2
        inside = np.maximum(np.abs(x) - (right - left) / 2, np.abs(y) - (high - low) / 2) + gap
        rows, columns = (np.flatnonzero((inside < 0.03).any(axis)) for axis in (1, 0))
        if not len(rows):
            continue
        window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        part, paint = image[window], paints[source.integers(5)][window]
        lay(part, inside[window], source.uniform(0.5, 1.3) * paint, 0.005)
        size = min(right - left, high - low)
        _fitting(part, source, x[window], y[window], inside[window], size)
    return image


Panel = tuple[float, float, float, float]


def _panels(source: Source, panel: Panel, depth: int) -> Iterator[Panel]:
    """Cut a panel (left, low, right, high) into rows and columns, and these again."""
    left, low, right, high = panel
    width, height = right - left, high - low
    if depth == 0 or min(width, height) < 0.04 or (depth < 4 and source.random() < 0.2):
        yield panel
        return
    parts = source.choice([2, 2, 2, 3, 4, 6])
    cuts = np.linspace(0, 1, parts + 1)
    if parts == 2:
        cuts[1] = source.uniform(0.2, 0.8)
    upright = source.random() < width / (width + height)
    for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        if upright:
            part = left + a * width, low, left + b * width, high
        else:
            part = left, low + a * height, right, low + b * height
        yield from _panels(source, part, depth - 1)


def _fitting(image: Field, source: Source, x: Field, y: Field, inside: Field, size: float) -> None:
    """What a panel bears, in place: a knob, lines of marks, slats or nothing."""
    kind, tone = source.random(), source.choice([0.03, 0.1, 0.9, 0.97])
    ink = d.gray(tone)
    if kind < 0.2:
        for radius, paint in ((0.35, ink), (0.27, 1 - ink), (0.15, ink)):
            d.fill(image, np.hypot(x, y) - radius * size, paint)
    elif kind < 0.4:
        row = 0.01 + source.uniform(0.1, 0.3) * size
        table = source.random((64, 256)) < 0.55
        marks = table[np.floor(y / row).astype(int) % 64, np.floor(x / row / 0.22).astype(int)]
        printed = marks & (y / row % 1 < 0.6) & (inside < -0.15 * size)
        image += 0.9 * printed[..., None] * (ink - image)
    elif kind < 0.55:
        along = y if source.random() < 0.5 else x
        cycles = along / size * source.integers(3, 12)
        d.fill(image, np.maximum(0.1 * d.wave(cycles), inside + 2 / SIZE), ink)


def street(source: Source) -> Field:
    """A row of houses under the sky, with poles and cars."""
    image = sky(source)
    base, left = source.uniform(-0.35, -0.1), -0.5
    while left < 0.5:
        right = left + source.uniform(0.1, 0.5)
        _house(image, source, left, base, right, source.uniform(0, 0.5))
        left = right
    d.fill(image, Y - base, slanted(surface(source), base + 0.08, 0.3))
    for _ in range(source.integers(0, 5)):
        x, top = source.uniform(-0.5, 0.5), source.uniform(0.1, 0.6)
        pole = d.segment((x, base - 0.1), (x, top), source.uniform(0.005, 0.02))
        d.fill(image, pole, d.gray(source.choice([0.1, 0.4, 0.8])))
    for _ in range(source.integers(0, 3)):
        x, y = source.uniform(-0.4, 0.4), base - source.uniform(0, 0.15)
        _car(image, source, x, y, source.uniform(0.1, 0.3))
    return image


def _house(
    image: Field, source: Source, left: float, low: float, right: float, high: float
) -> None:
    """A wall with rows of windows, in place."""
    wall = d.box((left + right) / 2, (low + high) / 2, (right - left) / 2, (high - low) / 2)
    paint = front(source) if source.random() < 0.5 else surface(source)
    lay(image, wall, source.uniform(0.7, 1.1) * paint, 0.01)
    columns, rows = source.integers(1, 6, 2)
    width, height = (right - left) / columns, (high - low) / rows
    across, up = (X - left) / width % 1 - 0.5, (Y - low) / height % 1 - 0.5
    pane = np.maximum(
        (np.abs(across) - source.uniform(0.2, 0.35)) * width,
        (np.abs(up) - source.uniform(0.2, 0.4)) * height,
    )
    d.fill(image, d.intersection(pane, wall + 0.01), d.gray(source.choice([0.08, 0.2, 0.8])))


def _car(image: Field, source: Source, x: float, y: float, size: float) -> None:
    """A car from its side, its front wheels at a height y, in place."""
    paint = colored(source, source.uniform(0.2, 0.9) + 0.2 * (Y - y) / size)
    for spread, roof, body in ((1.0, 0.57, paint), (0.8, 0.54, d.gray(0.15))):
        corners = ((-0.5, 0.3), (-0.32, roof), (0.32, roof), (0.55, 0.3))
        cabin = d.polygon(*((x + spread * u * size, y + v * size) for u, v in corners))
        d.fill(image, cabin, body)
    lay(image, d.box(x, y + 0.13 * size, size, 0.2 * size, 0.08 * size), paint, 0.03)
    for side in (-0.6, 0.6):
        for radius, level in ((0.2, 0.05), (0.1, 0.6)):
            d.fill(image, d.disc(x + side * size, y - 0.07 * size, radius * size), d.gray(level))
