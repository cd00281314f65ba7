"""A U-Net takes sides that sixteen divides: pictures of others are enlarged to be seen."""

from pathlib import Path

import pytest
import torch
from support.inputs import UNet

from atlas import Settings, build, load_network, maximize_units
from atlas.network.network import Network
from atlas.probe import stimuli
from atlas.recipe import Recipe
from atlas.render.site_check import check_site
from atlas.run.folder import Run


@pytest.fixture(scope="module")
def unet() -> Network:
    torch.manual_seed(0)
    return load_network(UNet(), input=(3, 64, 64), precision="float64")


def test_only_layers_behind_a_join_see_pictures_enlarged(unet: Network) -> None:
    assert unet.sizes.fixed is None
    assert unet.seen_size("bottom", 66) == 66
    assert unet.seen_size("head", 64) == 64
    assert unet.seen_size("head", 66) == 80


def test_pictures_of_sizes_that_it_does_not_take_are_made(unet: Network) -> None:
    recipe = Recipe(start_size=50, upscales=2, factor=1.15, steps=3)
    units = [("head", 1), ("bottom", 2)]
    together = maximize_units(unet, units, recipe)
    for unit, picture in zip(units, together, strict=True):
        (alone,) = maximize_units(unet, [unit], recipe)
        assert picture.image.shape == (3, 66, 66)
        assert abs(picture.image - alone.image).max() < 1e-8


def test_a_whole_site_of_it(unet: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = stimuli.battery()[::25]
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    settings = Settings(
        probe="stimuli", layers=("bottom", "head"), top=2, recipe=("clear",), upscales=1, steps=2,
        device="cpu", run=str(tmp_path / "run"), site=str(tmp_path / "site"), quiet=True,
    )  # fmt: skip
    build(settings, unet)
    check_site(tmp_path / "site")
    evidence = Run(tmp_path / "run").table("examination")
    excited = evidence["rms"] > 0
    assert excited.to_numpy().any() and set(evidence["size"]) == {80}
    assert evidence.loc[excited, ["shift", "blur", "jpeg", "rescale"]].notna().to_numpy().all()
