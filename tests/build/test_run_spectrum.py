"""A recipe of phases takes from the probe images how strong waves are; the run keeps it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.small_build import QUICK, contents, draw_photographs, shrink

from atlas.build import maximize
from atlas.cli import main
from atlas.maximize.parameterization import COLOR_AXES, DARKEST
from atlas.probe.opening import open_probe_set
from atlas.run.folder import Run
from atlas.run.verification import refuse_damage

OWN = """
recipe = ["article", "mine"]
[recipes.mine]
base = "clear"
basis = "phases"
learning_rate = 1.0
start_spread = 1.8
crop = 0.5
noise = 0.08
rotate = 5
pad = 2
plain_steps = 1
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Call a command with the recipe of one's own, over three photographs."""
    shrink(monkeypatch)
    (tmp_path / "album").mkdir()
    draw_photographs(tmp_path / "album", 3)
    (tmp_path / "atlas.toml").write_text(OWN)
    quick = [each for each in QUICK if each not in ("--recipe", "article")]

    def command(name: str, *options: str, run: str = "run") -> int:
        config = ["--config", str(tmp_path / "atlas.toml"), "--run", str(tmp_path / run)]
        site = ["--site", str(tmp_path / f"{run}-site")] if name == "build" else []
        probe = [] if "--probe" in options else ["--probe", str(tmp_path / "album")]
        return main([name, *quick, *config, *site, *probe, *options])

    return command


def spectrum_of(album: Path) -> np.ndarray:
    """The mean amplitude of the waves of photographs, by axis and whole cycles an image."""
    probe, side = open_probe_set(str(album)), 224
    axes = np.array(COLOR_AXES) / np.sqrt((np.array(COLOR_AXES) ** 2).sum(0).max())
    cycles = np.hypot(*np.meshgrid(*[np.fft.fftfreq(side) * side] * 2)).round().astype(int)
    found = []
    for index in range(len(probe)):
        colors = (probe.image(index) / 255).clip(DARKEST, 1 - DARKEST)
        logit = np.log(colors / (1 - colors)) @ np.linalg.inv(axes).T
        amplitudes = np.abs(np.fft.fft2(logit, axes=(0, 1), norm="forward"))
        found.append([amplitudes[cycles == k].mean(0) for k in range(side // 2 + 1)])
    return np.mean(found, 0).T


def test_the_pictures_have_the_waves_of_the_photographs(
    call: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, given = maximize.maximize_chunk, []

    def spy(*arguments: Any, **options: Any) -> Any:
        given.append((options["recipe"].basis, options["axes"].spectrum))
        return make(*arguments, **options)

    monkeypatch.setattr(maximize, "maximize_chunk", spy)
    assert call("build") == 0
    run = Run(tmp_path / "run")
    refuse_damage(run)
    table = run.table("spectrum")
    kept = table.pivot(index="axis", columns="frequency", values="amplitude").to_numpy()
    assert kept.shape == (3, 113)
    assert {basis for basis, _ in given} == {"pixels", "phases"}
    for basis, spectrum in given:
        assert spectrum is None if basis == "pixels" else np.array_equal(spectrum, kept)
    np.testing.assert_allclose(kept, spectrum_of(tmp_path / "album"), rtol=1e-4)
    about = (tmp_path / "run-site" / "about.html").read_text()
    assert "how strong each wave is stays as it is in natural images" in about
    assert "cut to as little as 50 % of its side" in about
    assert "; the last step sees the picture itself" in about


def test_the_same_build_in_parts_leaves_the_same_bytes(
    call: Callable[..., int], tmp_path: Path
) -> None:
    assert call("build") == 0
    for command in ("rank", "maximize", "examine", "relate"):
        assert call(command, run="parts") == 0
    whole, parts = (contents(tmp_path / name) for name in ("run", "parts"))
    assert "spectrum.csv" in whole
    assert {name: data for name, data in parts.items() if name.startswith("units/")} == {
        name: data for name, data in whole.items() if name.startswith("units/")
    }
    assert parts["spectrum.csv"] == whole["spectrum.csv"]


def test_a_run_ranked_without_it_says_what_makes_it(
    call: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("rank", "--recipe", "article") == 0
    assert not (tmp_path / "run" / "spectrum.csv").exists()
    assert call("maximize") == 1
    assert "has no spectrum.csv; 'atlas rank' makes it" in capsys.readouterr().err
    assert call("rank") == 0 and call("maximize") == 0


def test_a_damaged_one_is_made_again(call: Callable[..., int], tmp_path: Path) -> None:
    assert call("rank") == 0
    path = tmp_path / "run" / "spectrum.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert call("rank") == 0
    assert path.read_bytes() == whole


@pytest.mark.parametrize("change", ["gap", "one", "order"])
def test_frequencies_that_cannot_be_are_damage(
    call: Callable[..., int], tmp_path: Path, change: str
) -> None:
    assert call("rank") == 0
    path = tmp_path / "run" / "spectrum.csv"
    whole, table = path.read_bytes(), pd.read_csv(path)
    changed = {"gap": table.drop(5), "one": table[:1], "order": table[::-1]}[change]
    path.write_text(changed.to_csv(index=False))
    (tmp_path / "run" / "digests.json").unlink()  # of an older atlas
    assert call("rank") == 0
    assert path.read_bytes() == whole


def test_stimuli_are_no_natural_images(call: Callable[..., int], tmp_path: Path) -> None:
    assert call("rank", "--probe", "stimuli") == 0 and call("maximize", "--probe", "stimuli") == 0
    assert not (tmp_path / "run" / "spectrum.csv").exists()
