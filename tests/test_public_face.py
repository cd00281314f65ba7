"""What ``from atlas import ...`` gives, from a script or a notebook."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.small_build import Small, draw_photographs

import atlas
from atlas import AtlasError, Recipe, Run, Settings, Target, build, load_network, maximize_units
from atlas.probe import stimuli

FACE = [
    "load_network",
    "Network",
    "Layer",
    "open_probe_set",
    "Images",
    "rank_units",
    "Recipe",
    "RECIPES",
    "maximize_units",
    "maximize_directions",
    "Target",
    "Picture",
    "examine_pictures",
    "Run",
    "Settings",
    "build",
    "compare",
    "render",
    "AtlasError",
    "UsageError",
]


def test_the_face_is_what_is_promised_and_each_name_is_there() -> None:
    assert sorted(atlas.__all__) == sorted(FACE)
    for name in FACE:
        assert getattr(atlas, name).__name__ == name if name != "RECIPES" else atlas.RECIPES
    with pytest.raises(AttributeError):
        atlas.nothing  # noqa: B018


def test_functions_are_not_hidden_by_the_rooms_of_their_names() -> None:
    script = (
        "import atlas.build.session, atlas.render.pages\n"
        "from atlas import build, render\n"
        "from atlas.build import maximize\n"
        "import atlas\n"
        "assert callable(build) and callable(render) and atlas.build is build\n"
        "assert maximize.__name__ == 'atlas.build.maximize'"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    few = stimuli.battery()[::80]
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photographs").mkdir()
    draw_photographs(tmp_path / "photographs", 4)
    return Settings(
        probe="photographs", top=2, recipe=("article",), upscales=1, steps=1, quiet=True
    )


def test_a_whole_site_is_made_of_a_module_in_memory(asked: Settings) -> None:
    network = load_network(Small())
    said: list[str] = []
    build(asked, network, log=said.append)
    assert os.path.isfile("site/index.html")
    assert any("4 of 4 pictures made" in line for line in said)
    run = Run(asked.run)
    assert run.settings().identity.network == "small"
    assert run.settings().identity.weights == network.weights.sha256
    # The same goes on; one of other weights is refused, and so is one that is locked.
    build(asked, network)
    with pytest.raises(AtlasError, match="made with other weights"):
        build(asked, load_network(Small()))


def test_a_finished_run_is_read(asked: Settings) -> None:
    build(asked, load_network(Small()))
    run = Run(asked.run)
    assert list(run.ranking.columns) == ["layer", "rank", "unit", "mean"]
    assert len(run.activations) == 7 and set(run.strongest["place"]) == {1, 2, 3, 4}
    unit = run.ranking["unit"].to_numpy()[0].item()
    picture = run.picture("conv1", unit)
    assert picture.size == (29, 29)
    path = run.picture_path("article", "conv1", unit)
    assert np.array_equal(np.asarray(picture), np.asarray(Image.open(path)))
    assert run.picture("conv1", unit, recipe="article", sample=1) == picture
    with pytest.raises(AtlasError, match="no picture of conv1:99"):
        run.picture("conv1", 99)
    with pytest.raises(AtlasError, match="clear"):
        run.picture("conv1", unit, recipe="clear")


def test_a_notebook_shows_pictures_and_lists_of_them() -> None:
    recipe = Recipe(start_size=40, upscales=0, steps=1)
    pictures = maximize_units(load_network(Small()), [("conv1", 0), Target("conv2", 1)], recipe)
    one = Image.open(io.BytesIO(pictures[0]._repr_png_()))
    assert one.size == (40, 40)
    assert np.array_equal(
        np.asarray(one), np.rint(255 * pictures[0].image).astype(np.uint8).transpose(1, 2, 0)
    )
    sheet = Image.open(io.BytesIO(pictures._repr_png_()))
    assert sheet.width > 2 * 249 and isinstance(pictures, list)
