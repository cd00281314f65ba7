"""Two faces of a unit: asked for, made, kept beside the others, and shown."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.small_build import Colors, contents

from atlas._system.images import decode_png
from atlas.cli import main
from atlas.examine import similarity_judge
from atlas.probe import stimuli
from atlas.run.folder import Run
from benchmarks import faces

# Unit 0 of the second layer answers to red and to blue; beside it lie one of each, and green. The
# first layer sees too few pixels to lean.
NET = """
import torch
from torch import nn

def make():
    colors = nn.Conv2d(3, 3, 9, stride=8)
    mixed = nn.Conv2d(3, 4, 3)
    with torch.no_grad():
        colors.weight[:] = ((torch.eye(3) - 0.4) / 9**2)[:, :, None, None]
        colors.bias[:] = 0
        kinds = torch.tensor([[1.0, 0, 1.0], [1, 0, 0], [0, 0, 1], [0, 1, 0]])
        mixed.weight[:] = kinds[:, :, None, None] / 9
        mixed.bias[:] = 0
    return nn.Sequential(nn.Sequential(colors, nn.ReLU()), nn.Sequential(mixed, nn.ReLU()))
"""
FIRST, SECOND = "clear-face1", "clear-face2"
Build = Callable[..., int]


def draw(folder: Path, color: tuple[int, int, int], name: str) -> None:
    noise = np.random.default_rng(len(name)).integers(-20, 20, (8, 8, 3))
    pixels = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).resize((230, 230)).save(folder / f"{name}.png")


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(similarity_judge, "SimilarityJudge", Colors)
    few, digest = stimuli.battery()[::80], stimuli.digest()
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    monkeypatch.setattr(stimuli, "digest", lambda: digest)
    (tmp_path / "net.py").write_text(NET)
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for i in range(10):
        draw(photographs, (225 + 2 * i, 40, 40), f"red{i}")
        draw(photographs, (40, 40, 224 + 2 * i), f"blue{i}")
        draw(photographs, (40, 220 + 2 * i, 40), f"green{i}")
    for i in range(60):
        draw(photographs, (100 + i, 120 + i, 100 + i), f"gray{i}")

    def call(*options: str, command: str = "build") -> int:
        asked = ["--network", "net.py:make", "--input", "3x64x64", "--probe", "photographs"]
        asked += [
            "--mean",
            "0,0,0",
            "--std",
            "1,1,1",
            "--layers",
            "1",
            "--top",
            "4",
            "--recipe",
            "clear",
            "--upscales",
            "1",
        ]
        asked += ["--steps", "20", "--device", "cpu", "--quiet", "--run", "run"]
        site = ["--site", "site", "--publish-probe-images"] if command == "build" else []
        return main([command, *asked, *site, *options])

    return call


def test_a_unit_with_two_faces_has_a_picture_of_each(build: Build, tmp_path: Path) -> None:
    assert build() == 0
    run = tmp_path / "run"
    before = contents(run / "units")
    assert build("--faces") == 0
    after = contents(run / "units")
    assert before.items() <= after.items(), "the others stay"
    new = {name.rsplit(".", 1)[0].split(".")[0] for name in after.keys() - before.keys()}
    assert new == {f"{FIRST}/1/0000", f"{SECOND}/1/0000"}, "of unit 0 alone"

    strongest = pd.read_csv(run / "strongest.csv").query("layer == 1 and unit == 0")
    leader = strongest.sort_values("place")["image"].iloc[0]
    mean = {
        name: decode_png((run / f"units/{name}/1/0000.png").read_bytes()).mean((0, 1))
        for name in (FIRST, SECOND)
    }
    reddish, bluish = (FIRST, SECOND) if leader.startswith("red") else (SECOND, FIRST)
    assert mean[reddish][0] > mean[reddish][2] + 20, "the first is of the strongest image's kind"
    assert mean[bluish][2] > mean[bluish][0] + 20
    found: Any = pd.read_csv(run / "examination.csv").set_index("recipe")
    assert (found.loc[[FIRST, SECOND], "gain_rms"] > 0).all(), "both excite the unit"

    assert build("--recipe", f"clear,{FIRST},{SECOND}") == 0, "by their names, too"
    assert contents(run / "units") == after

    (row,) = faces.measure(Run(run), "cpu")
    assert (row["layer"], row["unit"]) == ("1", 0)
    assert row["toward_first"] > 0 > row["toward_second"]
    for face, recipe in (("first", FIRST), ("second", SECOND), ("any", "clear")):
        known = found.loc[[recipe]].query("unit == 0")["gain_rms"].item()
        assert row[f"gain_{face}"] == pytest.approx(known)


def test_both_stand_on_the_page_of_the_unit_with_their_images(build: Build, tmp_path: Path) -> None:
    assert build("--faces") == 0
    page = unescape((tmp_path / "site/units/1/0000.html").read_text())
    (section,) = re.findall(r'<section aria-labelledby="faces-title">.*?</section>', page, re.S)
    figures = re.findall(r"<figure>.*?</figure>", section, re.S)
    assert len(figures) == 2
    strongest = pd.read_csv(tmp_path / "run/strongest.csv").query("layer == 1 and unit == 0")
    kinds = [{name[:3] for name in re.findall(r'title="(\w+)\.png"', one)} for one in figures]
    leader = strongest.sort_values("place")["image"].iloc[0]
    assert kinds == ([{"red"}, {"blu"}] if leader.startswith("red") else [{"blu"}, {"red"}])
    for figure, recipe in zip(figures, (FIRST, SECOND), strict=True):
        assert f'href="?recipe={recipe}"' in figure
        assert f"images/{recipe}/1/0000.webp" in figure
    assert "one of the unit's two faces" in page
    other = (tmp_path / "site/units/1/0001.html").read_text()
    assert "faces-title" not in other and f"images/{FIRST}/" not in other
    compared = (tmp_path / "site/data/findings.csv").read_text()
    assert "identification" in compared and FIRST not in compared


def test_a_run_without_faces_is_not_judged(
    build: Build, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert build() == 0
    capfd.readouterr()
    assert faces.main([str(tmp_path / "run")]) == 1
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert "--faces" in line


def test_where_no_unit_has_two_faces_the_log_says_so(
    build: Build, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert build("--units", "1:1", "--faces") == 0
    assert not (tmp_path / "run/units" / FIRST).exists()
    with_log = ["--units", "1:1", "--faces"]
    capfd.readouterr()
    asked = ["--network", "net.py:make", "--input", "3x64x64", "--probe", "photographs"]
    asked += [
        "--mean",
        "0,0,0",
        "--std",
        "1,1,1",
        "--layers",
        "1",
        "--recipe",
        "clear",
        "--upscales",
        "1",
        "--steps",
        "20",
    ]
    assert main(["maximize", *asked, "--device", "cpu", "--run", "run", *with_log]) == 0
    assert "none of the units asked for has two faces" in capfd.readouterr().err


def test_faces_of_a_recipe_that_has_none_are_refused(
    build: Build, capfd: pytest.CaptureFixture[str]
) -> None:
    assert build("--recipe", "article", "--upscales", "2", "--faces", command="rank") == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert "clear" in line
