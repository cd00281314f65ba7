"""A build goes round by round: a whole site after each, and in the end what one go gives."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from support.small_build import Colors, contents, draw_photographs, shrink

from atlas.build import maximize, render
from atlas.cli import main
from atlas.examine import similarity_judge
from atlas.network.sizes import Sizes
from atlas.recipe import RECIPES, Recipe
from atlas.render.site_check import check_site
from atlas.run import rounds
from atlas.run.rounds import Round, all_rounds

ASKED = ["--top", "2", "--recipe", "clear,article", "--upscales", "3", "--steps", "2"]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink(monkeypatch)
    monkeypatch.setattr(similarity_judge, "SimilarityJudge", Colors)
    monkeypatch.setattr(rounds, "FIRST_LOOK", {"article": 29, "clear": 80})


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "photographs").mkdir()
    draw_photographs(tmp_path / "photographs", 60)
    return [*ASKED, "--batch", "2", "--device", "cpu", "--probe", str(tmp_path / "photographs")]


def where(tmp_path: Path, name: str, site: bool = True) -> list[str]:
    folders = ["--run", str(tmp_path / name)]
    return [*folders, "--site", str(tmp_path / f"{name}-site")] if site else folders


def sides(run: Path) -> dict[str, set[int]]:
    """Sides in pixels of the pictures of each recipe."""
    found: dict[str, set[int]] = {}
    for record in run.glob("units/*/*/*.json"):
        found.setdefault(record.parts[-3], set()).add(json.loads(record.read_bytes())["size"])
    return found


def test_first_all_recipes_are_looked_at_and_then_they_are_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounds, "FIRST_LOOK", {"article": 74})
    asked = {"clear": RECIPES["clear"], "article": RECIPES["article"]}
    assert all_rounds(asked, Sizes(15)) == [
        Round("clear", 100),
        Round("article", 74),
        Round("clear", 249),
        Round("article", 249),
    ]
    tiny, large = Recipe(upscales=3), Recipe(start_size=200, upscales=2)
    assert all_rounds({"tiny": tiny, "large": large}, Sizes(15)) == [
        Round("tiny", 32),
        Round("large", 220),
    ]


def test_after_each_round_the_site_is_whole_and_says_what_grows(
    tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    make, seen = render.render_site, []

    def look(run, site: Path, **others) -> None:
        make(run, site, **others)
        check_site(site)
        page = next((site / "units" / "conv2").iterdir()).read_text()
        growing = re.findall(
            r'<span class="stage-shown">(\d+) of (\d+) pixels, still growing', page
        )
        notice = re.search(r"(\d+) of (\d+) pictures are not at their last size", page)
        seen.append((sides(tmp_path / "run"), growing, notice and notice.groups()))

    monkeypatch.setattr(render, "render_site", look)
    assert main(["build", *options, *where(tmp_path, "run")]) == 0
    last = {"clear": 126, "article": 32}
    assert seen == [
        ({"clear": {80}}, [("80", "126")], ("4", "4")),
        ({"clear": {80}, "article": {29}}, [("80", "126"), ("29", "32")], ("8", "8")),
        ({"clear": {126}, "article": {29}}, [("29", "32")], ("4", "8")),
        ({name: {side} for name, side in last.items()}, [], None),
    ]
    said = capsys.readouterr().err
    assert re.findall(r"round (\d) of 4 goes on \((\w+) to (\d+) pixels, about", said) == [
        ("2", "article", "29"),
        ("3", "clear", "126"),
        ("4", "article", "32"),
    ]


def test_rounds_and_one_go_give_the_same_bytes(tmp_path: Path, options: list[str]) -> None:
    assert main(["build", *options, *where(tmp_path, "rounds"), "--quiet"]) == 0
    once = where(tmp_path, "once", site=False)
    assert main(["rank", *options, *once, "--quiet"]) == 0
    for stage in ("maximize", "examine", "relate"):
        assert main([stage, *once, "--quiet"]) == 0
    assert main(["render", *where(tmp_path, "once"), "--quiet"]) == 0
    assert contents(tmp_path / "rounds") == contents(tmp_path / "once")
    assert contents(tmp_path / "rounds-site") == contents(tmp_path / "once-site")
    assert not (tmp_path / "rounds" / "growing").exists()


def test_one_go_finishes_what_a_round_began(
    tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["build", *options, *where(tmp_path, "whole"), "--quiet"]) == 0
    make, calls = render.render_site, []

    def interrupted(run, site: Path, **others) -> None:
        make(run, site, **others)
        calls.append(site)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(render, "render_site", interrupted)
        assert main(["build", *options, *where(tmp_path, "run"), "--quiet"]) == 130
    assert len(list((tmp_path / "run" / "growing").iterdir())) == 4
    chunk, steps = maximize.maximize_chunk, []

    def counted(*arguments, progress, **others):
        def tell(pixels: int) -> None:
            steps.append(pixels)
            progress(pixels)

        return chunk(*arguments, progress=tell, **others)

    monkeypatch.setattr(maximize, "maximize_chunk", counted)
    assert main(["build", *options, *where(tmp_path, "run"), "--quiet"]) == 0
    assert len(steps) == 2 * 2 * (2 + 2), "the sizes of the first look are not climbed again"
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")
    assert contents(tmp_path / "run-site") == contents(tmp_path / "whole-site")


def test_a_lost_picture_grows_again_and_its_finished_neighbors_stay(
    tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["build", *options, *where(tmp_path, "run"), "--quiet"]) == 0
    whole = contents(tmp_path / "run")
    lost = sorted((tmp_path / "run" / "units" / "article" / "conv1").glob("*.json"))[0]
    lost.unlink()
    make, seen = render.render_site, []

    def look(run, site: Path, **others) -> None:
        make(run, site, **others)
        seen.append(sides(tmp_path / "run")["article"])

    monkeypatch.setattr(render, "render_site", look)
    assert main(["build", *options, *where(tmp_path, "run"), "--quiet"]) == 0
    assert seen[-2:] == [{29, 32}, {32}]
    assert contents(tmp_path / "run") == whole


def test_a_kept_state_that_is_damaged_is_made_again(
    tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["build", *options, *where(tmp_path, "whole"), "--quiet"]) == 0
    make = render.render_site

    def damaging(run, site: Path, **others) -> None:
        make(run, site, **others)
        for file in (tmp_path / "run").glob("growing/*.npz"):
            data = np.frombuffer(file.read_bytes(), np.uint8).copy()
            data[len(data) // 2] ^= 0xFF
            file.write_bytes(data.tobytes())

    monkeypatch.setattr(render, "render_site", damaging)
    assert main(["build", *options, *where(tmp_path, "run"), "--quiet"]) == 0
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")
