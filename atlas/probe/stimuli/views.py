"""Random views with the statistics of photographs: things that lie over each other in the light.

Dead leaves (Lee, Mumford & Huang 2001) whose leaves have shapes, textures, relief and shadows, as
in the noise that networks learn to see from (Baradad et al. 2021); rooms, fronts, land, animals.
Every view is a 224x224x3 sRGB image, drawn from a random source alone.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from . import drawing as d
from .drawing import SIZE, Field, X, Y
from .surfaces import Source, colored, hair, rough, smooth_surface, surface
from .things import blob, lay, pod, scatter, slab, twig


def photograph(kind: str, sample: float) -> Field:
    """The view of this kind with this number, as a camera takes it."""
    source = d.generator("scene", kind, sample)
    image = VIEWS[kind](source)
    image = blurred(image, source.choice([0, 0.5, 0.8]))
    image += source.uniform(0, 0.015) * source.standard_normal(image.shape, np.float32)
    exposure = source.uniform(0.3, 0.6) / max(image.mean(), 0.05)
    return np.clip(image * np.clip(exposure, 0.5, 2), 0, 1)


def blurred(image: Field, deviation: float) -> Field:
    """An image out of focus, by a Gaussian with this deviation in pixels."""
    if deviation == 0:
        return image
    reach = math.ceil(3 * deviation)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1, dtype=np.float32) / deviation) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        margins = [(0, 0)] * 3
        margins[axis] = (reach, reach)
        padded = np.pad(image, margins, "symmetric")
        image = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis) @ kernel
    return image


def collage(source: Source) -> Field:
    """Things of all sizes over each other."""
    paints = [surface(source) for _ in range(5)]
    image = surface(source)
    count = int(2 ** source.uniform(2.5, 5.5))
    radii = source.uniform(0.6, 1.6) * (0.02 + 0.3 * source.random(count) ** 2)
    for radius in np.sort(radii)[::-1].tolist():
        shape = (blob, blob, pod, twig, slab)[source.integers(5)]
        paint = paints[source.integers(5)]
        x, y = source.uniform(-0.6, 0.6, 2)
        scatter(image, source, shape, x, y, radius, paint)
    return image


def litter(source: Source) -> Field:
    """Ground under leaves, twigs, stones or chips."""
    paints = [surface(source) for _ in range(4)]
    image = 0.6 * surface(source)
    shapes = [(blob, pod, twig, slab)[i] for i in source.integers(0, 4, 2)]
    size = 2 ** source.uniform(-4.4, -2.9)
    for _ in range(int(2 ** source.uniform(6.5, 8.5))):
        shape, paint = shapes[source.integers(2)], paints[source.integers(4)]
        x, y = source.uniform(-0.55, 0.55, 2)
        scatter(image, source, shape, x, y, size * source.gamma(3, 0.33), paint)
    return image


def foliage(source: Source) -> Field:
    """Leaves, stalks and blossoms before light or shade."""
    image = source.choice([0.3, 1, 1.3]) * blurred(surface(source), source.choice([0, 3]))
    leaves = [_leaf(source) for _ in range(4)]
    blossom, share = surface(source), source.choice([0, 0.12])
    size = 2 ** source.uniform(-4.2, -2.2)
    for _ in range(min(300, int(1.2 / size**1.5))):
        paint = blossom if source.random() < share else leaves[source.integers(4)]
        shape = twig if source.random() < 0.25 else pod
        x, y = source.uniform(-0.6, 0.6, 2)
        scatter(image, source, shape, x, y, size * source.gamma(4, 0.25), paint)
    return image


def _leaf(source: Source) -> Field:
    """A green surface."""
    texture = 0.025 * rough(source) + 0.02 * hair(source)
    light = np.clip(source.uniform(0.25, 0.75) + texture, 0, 1)
    hue, chroma = math.radians(source.normal(125, 14)), source.uniform(0.04, 0.13) * (0.5 + light)
    return d.oklab(light, chroma * math.cos(hue), chroma * math.sin(hue))


def ground(source: Source) -> Field:
    """Rough ground or a meadow, finer with distance; sometimes up to a horizon."""
    texture = rough(source) if source.random() < 0.5 else hair(source, source.normal(90, 15))
    near = colored(source, source.uniform(0.3, 0.7) + source.uniform(0.04, 0.12) * texture)
    horizon = source.uniform(0.1, 0.9)
    image = _slanted(near, horizon, source.uniform(0.15, 0.4))
    border = Y - horizon + 0.05 + 0.02 * d.noise(source, d.band(8))
    return d.blend(image, smooth_surface(source), d.smoothstep(-0.02, 0.02, border))


def water(source: Source) -> Field:
    """Water to a horizon or a shore, and things that float on it."""
    horizon = source.uniform(-0.1, 0.6)
    swell = d.band(2 ** source.uniform(3, 5.5), 1.5) * d.oriented(0, 18)
    ripples = d.noise(source, swell) + 0.5 * rough(source)
    surface_light = source.uniform(0.3, 0.7) + source.uniform(0.03, 0.1) * ripples
    sea = colored(source, surface_light)
    image = _sky(source)
    d.fill(image, Y - horizon, _slanted(sea, horizon + 0.05, source.uniform(0.2, 0.5)))
    if source.random() < 0.6:
        shore = d.intersection(Y - horizon - 0.05 - 0.02 * _peaks(source), horizon - Y)
        d.fill(image, shore, 0.5 * surface(source))
    for _ in range(source.integers(0, 5)):
        x, y = source.uniform(-0.4, 0.4), source.uniform(-0.5, horizon)
        radius = 0.04 + 0.2 * (horizon - y)
        scatter(image, source, blob, x, y, radius, surface(source))
        line = d.ellipse(x, y - 0.4 * radius, 1.6 * radius, 0.3 * radius)
        d.fill(image, d.intersection(line, Y - y + 0.1 * radius), 0.7 * sea)
    return image


def _slanted(paint: Field, horizon: float, height: float) -> Field:
    """A surface seen at a slant from this height, in image sides, below the horizon."""
    depth = np.clip(horizon - Y, 0.02, None)
    rows, columns = height / depth % 1, (0.5 + 0.35 * X / depth) % 1
    return paint[(rows * (SIZE - 1)).astype(int), (columns * (SIZE - 1)).astype(int)]


def landscape(source: Source) -> Field:
    """Sky, ridges behind each other, ground, and things that stand on it."""
    horizon = source.uniform(-0.2, 0.25)
    image = _sky(source)
    for ridge in range(source.integers(1, 5)):
        height = source.uniform(0.006, 0.045) * _peaks(source) - 0.08 * ridge
        d.fill(image, Y - horizon - height, (0.6 + 0.1 * ridge) * surface(source))
    floor = _slanted(surface(source), horizon, source.uniform(0.15, 0.4))
    d.fill(image, Y - horizon + 0.1, floor)
    paints = [surface(source) for _ in range(3)]
    for _ in range(source.integers(0, 12)):
        x, y = source.uniform(-0.5, 0.5), source.uniform(-0.5, horizon)
        shape, paint = (blob, pod)[source.integers(2)], paints[source.integers(3)]
        scatter(image, source, shape, x, y, 0.02 + 0.25 * (horizon + 0.15 - y), paint)
    return image


def _sky(source: Source) -> Field:
    cloud = 0.04 * d.noise(source, d.power_law(1.8) * d.oriented(0, 40))
    return d.oklab(source.uniform(0.7, 0.95) - 0.2 * Y + cloud, -0.01, -source.uniform(0, 0.08))


def _peaks(source: Source) -> Field:
    """A jagged height for every column, of deviation 1."""
    return np.interp(X[0], np.linspace(-0.5, 0.5, 30), source.standard_normal(30))


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


def street(source: Source) -> Field:
    """A row of houses under the sky, with poles and cars."""
    image = _sky(source)
    base, left = source.uniform(-0.35, -0.1), -0.5
    while left < 0.5:
        right = left + source.uniform(0.1, 0.5)
        _house(image, source, left, base, right, source.uniform(0, 0.5))
        left = right
    d.fill(image, Y - base, _slanted(surface(source), base + 0.08, 0.3))
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


def pelt(source: Source) -> Field:
    """Hair that fills the view, in uneven light."""
    tone = source.uniform(0.15, 0.85) + 0.06 * d.noise(source, d.power_law(1.6))
    image = colored(source, tone + source.uniform(0.04, 0.12) * hair(source))
    light = 0.8 + source.uniform(0, 0.4) * d.noise(source, d.power_law(2))
    return image * np.clip(light, 0.3, 1.3)[..., None]


def creature(source: Source) -> Field:
    """A furry animal that looks at the viewer, before a ground more or less out of focus."""
    kinds = (collage, litter, ground, landscape, room, front)
    image = blurred(kinds[source.integers(6)](source), source.choice([0, 2, 4, 8]))
    tone, hue = source.uniform(0.12, 0.85), source.normal(65, 12)
    chroma = source.uniform(0, 0.07)
    patches = source.choice([0, 0, 0.3, -0.3]) * d.smoothstep(0.2, 0.6, d.noise(source, d.band(3)))

    def coat(direction: float) -> Field:
        strands = source.uniform(0.03, 0.1) * hair(source, direction)
        light = np.clip(tone + patches + strands, 0.02, 1)
        a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
        return d.oklab(light, a * (0.5 + light), b * (0.5 + light))

    body, head = coat(source.normal(70, 20)), coat(source.normal(90, 30))
    shag = 0.02 * d.noise(source, d.band(24, 2))
    size = source.uniform(0.16, 0.36)
    x, y = source.uniform(-0.2, 0.2), source.uniform(-0.05, 0.2)

    def grow(distance: Field, paint: Field, relief: float) -> None:
        lay(image, distance + source.uniform(0.3, 1) * shag, paint, 0.05, relief * size)

    def about(low: float, high: float) -> float:
        return size * source.uniform(low, high)

    trunk = x + source.choice([-1, 1]) * about(0, 1.2), y - about(0.8, 1.4)
    grow(d.ellipse(*trunk, about(0.9, 1.7), about(0.8, 1.1)), body, 1)
    for _ in range(source.integers(0, 5)):
        hip = trunk[0] + about(-1, 1), trunk[1] - 0.3 * size
        grow(
            d.segment(hip, (hip[0] + about(-0.1, 0.1), hip[1] - 1.7 * size), 0.3 * size), body, 0.1
        )
    ear = about(0.3, 0.7)
    for side in (-1, 1):
        tip = x + side * about(0.6, 0.8), y + about(0.4, 0.9)
        grow(d.ellipse(*tip, 0.3 * size, ear), 0.85 * head, 0.2)
    grow(d.ellipse(x, y, about(0.8, 1), about(0.85, 1.1)), head, 0.8)
    mouth = x + about(-0.15, 0.15), y - about(0.25, 0.45)
    muzzle = np.clip(source.uniform(0.8, 1.4) * head, 0, 1)
    grow(d.ellipse(*mouth, about(0.35, 0.5), about(0.3, 0.45)), muzzle, 0.3)
    _eyes(image, source, (x + mouth[0]) / 2, y + about(0.1, 0.25), size)
    _nose(image, *mouth, size)
    return image


def _eyes(image: Field, source: Source, x: float, y: float, size: float) -> None:
    radius, rim = size * source.uniform(0.08, 0.16), d.gray(source.uniform(0.02, 0.3))
    iris = source.uniform(0.3, 1.5) * d.color(0.3, 0.5, 60)
    for side in (-0.38, 0.38):
        center = x + side * size
        for part, paint in ((1.25, rim), (1.0, iris), (0.6, d.gray(0.02))):
            d.fill(image, d.disc(center, y, part * radius), paint)
        d.fill(image, d.disc(center - 0.3 * radius, y + 0.35 * radius, 0.25 * radius), d.gray(0.95))


def _nose(image: Field, x: float, y: float, size: float) -> None:
    fork, thickness = (x, y - 0.1 * size), 0.004 + 0.02 * size
    d.fill(image, d.ellipse(x, y + 0.15 * size, 0.16 * size, 0.11 * size), d.gray(0.05))
    for end in (
        (x, y + 0.1 * size),
        (x - 0.2 * size, y - 0.2 * size),
        (x + 0.2 * size, y - 0.2 * size),
    ):
        d.fill(image, d.segment(end, fork, thickness), d.gray(0.09))


VIEWS: dict[str, Callable[[Source], Field]] = {
    view.__name__: view
    for view in (
        collage,
        litter,
        foliage,
        pelt,
        ground,
        water,
        landscape,
        room,
        front,
        street,
        creature,
    )
}
