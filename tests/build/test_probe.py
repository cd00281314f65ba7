"""What a run is ranked on when nobody says: decided once, said, and kept."""

import html
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.imagenette import cut_cable, served
from support.small_build import QUICK, contents, draw_photographs, shrink

from atlas.cli import main

LOUD = [option for option in QUICK if option != "--quiet"]


@pytest.fixture(autouse=True)
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Imagenette can be had, from this machine, and is not cached."""
    shrink(monkeypatch)
    with served(tmp_path, monkeypatch):
        yield


@pytest.fixture
def offline() -> Iterator[pytest.MonkeyPatch]:
    """No server can be reached; ``undo`` and the network is back."""
    with pytest.MonkeyPatch.context() as patch:
        cut_cable(patch)
        yield patch


Atlas = Callable[..., list[str]]


@pytest.fixture
def atlas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Atlas:
    """Call the program over ``run`` and ``site``; returns the lines that it said."""

    def call(command: str, *options: str, code: int = 0) -> list[str]:
        folders = ["--run", str(tmp_path / "run")]
        folders += ["--site", str(tmp_path / "site")] if command in ("build", "render") else []
        assert main([command, *folders, *options]) == code
        return capsys.readouterr().err.splitlines()

    return call


def settings(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run" / "run.json").read_text())


def about(folder: Path) -> str:
    return html.unescape((folder / "site" / "about.html").read_text("utf-8"))


def test_offline_a_run_is_ranked_by_stimuli_says_so_once_and_keeps_to_it(
    atlas: Atlas, tmp_path: Path, offline: pytest.MonkeyPatch
) -> None:
    said = atlas("build", *LOUD)
    (notice,) = [line for line in said if "Imagenette" in line]
    kept = settings(tmp_path)
    (warning,) = kept["warnings"]
    assert notice == f"NOTICE: {warning}" and "ranked by drawn stimuli" in warning
    assert (kept["asked"]["probe"], kept["probe"]["kind"]) == ("auto", "stimuli")
    assert about(tmp_path).count(warning) == 1
    assert "--probe stimuli" in about(tmp_path), "what makes it again wherever one is"
    before = contents(tmp_path / "run")
    offline.undo()  # the network is back
    assert [line for line in atlas("build", *LOUD) if "Imagenette" in line] == [notice]
    assert contents(tmp_path / "run") == before
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_online_a_run_is_ranked_by_photographs_which_its_pages_show(
    atlas: Atlas, tmp_path: Path
) -> None:
    said = atlas("build", *LOUD)
    assert any(line.startswith("download: 0 of 1 MiB") for line in said)
    kept = settings(tmp_path)
    assert (kept["asked"]["probe"], kept["probe"]["name"]) == ("auto", "imagenette-160")
    assert kept["warnings"] == [] and kept["probe"]["fallback"] is None
    assert "--probe imagenette-160" in about(tmp_path)
    pages = list((tmp_path / "site" / "units").rglob("*.html"))
    assert pages and all("images/probe/0000" in page.read_text("utf-8") for page in pages)
    assert len(list((tmp_path / "site" / "images" / "probe").iterdir())) == 2


def test_a_run_of_photographs_goes_on_offline_while_they_are_cached_and_else_not(
    atlas: Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atlas("build", *LOUD)
    before = contents(tmp_path / "run"), contents(tmp_path / "site")
    cut_cable(monkeypatch)
    atlas("build", *LOUD)
    assert (contents(tmp_path / "run"), contents(tmp_path / "site")) == before
    shutil.rmtree(tmp_path / "cache")
    (line,) = atlas("build", *LOUD, code=1)
    assert "cannot download Imagenette" in line
    assert contents(tmp_path / "run") == before[0]


def test_a_site_is_made_without_the_photographs_when_they_are_not_cached(
    atlas: Atlas, tmp_path: Path
) -> None:
    atlas("build", *QUICK)
    shutil.rmtree(tmp_path / "cache")
    (said,) = [line for line in atlas("render") if "strongest" in line]
    assert "imagenette-160 is not in the cache" in said and "atlas rank" in said
    assert not list((tmp_path / "site").rglob("images/probe/*"))
    assert not (tmp_path / "cache").exists(), "a site is made without the network"
    atlas("rank", *QUICK)
    assert not [line for line in atlas("render") if "strongest" in line]
    assert len(list((tmp_path / "site").rglob("images/probe/*"))) == 2


def test_a_run_of_another_probe_set_is_not_gone_on_with_unless_it_is_named(
    atlas: Atlas, tmp_path: Path
) -> None:
    (tmp_path / "album").mkdir()
    draw_photographs(tmp_path / "album", 3)
    atlas("rank", *QUICK, "--probe", str(tmp_path / "album"))
    before = contents(tmp_path / "run")
    (line,) = atlas("rank", *QUICK, code=1)
    assert "'album'" in line and "--probe" in line and "--run" in line
    assert contents(tmp_path / "run") == before and not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("first", "other"), [("imagenette", "imagenette-160"), ("stimuli", "imagenette")]
)
def test_auto_goes_on_with_what_was_named_and_another_name_is_refused(
    atlas: Atlas, tmp_path: Path, first: str, other: str
) -> None:
    atlas("rank", *QUICK, "--probe", first)
    before = settings(tmp_path)["probe"]
    atlas("rank", *QUICK)
    assert settings(tmp_path)["probe"] == before
    (line,) = atlas("rank", *QUICK, "--probe", other, code=1)
    assert "was made with other probe" in line


def test_a_run_from_before_strongest_stimuli_is_gone_on_with_and_ranked_again_for_them(
    atlas: Atlas, tmp_path: Path
) -> None:
    atlas("build", *QUICK)
    whole = contents(tmp_path / "run"), contents(tmp_path / "site")
    (tmp_path / "run" / "strongest_stimuli.csv").unlink()
    for name, of_then in (("run", lambda kept: kept.pop("stimuli")), ("digests", dict.clear)):
        path = tmp_path / "run" / f"{name}.json"
        kept = json.loads(path.read_text())
        of_then(kept)
        path.write_text(json.dumps(kept))
    for command in ("maximize", "examine", "relate", "render"):
        atlas(command, "--quiet")
    assert not (tmp_path / "site" / "images" / "stimuli").exists()
    atlas("build", *QUICK)
    assert (contents(tmp_path / "run"), contents(tmp_path / "site")) == whole
