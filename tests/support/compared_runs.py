"""Runs over the same images, with responses that are known."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from support import run_fixture
from support.run_fixture import UNITS, make_run

from atlas.run.folder import Run
from atlas.run.pictures import read_records
from atlas.run.plan import Item, Plan
from atlas.run.responses import write_responses

IMAGES = [f"{image}.jpg" for image in range(80)]
LAYERS = [*run_fixture.LAYERS[:3], run_fixture.LAYERS[3] | {"name": "head"}]

ORDER = np.array([3, 0, 1, 2, 5, 4, 7, 6, 9, 10, 11, 8])
"""Which unit of the first network each unit of its copy is."""


def random_values(seed: int, units: int = UNITS * len(LAYERS)) -> NDArray[np.float64]:
    return np.random.default_rng(seed).gamma(0.5, size=(len(IMAGES), units))


def permuted_values() -> NDArray[np.float64]:
    """Those of a copy of ``random_values(0)``, the units of every layer in another order."""
    columns = [UNITS * layer + ORDER for layer in range(len(LAYERS))]
    return random_values(0)[:, np.concatenate(columns)]


def add_responses(run: Run, values: NDArray[np.float64]) -> Run:
    """Write the responses of all units to the probe images of a run."""
    standardized = (values - values.mean(0)) / np.where(
        np.ptp(values, axis=0) > 0, values.std(0), 1
    )
    names = run.table("probe")["image"][: len(values)]
    write_responses(run, pd.DataFrame({"image": names}), standardized.astype(np.float16))
    return run


def make_small(path: Path, seed: int, weights: str) -> Run:
    """A run of a single layer of seven units, whose responses are drawn from a seed."""
    values = random_values(seed, 7)
    return make_compared(path, values, weights, layers=LAYERS[:1], units=7, pictured=1)


def make_compared(path: Path, values: NDArray[np.float64], weights: str, **options: Any) -> Run:
    """A run over ``IMAGES`` of a network that is called by its weights."""
    asked: dict[str, Any] = {"layers": LAYERS, **options}
    run = make_run(path, photographs=IMAGES, notice=None, **asked)
    rename(run, {"name": weights})
    return planned(add_responses(run, values))


def planned(run: Run) -> Run:
    """Give a run of the fixture the plan of its pictures, by which it is found undamaged."""
    items = [
        Item(recipe, layer.name, record.unit, record.sample)
        for recipe in run.settings().identity.recipes
        for layer in run.network().layers
        for record in read_records(run, recipe, layer.name)
    ]
    Plan((tuple(items),)).save(run)
    return run


def rename(run: Run, weights: Mapping[str, str]) -> None:
    """Say of the run's weights what is given."""
    settings = run.read_json("run")
    settings["weights"] |= weights
    run.write_json("run", settings)
