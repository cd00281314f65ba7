"""Textures of things, such as bricks, fur and water.

Cells of the visual cortex prefer some of them (Kobatake & Tanaka 1994); their joint statistics are
those of Portilla & Simoncelli (2000). Every function draws one stimulus as a 224x224x3 sRGB image
in 0..1. ``size`` is the period of the pattern, ``sample`` numbers the random draws: same
parameters, same image, on every machine.
"""

import math
from collections.abc import Callable

import numpy as np

from . import drawing as d
from .drawing import SIZE, Field, X, Y


def bricks(size: float, sample: float) -> Field:
    """Bricks in running bond."""
    source = d.generator("bricks", size, sample)
    row = np.floor(Y / (size / 2))
    u = X / size + 0.5 * (row % 2)
    column = np.floor(u)
    edge = d.union(np.abs(u - np.round(u)) * size, np.abs(Y - size / 2 * np.round(2 * Y / size)))
    shade = _hash(column, row, source)
    grain = 0.03 * d.noise(source, d.power_law(0.7))
    brick = d.oklab(0.48 + 0.14 * (shade - 0.5) + grain, 0.09, 0.06 + 0.03 * shade)
    return d.blend(brick, d.gray(0.8), d.coverage(edge - 0.045 * size))


def weave(size: float, sample: float) -> Field:
    """A plain weave."""
    grain = 0.02 * d.noise(d.generator("weave", size, sample), d.power_law(0.6))
    u, v = 2 * X / size, 2 * Y / size
    over = (np.floor(u) + np.floor(v)) % 2 == 0
    across, along = np.where(over, v, u), np.where(over, u, v)
    profile = np.cos(math.pi * (across - np.floor(across) - 0.5))
    bend = np.cos(math.pi * (along - np.floor(along) - 0.5))
    light = 0.25 + 0.6 * np.sqrt(profile) * (0.4 + 0.6 * bend) + grain
    return d.oklab(light, 0.02, np.where(over, 0.08, 0.05))


def honeycomb(size: float, sample: float) -> Field:
    """Hexagonal cells."""
    source = d.generator("honeycomb", size, sample)
    u, v = X / size, Y / size / math.sqrt(3)
    near = [(np.round(u + s) - s, np.round(v + s) - s) for s in (0, 0.5)]
    apart = [np.hypot(u - x, math.sqrt(3) * (v - y)) for x, y in near]
    first = apart[0] < apart[1]
    x, y = (np.where(first, near[0][i], near[1][i]) for i in (0, 1))
    dx, dy = np.abs(u - x), np.abs(math.sqrt(3) * (v - y))
    depth = 0.5 - np.maximum(dx, dx / 2 + dy * math.sqrt(3) / 2)
    light = 0.45 + 0.25 * d.smoothstep(0, 0.4, depth) + 0.12 * (_hash(2 * x, 2 * y, source) - 0.5)
    cell = d.oklab(light, 0.03, 0.12)
    return d.blend(cell, d.color(0.9, 0.8, 95), d.coverage((depth - 0.06) * size))


def scales(size: float, sample: float) -> Field:
    """Overlapping scales."""
    source = d.generator("scales", size, sample)
    image = d.canvas(d.gray(0.2))
    for index in reversed(range(math.ceil(2 / size) + 3)):  # upward, each row over the lower one
        level = 0.5 + size - index * size / 2
        shift = 0.5 * (index % 2)
        u = X / size + shift
        local = u - np.round(u)
        v = (Y - level) / size
        distance = np.where(v < 0, np.hypot(local, v), np.abs(local)) - 0.5
        tone = _hash(np.round(u), np.full_like(X, index), source)
        light = 0.62 + 0.3 * v + 0.1 * tone
        paint = d.oklab(light, -0.06 + 0.03 * tone, -0.02 + 0.06 * tone)
        rim = d.blend(paint, d.color(0.25, 0.5, 200), d.smoothstep(-0.16, 0, distance))
        d.fill(image, d.intersection(distance, v - 1) * size, rim)
    return image


def pebbles(size: float, sample: float) -> Field:
    """Rounded stones."""
    source = d.generator("pebbles", size, sample)
    count = round(1 / size)
    first, second, nearest = d.cells(source, count)
    tone = source.random((3, count * count), np.float32)[:, nearest]
    height = d.smoothstep(0.02, 0.5, second - first)
    grain = 0.02 * d.noise(source, d.power_law(0.5))
    light = 0.12 + height * (0.35 + 0.4 * tone[0]) + grain
    return d.oklab(light, 0.04 * (tone[1] - 0.5), 0.07 * (tone[2] - 0.35))


def cracks(size: float, sample: float) -> Field:
    """Dried mud."""
    source = d.generator("cracks", size, sample)
    first, second, nearest = d.cells(source, round(1 / size))
    tone = source.random(round(1 / size) ** 2, np.float32)[nearest]
    grain = 0.03 * d.noise(source, d.power_law(0.8))
    mud = d.oklab(0.68 + 0.08 * tone + grain, 0.02, 0.05)
    return d.blend(mud, d.color(0.22, 0.4, 60), 1 - d.smoothstep(0.03, 0.1, second - first))


def zebra(size: float, sample: float) -> Field:
    """Irregular upright stripes."""
    gain = d.band(1 / size, 0.5) * d.oriented(90, 22)
    field = d.noise(d.generator("zebra", size, sample), gain)
    return d.blend(d.gray(0.93), d.gray(0.07), d.smoothstep(-0.12, 0.12, field))


def maze(size: float, sample: float) -> Field:
    """Winding bands without orientation."""
    field = d.noise(d.generator("maze", size, sample), d.band(1 / size, 0.35))
    return d.blend(d.color(0.9, 0.3, 95), d.color(0.4, 0.8, 30), d.smoothstep(-0.15, 0.15, field))


def spots(size: float, sample: float) -> Field:
    """A leopard's rosettes."""
    source = d.generator("spots", size, sample)
    field = d.noise(source, d.band(1 / size, 0.6))
    fur = 0.025 * d.noise(source, d.power_law(0.4) * d.oriented(70, 12))
    coat = d.oklab(0.74 + fur, 0.035, 0.11)
    coat = d.blend(coat, d.color(0.58, 0.8, 65), d.smoothstep(1.0, 1.5, field))
    rosette = d.smoothstep(0.55, 0.7, field) * (1 - 0.85 * d.smoothstep(1.1, 1.5, field))
    return d.blend(coat, d.color(0.2, 0.5, 55), rosette)


def fur(size: float, sample: float) -> Field:
    """Combed hair."""
    source = d.generator("fur", size, sample)
    flow = 0.02 * d.noise(source, d.band(2))
    rough = d.noise(source, d.power_law(0.2) * d.oriented(60, 8))
    strand = _displaced(rough, flow)
    tuft = d.noise(source, d.band(0.7 / size) * d.oriented(60, 25))
    light = 0.5 + 0.1 * strand + 0.09 * tuft
    return d.oklab(np.clip(light, 0.1, 0.95), 0.04, 0.075 + 0.01 * strand)


def grass(size: float, sample: float) -> Field:
    """Upright blades."""
    source = d.generator("grass", size, sample)
    image = d.canvas(d.color(0.22, 0.6, 140))
    for depth in range(4):
        gain = d.band(1.2 / size) * d.oriented(90, 9)
        blades = _displaced(d.noise(source, gain), 0.02 * d.noise(source, d.band(2)))
        tone = 0.1 * d.noise(source, d.band(1 / size) * d.oriented(90, 12))
        paint = d.oklab(0.36 + 0.1 * depth + tone, -0.09, 0.09 + 0.01 * depth)
        image = d.blend(image, paint, d.smoothstep(0.35, 0.6, blades))
    return np.clip(image, 0, 1)


def wood(size: float, sample: float) -> Field:
    """The grain of a plank."""
    source = d.generator("wood", size, sample)
    warp = d.noise(source, d.power_law(2.2) * d.oriented(0, 35))
    rings = (Y + 0.07 * warp) / size
    saw = rings - np.floor(rings)
    grain = d.noise(source, d.power_law(0.3) * d.oriented(0, 4))
    light = 0.72 - 0.2 * saw**2 + 0.15 * d.smoothstep(0.92, 1, saw) + 0.025 * grain
    return d.oklab(light, 0.03 + 0.02 * saw, 0.085 + 0.01 * saw)


def marble(size: float, sample: float) -> Field:
    """Veined stone."""
    source = d.generator("marble", size, sample)
    along, _ = d.rotated(60)
    turbulence = d.noise(source, d.power_law(1.7))
    vein = np.abs(np.sin(math.pi * (along / size + 0.55 * turbulence)))
    cloud = 0.04 * d.noise(source, d.power_law(1.3))
    light = 0.93 + cloud - 0.5 * (1 - d.smoothstep(0, 0.35, vein))
    return d.oklab(np.clip(light, 0, 1), -0.005, -0.012)


def water(size: float, sample: float) -> Field:
    """Caustics on the floor of a pool."""
    source = d.generator("water", size, sample)
    ridge = [np.abs(d.noise(source, d.band(1 / s, 1.2))) for s in (size, size / 1.7)]
    caustic = np.exp(-3.5 * ridge[0]) + 0.7 * np.exp(-4 * ridge[1])
    light = 0.48 + 0.3 * caustic
    return d.oklab(np.clip(light, 0, 0.98), -0.06 + 0.02 * caustic, -0.08 + 0.03 * caustic)


def clouds(size: float, sample: float) -> Field:
    """Clouds in a blue sky."""
    source = d.generator("clouds", size, sample)
    gain = np.maximum(d.FREQUENCY, 0.4 / size) ** -1.9
    density = d.smoothstep(-0.2, 2.4, d.noise(source, gain) + 0.4)
    sky = d.blend(d.color(0.8, 0.6, 240), d.color(0.58, 0.85, 255), Y + 0.5)
    shade = d.oklab(1 - 0.12 * density**4, 0.0, -0.004)
    return d.blend(sky, shade, np.sqrt(density))


def ripples(size: float, sample: float) -> Field:
    """Wind ripples in sand."""
    source = d.generator("ripples", size, sample)
    warp = d.noise(source, d.power_law(1.9))
    along, _ = d.rotated(75)
    cycles = along / size + 0.35 * warp
    saw = cycles - np.floor(cycles)
    slope = np.where(saw < 0.7, saw / 0.7, (1 - saw) / 0.3)
    grain = 0.025 * d.noise(source, d.power_law(0.2))
    return d.oklab(0.55 + 0.3 * d.smoothstep(0, 1, slope) + grain, 0.02, 0.075)


def mesh(size: float, sample: float) -> Field:
    """A wire fence."""
    blur = d.noise(d.generator("mesh", size, sample), d.power_law(2))
    ground = d.oklab(0.45 + 0.06 * blur, -0.06, 0.03 + 0.03 * blur)
    lines = []
    for angle in (45, 135):
        _, across = d.rotated(angle)
        lines.append(np.abs(across - size * np.round(across / size)) - 0.07 * size)
    wire = d.union(*lines)
    metal = d.blend(d.gray(0.95), d.gray(0.55), d.smoothstep(-0.07 * size, 0, wire))
    d.fill(ground, wire, metal)
    return ground


def knit(size: float, sample: float) -> Field:
    """Stockinette stitches."""
    grain = 0.03 * d.noise(d.generator("knit", size, sample), d.power_law(0.3))
    u = X / size
    local = np.abs(u - np.floor(u) - 0.5)
    v = Y / size * 1.3 - 1.1 * local
    stitch = np.abs(v - np.round(v)) * 2
    light = 0.35 + 0.4 * np.sqrt(np.clip(1 - stitch**2, 0, 1)) * d.smoothstep(0, 0.12, local)
    light = light * d.smoothstep(0, 0.1, 0.5 - local) + 0.12 + grain
    return d.oklab(np.clip(light, 0, 1), 0.1, 0.03)


def _hash(column: Field, row: Field, source: np.random.Generator) -> Field:
    """One random number in 0..1 for each tile."""
    table = source.random((64, 64), np.float32)
    return table[np.round(column).astype(int) % 64, np.round(row).astype(int) % 64]


def _displaced(field: Field, shift: Field) -> Field:
    """The field read at positions shifted to the right by a map of lengths."""
    columns = np.arange(SIZE) + np.round(shift * SIZE).astype(int)
    return np.take_along_axis(field, columns % SIZE, axis=1)


MATERIALS: tuple[Callable[[float, float], Field], ...] = (
    bricks,
    weave,
    honeycomb,
    scales,
    pebbles,
    cracks,
    zebra,
    maze,
    spots,
    fur,
    grass,
    wood,
    marble,
    water,
    clouds,
    ripples,
    mesh,
    knit,
)
