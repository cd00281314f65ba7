"""The other end of units, and one position: asked, refused, kept beside the plain, and shown."""

import csv
import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.small_build import Colors, contents, draw_photographs

from atlas._system.images import decode_png
from atlas.cli import main
from atlas.examine import similarity_judge
from atlas.probe import stimuli

NET = """
import torch
from torch import nn

def make():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 7, stride=4), nn.ReLU()), nn.Conv2d(4, 3, 3, stride=4)
    )
"""
PHOTOGRAPHS = 60
LOW, HIGH = "clear-negative", "clear"

Build = Callable[..., int]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(similarity_judge, "SimilarityJudge", Colors)
    few, digest = stimuli.battery()[::80], stimuli.digest()
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    monkeypatch.setattr(stimuli, "digest", lambda: digest)
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "photographs").mkdir()
    draw_photographs(tmp_path / "photographs", PHOTOGRAPHS)

    def call(*options: str, command: str = "build") -> int:
        asked = ["--network", "net.py:make", "--input", "3x64x64", "--probe", "photographs"]
        asked += ["--top", "2", "--recipe", "clear", "--upscales", "1", "--steps", "3"]
        asked += ["--device", "cpu", "--quiet", "--run", "run"]
        site = ["--site", "site", "--publish-probe-images"] if command == "build" else []
        return main([command, *asked, *site, *options])

    return call


def plain(page: Path) -> str:
    return re.sub(r"\s+", " ", unescape(page.read_text()))


def rows(path: Path, recipe: str) -> pd.DataFrame:
    table: Any = pd.read_csv(path)
    return table[table["recipe"] == recipe].set_index(["layer", "unit"])


def test_the_other_end_is_kept_beside_the_plain_pictures_and_named_later(
    build: Build, tmp_path: Path
) -> None:
    assert build() == 0
    before = contents(tmp_path / "run" / "units")
    assert build("--sign", "negative") == 0
    after = contents(tmp_path / "run" / "units")
    assert before.items() <= after.items()
    new = {name.split("/")[0] for name in after.keys() - before.keys()}
    assert new == {LOW}
    settings = json.loads((tmp_path / "run" / "run.json").read_text())
    assert settings["identity"]["recipes"][LOW]["sign"] == "negative"
    assert settings["asked"]["recipe"] == [LOW]
    assert build("--recipe", f"{LOW},clear") == 0
    assert contents(tmp_path / "run" / "units") == after
    assert build("--recipe", LOW, "--sign", "negative", "--position", "center") == 0
    assert (tmp_path / "run" / "units" / "clear-center-negative").is_dir()


def test_the_evidence_of_a_minimum_is_that_of_the_unit_with_its_sign_turned(
    build: Build, tmp_path: Path
) -> None:
    assert build("--recipe", f"clear,{LOW}", "--layers", "0,1") == 0
    run = tmp_path / "run"
    found: Any = rows(run / "examination.csv", LOW)
    assert {layer for layer, _ in found.index} == {1}
    statistics: Any = pd.read_csv(run / "activations.csv").set_index(["layer", "unit"])
    weakest: Any = pd.read_csv(run / "weakest.csv")
    lowest: Any = weakest[weakest["place"] == 1].set_index(["layer", "unit"])["mean"]
    for unit, row in found.iterrows():
        known = statistics.loc[unit]
        assert row["z"] == pytest.approx((known["mean"] - row["mean"]) / known["std"], rel=1e-4)
        assert row["gain_rms"] != row["gain_rms"], "no RMS is known on the weakest image"
        if lowest[unit] < 0:
            assert row["gain_mean"] == pytest.approx(row["mean"] / lowest[unit], rel=1e-4)
        else:
            assert row["gain_mean"] != row["gain_mean"]
        assert 1 <= row["standing"] <= 3
    assert found["standing"].is_unique or (found["standing"] == 1).any()


def test_the_judge_of_a_minimum_looks_for_the_image_that_lowers_the_unit(
    build: Build, tmp_path: Path
) -> None:
    assert build("--recipe", f"clear,{LOW}", "--layers", "1") == 0
    run = tmp_path / "run"
    features = np.load(run / "judge.npy").astype(float)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    tasks: Any = pd.read_csv(run / "tasks.csv")
    found: Any = rows(run / "identification.csv", LOW)
    assert len(found)
    for (layer, unit), row in found.iterrows():  # type: ignore[misc]
        pixels = decode_png((run / "units" / LOW / str(layer) / f"{unit:04d}.png").read_bytes())
        own = tasks[(tasks["layer"] == layer) & (tasks["unit"] == unit)]
        # As the judge sees it: the picture reduced to its own size.
        (shown,) = Colors().features_of([pixels])
        weak, strong = (features[own[side]] @ shown for side in ("weak", "strong"))
        assert row["correct"] == pytest.approx(np.mean((1 + np.sign(weak - strong)) / 2))


def test_one_position_is_held_against_the_peak(build: Build, tmp_path: Path) -> None:
    assert build("--position", "center", "--samples", "2") == 0
    run = tmp_path / "run"
    found: Any = rows(run / "examination.csv", "clear-center")
    strongest: Any = pd.read_csv(run / "strongest.csv")
    peak: Any = strongest[strongest["place"] == 1].set_index(["layer", "unit"])["peak"]
    for unit, row in found.iterrows():
        if peak[unit] > 0:
            assert row["gain_mean"] == pytest.approx(row["mean"] / peak[unit], rel=1e-4)
            assert row["gain_rms"] == pytest.approx(abs(row["mean"]) / peak[unit], rel=1e-4)
    assert found[["z", "standing", "shift", "rescale"]].isna().to_numpy().all()
    assert found.loc[found["rms"] > 0, ["blur", "jpeg"]].notna().to_numpy().all()
    first, *_ = sorted((run / "units" / "clear-center" / "1").glob("*.json"))
    left, top, side = json.loads(first.read_text())["field"]
    assert side == 7 + 2 * 4 and left == top == 4 * 4 * (((64 * 1.2551 // 1 - 7) // 4) // 4 // 2)


def test_pages_say_what_is_seen(build: Build, tmp_path: Path) -> None:
    assert build("--recipe", "clear", "--layers", "1") == 0
    assert build("--sign", "negative", "--layers", "1") == 0
    assert build("--position", "center", "--layers", "1") == 0
    assert build("--position", "center", "--sign", "negative", "--layers", "1") == 0
    site = tmp_path / "site"
    page, *_ = sorted((site / "units" / "1").glob("*.html"))
    text = plain(page)
    assert text.count('class="shows"') == 3
    assert "This is the unit's minimum" in text and "#weakest-title" in text
    assert "15 × 15 pixels, outlined" in text
    assert text.count('<svg class="seen"') == 2
    assert "None by clear-negative: of the weakest photograph the mean alone is known." in text
    assert "Gain, mean" in text
    assert "--recipe clear-center-negative" in text
    assert "a shift or another size moves the picture away from its one position" in text
    layer = plain(site / "layers" / "1.html")
    assert "By clear-negative: how far the mean is below 0" in layer
    assert "rewards negative activation alone" in layer
    about = (site / "about.html").read_text()
    assert "falls as far below 0 as it can" in about
    assert "<td><strong>negative</strong></td>" in about
    with (site / "data" / "findings.csv").open() as file:
        compared = {row["recipe"] for row in csv.DictReader(file)}
    assert not any("negative" in name or "center" in name for name in compared)
    differences = site / "data" / "differences.csv"
    assert not differences.exists() or "center" not in differences.read_text()
    number = page.stem
    small = Image.open(site / "images" / "clear-center" / "1" / f"{number}.small.webp")
    whole = Image.open(tmp_path / "run" / "units" / "clear-center" / "1" / f"{number}.png")
    left, top, side = json.loads(
        (tmp_path / "run" / "units" / "clear-center" / "1" / f"{number}.json").read_text()
    )["field"]
    cut = whole.crop((int(left), int(top), int(left + side), int(top + side)))
    expected = cut.resize(small.size, Image.Resampling.NEAREST)
    difference = np.asarray(expected, float) - np.asarray(small.convert("RGB"), float)
    assert np.abs(difference).mean() < 12, "but for what the encoder loses"


def test_a_layer_that_ends_in_a_relu_is_left_out_or_refused(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build("--sign", "negative", "--layers", "0") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "0 end in a ReLU" in said and "--layers" in said
    assert not (tmp_path / "run" / "activations.csv").exists(), "before hours of ranking"
    assert build("--sign", "negative", "--units", "0:1") == 1
    capsys.readouterr()
    options = ["--sign", "negative", "--layers", "0,1", "--quiet=no"]
    assert build(*options) == 0
    said = capsys.readouterr()
    assert "clear-negative leaves out 0" in said.out + said.err
    assert {path.name for path in (tmp_path / "run" / "units" / LOW).iterdir()} == {"1"}


@pytest.mark.parametrize(
    "options", [["--sign", "minus"], ["--position", "middle"], ["--recipe", "nothing-negative"]]
)
def test_what_there_is_not_is_wrong_usage(
    build: Build, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(build(*options))
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_recipe_of_ones_own_may_be_of_the_other_end(build: Build, tmp_path: Path) -> None:
    (tmp_path / "atlas.toml").write_text('[recipes.mine]\nbase = "clear"\nsteps = 2\n')
    assert build("--recipe", "mine,mine-negative", "--layers", "1") == 0
    page, *_ = sorted((tmp_path / "site" / "units" / "1").glob("*.html"))
    assert page.read_text().count("table of this recipe") == 2
    about = (tmp_path / "site" / "about.html").read_text()
    assert about.count("[recipes.mine") == 1
