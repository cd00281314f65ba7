"""Tiles: a small picture of every unit, made whole, kept, found damaged, shown."""

import csv
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.small_build import Colors, Small, contents, draw_photographs, shrink

from atlas import RECIPES, load_network
from atlas._system.images import to_8bit
from atlas.build import resources, tiles
from atlas.cli import main
from atlas.examine import similarity_judge
from atlas.maximize.loop import maximize_chunk
from atlas.network.sizes import Sizes
from atlas.rank.tables import scales
from atlas.run import tiles as run_tiles
from atlas.run.folder import Run
from atlas.run.plan import Item
from atlas.run.tiles import missing_tiles, read_tile_file, read_tiles, write_tiles
from atlas.target import Picture, Target

Build = Callable[..., int]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    shrink(monkeypatch)
    monkeypatch.setattr(similarity_judge, "SimilarityJudge", Colors)
    (tmp_path / "photographs").mkdir()
    draw_photographs(tmp_path / "photographs", 12)

    def call(name: str, *options: str, command: str = "build") -> int:
        asked = ["--top", "1", "--recipe", "article", "--upscales", "1", "--steps", "2"]
        asked += ["--batch", "2", "--device", "cpu", "--precision", "float32", "--quiet"]
        folders = ["--run", str(tmp_path / name)]
        if command == "build":
            folders += ["--site", str(tmp_path / f"{name}-site")]
        probe = ["--probe", str(tmp_path / "photographs")]
        return main([command, *asked, *probe, *folders, *options])

    return call


def test_every_unit_has_a_tile_that_is_clear_stopped_at_100_pixels(
    build: Build, tmp_path: Path
) -> None:
    assert build("run", "--tiles") == 0
    run = Run(tmp_path / "run")
    found = {layer: list(read_tiles(run, layer)) for layer in ("conv1", "conv2")}
    assert {layer: [tile.unit for tile in each] for layer, each in found.items()} == {
        "conv1": [0, 1, 2, 3],
        "conv2": [0, 1, 2],
    }
    network = resources.load_network("googlenet", "auto")
    scale = scales(run.table("strongest"))
    pair = [Target("conv1", 2), Target("conv1", 3)]
    own = [scale[target.layer, target.unit] for target in pair]
    made = maximize_chunk(network, pair, RECIPES["clear"], 0, scales=own, until=100)
    for tile, picture in zip(found["conv1"][2:], made, strict=True):
        assert tile.pixels.shape == (100, 100, 3) and tile.status == picture.status
        difference = np.abs(tile.pixels.astype(int) - to_8bit(picture.image).astype(int))
        assert difference.max() <= 1


def test_tiles_extend_a_finished_run_and_change_nothing_else(build: Build, tmp_path: Path) -> None:
    assert build("run") == 0
    before, site = contents(tmp_path / "run"), contents(tmp_path / "run-site")
    assert build("run", "--tiles") == 0
    after = contents(tmp_path / "run")
    assert after.keys() - before.keys() == {
        "units/clear/conv1/tiles/0000-0001.npz",
        "units/clear/conv1/tiles/0002-0003.npz",
        "units/clear/conv2/tiles/0000-0001.npz",
        "units/clear/conv2/tiles/0002-0002.npz",
    }
    assert {name for name in before if after[name] != before[name]} == {
        "run.json",
        "relations.json",
    }
    assert build("run", "--tiles", "0") == 0
    with_tiles = contents(tmp_path / "run-site")
    unchanged = {name for name in site if with_tiles[name] == site[name]}
    assert "images/article/conv1" in {name.rpartition("/")[0] for name in unchanged}


def test_tiles_that_were_interrupted_go_on_to_the_same_bytes(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build("whole", "--tiles") == 0
    make, calls = tiles.maximize_chunk, []

    def interrupted(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return make(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(tiles, "maximize_chunk", interrupted)
        patch.setattr(resources, "choose_workers", lambda *_: 1)
        assert build("run", "--tiles") == 130
    assert len(list((tmp_path / "run").rglob("*.npz"))) == 2
    assert build("run", "--tiles") == 0
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")
    assert contents(tmp_path / "run-site") == contents(tmp_path / "whole-site")


def test_tiles_are_made_in_halves_where_the_memory_does_not_hold_them(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = tiles.maximize_chunk

    def starved(network, targets, *arguments, **options):
        if len(targets) > 1:
            raise MemoryError
        return make(network, targets, *arguments, **options)

    monkeypatch.setattr(tiles, "maximize_chunk", starved)
    assert build("run", "--tiles") == 0
    assert len(list((tmp_path / "run").rglob("*.npz"))) == 7
    assert not missing_tiles(Run(tmp_path / "run"), "conv1", 4, 2)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_bits_are_flipped_tiles_are_those_written_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    run = Run(tmp_path_factory.mktemp("run"))
    chunk = [Item("clear", "conv1", unit) for unit in range(2)]
    image = np.full((3, 8, 8), 0.5, np.float32)
    picture = Picture(chunk[0].target, 0, 0, "ok", image, np.ones(1), {"activation": 1.0}, [])
    write_tiles(run, chunk, [picture, picture])
    (path,) = (run.path / "units/clear/conv1/tiles").iterdir()
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, 8 * len(content) - 1), min_size=1, max_size=3)):
        content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)
    try:
        found = read_tile_file(path)
    except ValueError:
        return
    assert all((tile.pixels == 128).all() and tile.status == "ok" for tile in found)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "another's", "odd name"])
def test_damaged_tiles_are_named_and_made_again(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    assert build("run", "--tiles") == 0
    whole = contents(tmp_path / "run")
    path = tmp_path / "run/units/clear/conv1/tiles/0000-0001.npz"
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 0xFF
    elif damage == "another's":
        data = bytearray(path.with_name("0002-0003.npz").read_bytes())
    elif damage == "odd name":
        path = path.rename(path.with_name("mine.npz"))
    path.write_bytes(data[: {"cut": 1000, "empty": 0}.get(damage, len(data))])
    capsys.readouterr()
    assert main(["render", "--run", str(tmp_path / "run"), "--site", str(tmp_path / "s")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert path.name in line and "maximize --tiles" in line
    assert build("run", "--tiles") == 0
    assert contents(tmp_path / "run") == whole


def test_the_layers_page_shows_a_tile_of_every_unit(build: Build, tmp_path: Path) -> None:
    assert build("run", "--tiles") == 0
    site = tmp_path / "run-site"
    page = (site / "layers/conv1.html").read_text()
    for unit in range(4):
        name = f"images/tiles/conv1/{unit:04d}.webp"
        assert page.count(f'src="../{name}"') == 1
        with Image.open(site / name) as tile:
            assert tile.size == (100, 100)
    rows = list(csv.DictReader((site / "data/units.csv").read_text().splitlines()))
    assert {row["tile"] for row in rows if row["layer"] == "conv2"} == {
        f"images/tiles/conv2/{unit:04d}.webp" for unit in range(3)
    }
    described = json.loads((site / "data/atlas.json").read_text())
    assert [layer["tiles"] for layer in described["layers"]] == [4, 3]


def test_tiles_of_another_clear_are_made_again_and_shown_until_then(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build("run", "--tiles") == 0
    whole = contents(tmp_path / "run")
    changed = {**RECIPES, "clear": replace(RECIPES["clear"], jitter=3)}
    with monkeypatch.context() as patch:
        for module in (tiles, run_tiles):
            patch.setattr(module, "RECIPES", changed)
        folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "run-site")]
        assert main(["render", *folders, "--quiet"]) == 0
        assert build("run", "--tiles") == 0
        again = contents(tmp_path / "run")
        name = "units/clear/conv1/tiles/0000-0001.npz"
        assert again.keys() == whole.keys() and again[name] != whole[name]
    assert build("run", "--tiles") == 0
    assert contents(tmp_path / "run") == whole


def test_tiles_from_before_a_constant_there_is_now_stay(tmp_path: Path) -> None:
    run, folder = Run(tmp_path), tmp_path / "units" / "clear" / "conv1" / "tiles"
    folder.mkdir(parents=True)
    known = asdict(RECIPES["clear"])
    older = {name: value for name, value in known.items() if name not in ("pad", "noise")}
    for first, kept in enumerate(
        (json.dumps(known), json.dumps(older), json.dumps({"pad": 2}), "[", '{"shine": 1}', "3")
    ):
        np.savez(folder / f"{first:04d}-{first:04d}.npz", recipe=np.array(kept))
    stale = [int(path.stem[:4]) for path in run_tiles.stale_files(run, "conv1")]
    assert stale == [2, 3, 4, 5]


def test_tiles_from_before_a_constant_was_known_stay(build: Build, tmp_path: Path) -> None:
    assert build("run", "--tiles") == 0
    run, path = Run(tmp_path / "run"), tmp_path / "run/units/clear/conv1/tiles/0000-0001.npz"
    with np.load(path, allow_pickle=False) as kept:
        columns = dict(kept)
    known = json.loads(columns["recipe"].item())
    del known["sign"], known["position"]
    for recipe, stale in ((known, []), (known | {"jitter": 3}, [path]), ({"jiter": 3}, [path])):
        archive: Any = columns | {"recipe": np.array(json.dumps(recipe))}
        np.savez(path, **archive)
        assert run_tiles.stale_files(run, "conv1") == stale


def test_networks_that_take_only_large_images_have_larger_tiles() -> None:
    assert [run_tiles.tile_side(Sizes(smallest)) for smallest in (1, 100, 101, 200)] == [
        100,
        100,
        126,
        249,
    ]


def test_the_method_page_gives_the_command_with_tiles(build: Build, tmp_path: Path) -> None:
    assert build("run", "--tiles") == 0
    assert "--tiles=yes" in (tmp_path / "run-site/about.html").read_text()


def test_by_default_tiles_are_made_on_a_gpu_alone(build: Build, tmp_path: Path) -> None:
    assert build("run") == 0
    assert not list((tmp_path / "run").rglob("*.npz"))
    assert "tile" not in (tmp_path / "run-site/layers/conv1.html").read_text()
    assert load_network(Small()).device.type == "cpu"
