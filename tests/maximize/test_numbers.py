"""Numbers that are none: refused in weights, and in a picture its own affair alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.small_build import QUICK, Small, draw_photographs, shrink

from atlas import AtlasError, load_network, maximize_units
from atlas.cli import main
from atlas.maximize import loop, seeding
from atlas.network.network import Network
from atlas.recipe import Recipe
from atlas.target import Target

UNITS = [("conv1", 3), ("inception3a", 7), ("inception5b", 100), ("conv1", 9), ("inception3a", 8)]


@pytest.fixture(scope="module")
def googlenet() -> Network:
    return load_network("googlenet", weights="bundled")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("key", ["conv1.0.weight", "conv2.0.bias"])
def test_a_module_whose_weights_are_no_numbers_is_refused_by_the_name_of_the_tensor(
    key: str, value: float
) -> None:
    module = Small()
    module.state_dict()[key].view(-1)[-1] = value
    with pytest.raises(AtlasError, match=key):
        load_network(module)


def test_weights_that_float32_cannot_hold_are_refused_there_and_taken_by_float64() -> None:
    module = Small().double()
    module.state_dict()["conv2.0.bias"][0] = 1e39
    with pytest.raises(AtlasError, match=r"conv2\.0\.bias"):
        load_network(module)
    load_network(module, precision="float64")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 2])
def test_a_picture_that_is_no_number_is_marked_and_changes_no_bit_of_the_others(
    googlenet: Network, monkeypatch: pytest.MonkeyPatch, value: float, place: int
) -> None:
    recipe = Recipe(upscales=2, steps=2)
    whole = maximize_units(googlenet, UNITS, recipe)
    draw = seeding.starting_noise

    def spoilt(seed: int, target: Target, attempt: int, *shape: int) -> torch.Tensor:
        noise = draw(seed, target, attempt, *shape)
        if (target.layer, target.unit) == UNITS[place]:
            noise[1, 5, 6] = value
        return noise

    monkeypatch.setattr(loop, "starting_noise", spoilt)
    pictures = maximize_units(googlenet, UNITS, recipe)
    for i, (picture, before) in enumerate(zip(pictures, whole, strict=True)):
        if i == place:
            assert picture.status == "broken"
        else:
            assert picture.status == before.status
            assert np.array_equal(picture.image, before.image)
            assert np.array_equal(picture.activations, before.activations)
            assert picture.terms == before.terms


class Overflowing(Small):
    """One of whose units grows beyond what float32 holds, though each of its weights is finite."""

    def __init__(self) -> None:
        super().__init__()
        for key in ("conv1.0.weight", "conv1.0.bias"):
            self.state_dict()[key][1] = 3e38


def test_a_unit_that_overflows_on_the_probe_images_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shrink(monkeypatch)
    monkeypatch.setattr("support.small_build.Small", Overflowing)
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    draw_photographs(photographs, 3)
    given = [*QUICK, "--probe", str(photographs), "--run", str(tmp_path / "run")]
    assert main(["rank", *given]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "unit 1 of conv1" in line and "--precision float64" in line
    assert main(["rank", *given, "--precision", "float64", "--run", str(tmp_path / "exact")]) == 0
