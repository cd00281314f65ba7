"""The evidence of a minimum and of one position, against plain numpy."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from atlas.examine.evidence import examine_pictures
from atlas.network.network import Network
from atlas.recipe import Recipe
from atlas.target import Target

UNITS = 4
TARGETS = [Target("2", unit) for unit in range(UNITS)]
LOW, CENTER = Recipe(sign="negative"), Recipe(position="center")
LOW_CENTER = Recipe(sign="negative", position="center")


def network() -> Network:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, UNITS, 3, stride=2))
    return Network(module, precision="float64")


def pictures() -> list[NDArray[np.uint8]]:
    generator = np.random.default_rng(1)
    return list(generator.integers(0, 256, (UNITS, 14, 14, 3), np.uint8))


def tables() -> dict[str, Any]:
    units = pd.DataFrame({"layer": "2", "unit": range(UNITS)})
    return {
        "activations": units.assign(mean=[0.1, -0.2, 0.0, 0.3], std=[0.5, 0.4, 0.3, 0.2]),
        "strongest": units.assign(
            place=1,
            mean=[1.0, 0.5, -0.1, 2.0],
            rms=[1.5, 0.7, 0.2, 2.5],
            peak=[3.0, 2.0, -0.5, 4.0],
        ),
        "weakest": units.assign(place=1, mean=[-1.0, -0.5, 0.1, -2.0]),
    }


def maps(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    own = network()
    x = (picture.astype(np.float64) / 255 - own.mean) / own.std
    with torch.inference_mode():
        return own.module.double()(torch.from_numpy(x.transpose(2, 0, 1)[None]))[0].numpy()


def examined(recipe: Recipe) -> list[dict[str, float]]:
    found: Any = examine_pictures(network(), TARGETS, pictures(), recipe=recipe, **tables())
    return found.to_dict("records")  # type: ignore[return-value]


def test_a_minimum_is_measured_downward() -> None:
    for unit, row in enumerate(examined(LOW)):
        values, known = maps(pictures()[unit]), tables()
        means = values.mean((1, 2))
        below = np.minimum(values[unit], 0)
        np.testing.assert_allclose(row["mean"], means[unit])
        np.testing.assert_allclose(row["rms"], np.sqrt((below**2).mean()), atol=1e-12)
        low = known["weakest"]["mean"][unit]
        np.testing.assert_allclose(row["gain_mean"], means[unit] / low if low < 0 else np.nan)
        assert np.isnan(row["gain_rms"])
        usual = known["activations"]
        lowered = (np.array(usual["mean"]) - means) / np.array(usual["std"])
        np.testing.assert_allclose(row["z"], lowered[unit])
        assert row["standing"] == 1 + (lowered > lowered[unit]).sum()


def test_one_position_is_measured_in_the_middle() -> None:
    for unit, row in enumerate(examined(CENTER)):
        values = maps(pictures()[unit])
        assert values.shape[1:] == (5, 5)
        value, peak = values[unit, 2, 2], tables()["strongest"]["peak"][unit]
        np.testing.assert_allclose(row["mean"], value)
        np.testing.assert_allclose(row["rms"], abs(value))
        np.testing.assert_allclose(row["gain_mean"], value / peak if peak > 0 else np.nan)
        np.testing.assert_allclose(row["gain_rms"], abs(value) / peak if peak > 0 else np.nan)
        assert all(np.isnan(row[name]) for name in ("z", "shift", "rescale"))
        assert pd.isna(row["standing"])
        assert row["blur"] > 0 and row["jpeg"] > 0


def test_the_minimum_at_one_position_has_no_gain() -> None:
    for unit, row in enumerate(examined(LOW_CENTER)):
        value = maps(pictures()[unit])[unit, 2, 2]
        np.testing.assert_allclose(row["mean"], value)
        np.testing.assert_allclose(row["rms"], max(-value, 0), atol=1e-12)
        assert np.isnan(row["gain_mean"]) and np.isnan(row["gain_rms"])


@pytest.mark.parametrize("recipe", [None, Recipe(), Recipe(steps=3)])
def test_plain_recipes_are_measured_as_without_one(recipe: Recipe | None) -> None:
    table = tables()
    del table["weakest"]
    plain = examine_pictures(network(), TARGETS, pictures(), **table)
    found: Any = examine_pictures(network(), TARGETS, pictures(), recipe=recipe, **tables())
    pd.testing.assert_frame_equal(found, plain)
