"""A site with a wall of any size, of a run that is drawn instead of computed."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atlas.render.site import render
from atlas.run.folder import Run
from atlas.run.tiles import _constants, tiles_folder

SIDE = 100
"""Of a tile."""


def draw_wall(folder: Path, layers: int, units: int, pictured: int) -> Path:
    """A site of so many layers and units in each: a few with pictures, all others with tiles."""
    sys.path.append(str(Path(__file__).parent.parent / "tests"))
    from support.run_fixture import make_run

    described: list[dict[str, Any]] = [
        {"name": f"conv{place}", "stride": 2, "receptive_field": 7 + place, "height": 14}
        for place in range(1, layers + 1)
    ]
    run = make_run(folder / "run", layers=described, units=units, pictured=pictured)
    generator = np.random.default_rng(0)
    for layer in described:
        _write_tiles(run, layer["name"], units, generator)
    points = [
        {"of": "all", "layer": layer["name"], "unit": unit, "height": generator.random(),
         "x": generator.random(), "y": generator.random()}
        for layer in described
        for unit in range(units)
    ]  # fmt: skip
    run.write_table("layout", pd.DataFrame(points))
    render(run, folder / "site")
    return folder / "site"


def _write_tiles(run: Run, layer: str, units: int, generator: np.random.Generator) -> None:
    """Waves of color under noise: files as large as those of pictures, about."""
    y, x = np.mgrid[0 : 1 : SIDE * 1j, 0 : 1 : SIDE * 1j]
    pixels = np.empty((units, SIDE, SIDE, 3), np.uint8)
    for unit in range(units):
        waves = [np.sin(a * x + b * y) for a, b in generator.uniform(-60, 60, (3, 2))]
        noise = generator.normal(0, 0.2, (SIDE, SIDE, 3))
        pixels[unit] = np.rint(128 + 80 * (np.stack(waves, -1) + noise)).clip(0, 255)
    data = io.BytesIO()
    np.savez(data, units=np.arange(units), pixels=pixels, statuses=np.array(["ok"] * units),
             activations=np.ones(units), recipe=np.array(_constants()))  # fmt: skip
    run.write(tiles_folder(run, layer) / f"0000-{units - 1:04d}.npz", data.getvalue())
