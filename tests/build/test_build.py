"""A run: what is in it, that it goes on where it stopped, and that it always comes out the same."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from support.small_build import contents
from torchvision.models import get_model

from atlas._system import images
from atlas.build import evidence, maximize, resources, unit_statistics
from atlas.cli import main
from atlas.probe import stimuli

SCHEDULE = ["--recipe", "article", "--upscales", "2", "--steps", "2"]
SMALL = ["--layers", "conv1,conv2", "--top", "3", "--batch", "4", "--weights", "bundled", *SCHEDULE]


@pytest.fixture(scope="module", autouse=True)
def few_stimuli() -> Iterator[None]:
    """Every sixteenth stimulus: what they are is tested elsewhere, here that they are shown."""
    some = stimuli.battery()[::16]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stimuli, "battery", lambda: some)
        yield


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    generator = np.random.default_rng(0)
    for i in range(12):
        coarse = generator.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((256, 256)).save(folder / f"{i:02d}.png")
    (folder / "notes.txt").write_text("no image")
    return folder


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory, photographs: Path) -> Path:
    """A run with its ranking alone, to be copied."""
    run = tmp_path_factory.mktemp("ranked") / "run"
    assert main(["rank", *SMALL, "--probe", str(photographs), "--run", str(run), "--quiet"]) == 0
    return run


@pytest.fixture
def start(ranked: Path, photographs: Path, tmp_path: Path) -> Callable[..., int]:
    """Build or continue a run named by its folder in ``tmp_path``."""

    def call(name: str, *options: str, command: str = "build") -> int:
        run = tmp_path / name
        if not run.exists():
            shutil.copytree(ranked, run)
        given = [command, *SMALL, "--probe", str(photographs), "--run", str(run), "--quiet"]
        site = ["--site", str(tmp_path / f"{name}-site")] if command == "build" else []
        return main([*given, *site, *options])

    return call


def test_a_build_leaves_every_file_of_the_contract(start: Callable[..., int], tmp_path: Path):
    assert start("run") == 0
    run = tmp_path / "run"
    columns = {
        "probe": ["image"],
        "skipped": ["file", "reason"],
        "activations": ["layer", "unit", "mean", "std", "max", "active_fraction"],
        "ranking": ["layer", "rank", "unit", "mean"],
        "strongest": [
            *("layer", "unit", "place", "image", "mean", "peak", "row", "column", "rms"),
        ],
        "strongest_stimuli": ["layer", "unit", "place", "stimulus", "mean"],
        "examination": [
            *("recipe", "layer", "unit", "sample", "size", "mean", "rms", "gain_mean", "gain_rms"),
            *("z", "standing", "shift", "blur", "jpeg", "rescale", "slope", "alike"),
        ],
    }
    tables = {name: pd.read_csv(run / f"{name}.csv") for name in columns}
    assert {name: list(table.columns) for name, table in tables.items()} == columns
    assert len(tables["activations"]) == 64 + 64
    assert list(tables["ranking"]["rank"]) == [1, 2, 3, 1, 2, 3]
    assert len(tables["strongest"]) == len(tables["strongest_stimuli"]) == 128 * 9
    assert list(tables["skipped"]["file"]) == ["notes.txt"]
    assert len(tables["examination"]) == 6
    settings = json.loads((run / "run.json").read_text())
    assert settings["probe"]["images"] == 12
    assert settings["identity"]["seed"] == 0
    assert "Tiny ImageNet" in settings["weights"]["notice"]
    for layer, unit in tables["ranking"][["layer", "unit"]].itertuples(index=False):
        stem = run / "units" / "article" / layer / f"{unit:04d}"
        record = json.loads(Path(f"{stem}.json").read_text())
        assert (record["layer"], record["unit"], record["sample"]) == (layer, unit, 1)
        assert len(record["activations"]) == 3 * 2
        sizes = [(stage["upscale"], stage["size"]) for stage in record["stages"]]
        assert sizes == [(0, 28), (1, 29), (2, 30)]
        picture = images.decode_png(Path(f"{stem}.png").read_bytes())
        assert picture.shape == (30, 30, 3)
        growth = images.decode_png(Path(f"{stem}.stages.png").read_bytes())
        assert growth.shape == (30, 28 + 29 + 30, 4)
        assert (growth[:, 28 + 29 :, :3] == picture).all()
        assert (growth[28:, :28, 3] == 0).all()
    for layer in ("conv1", "conv2"):
        assert (run / "sheets" / "article" / f"{layer}.png").is_file()
        assert (tmp_path / "run-site" / "layers" / f"{layer}.html").is_file()
    assert (tmp_path / "run-site" / "index.html").is_file()


def test_the_same_build_twice_gives_the_same_bytes(start: Callable[..., int], tmp_path: Path):
    assert start("first") == 0
    assert start("second") == 0
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert contents(tmp_path / "first-site") == contents(tmp_path / "second-site")


def test_a_build_interrupted_and_continued_gives_the_bytes_of_an_undisturbed_one(
    start: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert start("undisturbed", "--batch", "1") == 0
    maximize_chunk = maximize.maximize_chunk
    chunks = 0

    def interrupted(*arguments, **options):
        nonlocal chunks
        chunks += 1
        if chunks == 4:
            raise KeyboardInterrupt
        return maximize_chunk(*arguments, **options)

    monkeypatch.setattr(maximize, "maximize_chunk", interrupted)
    monkeypatch.setattr(resources, "choose_workers", lambda *_: 2)
    assert start("disturbed", "--batch", "1") == 130
    made = list((tmp_path / "disturbed").rglob("units/**/*.json"))
    assert 2 <= len(made) < 6  # of the first three, one may have been in hand
    monkeypatch.undo()
    assert start("disturbed", "--batch", "1") == 0
    assert contents(tmp_path / "disturbed") == contents(tmp_path / "undisturbed")
    assert contents(tmp_path / "disturbed-site") == contents(tmp_path / "undisturbed-site")


def test_a_chunk_of_which_a_part_is_missing_is_made_again_whole(
    start: Callable[..., int], tmp_path: Path
):
    assert start("run") == 0
    whole = contents(tmp_path / "run")
    records = sorted((tmp_path / "run").rglob("units/**/*.json"))
    records[0].unlink()
    records[0].with_suffix(".png").unlink()
    assert start("run") == 0
    assert contents(tmp_path / "run") == whole


def test_a_finished_build_started_again_computes_nothing(
    start: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert start("run") == 0
    whole = contents(tmp_path / "run")

    def refuse(*arguments, **options):
        raise AssertionError("computed again")

    monkeypatch.setattr(maximize, "maximize_chunk", refuse)
    monkeypatch.setattr(unit_statistics, "measure", refuse)
    monkeypatch.setattr(evidence, "examine_pictures", refuse)
    assert start("run") == 0
    assert contents(tmp_path / "run") == whole


def test_more_units_and_layers_extend_a_run_and_leave_its_pictures(
    start: Callable[..., int], tmp_path: Path
):
    assert start("run") == 0
    before = contents(tmp_path / "run" / "units")
    assert start("run", "--top", "4", "--layers", "conv1,maxpool1") == 0
    after = contents(tmp_path / "run" / "units")
    assert before.items() <= after.items()
    layers = [Path(path).parts[1] for path in after if path.endswith(".json")]
    assert {layer: layers.count(layer) for layer in layers} == {
        "conv1": 4,
        "maxpool1": 4,
        "conv2": 3,
    }
    network = json.loads((tmp_path / "run" / "network.json").read_text())
    assert [(layer["name"], layer["pools"]) for layer in network["layers"]] == [
        ("conv1", None),
        ("maxpool1", "conv1"),
        ("conv2", None),
    ]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--seed", "1"], "seed"),
        (["--steps", "3"], "steps"),
        (["--precision", "float64"], "precision"),
        (["--probe", "stimuli"], "probe"),
    ],
)
def test_a_run_made_with_other_settings_is_refused_and_left_alone(
    start: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    named: str,
):
    assert start("run", command="rank") == 0
    before = contents(tmp_path / "run")
    assert start("run", *options) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert named in lines[0]
    assert contents(tmp_path / "run") == before


def test_chosen_units_are_maximized_instead_of_the_ranking(
    start: Callable[..., int], tmp_path: Path
):
    assert start("run", "--units", "conv2:5,conv1:60", "--samples", "2") == 0
    made = sorted(path.stem for path in (tmp_path / "run").rglob("units/**/*.json"))
    assert made == ["0005", "0005-2", "0060", "0060-2"]
    samples = [
        images.decode_png((tmp_path / f"run/units/article/conv2/{name}.png").read_bytes())
        for name in ("0005", "0005-2")
    ]
    assert (samples[0] != samples[1]).any()


def test_a_stage_alone_takes_what_it_is_not_told_from_the_run(
    start: Callable[..., int], ranked: Path, tmp_path: Path
):
    assert start("whole") == 0
    run = tmp_path / "stages"
    shutil.copytree(ranked, run)
    for command in ("maximize", "examine", "relate"):
        assert main([command, "--run", str(run), "--quiet"]) == 0
    assert main(["render", "--run", str(run), "--site", str(tmp_path / "site"), "--quiet"]) == 0
    assert contents(run) == contents(tmp_path / "whole")
    assert contents(tmp_path / "site") == contents(tmp_path / "whole-site")


def test_a_recipe_that_is_first_asked_for_after_ranking_is_the_runs(
    start: Callable[..., int], tmp_path: Path
):
    run, site = str(tmp_path / "run"), str(tmp_path / "site")
    assert start("run", "--units", "conv2:5,conv1:6", command="maximize") == 0
    before = (tmp_path / "run/units/article/conv2/0005.png").read_bytes()
    short = ["--upscales", "1", "--steps", "2"]
    asked = ["--units", "conv2:5,conv1:6", "--recipe", "clear", *short, "--run", run, "--quiet"]
    assert main(["maximize", *asked]) == 0
    for command in ("examine", "relate"):
        assert main([command, "--run", run, "--quiet"]) == 0
    assert main(["render", "--run", run, "--site", site, "--quiet"]) == 0
    assert (tmp_path / "run/units/article/conv2/0005.png").read_bytes() == before
    assert (tmp_path / "site/images/clear/conv2/0005.webp").is_file()


def test_a_run_keeps_the_batch_and_the_threads_it_began_with(
    start: Callable[..., int], tmp_path: Path
):
    assert start("run") == 0
    whole = contents(tmp_path / "run" / "units")
    shutil.rmtree(tmp_path / "run" / "units")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert start("run", "--batch", "2") == 0
    finally:
        torch.set_num_threads(threads)
    assert contents(tmp_path / "run" / "units") == whole


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("resnet18", ["relu", *(f"layer{i}.{j}" for i in (1, 2, 3, 4) for j in (0, 1))]),
        ("squeezenet1_1", [f"features.{i}" for i in (1, 3, 4, 6, 7, 9, 10, 11, 12)]),
    ],
)
def test_another_network_of_torchvision_makes_an_atlas(
    name: str, layers: list[str], photographs: Path, tmp_path: Path
):
    torch.manual_seed(0)
    torch.save(get_model(name, num_classes=5).state_dict(), tmp_path / "weights.pth")
    given = ["build", "--network", name, "--weights", str(tmp_path / "weights.pth")]
    given += [*SCHEDULE, "--probe", str(photographs), "--top", "1", "--quiet"]
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    assert main([*given, *folders]) == 0
    network = json.loads((tmp_path / "run" / "network.json").read_text())
    assert [layer["name"] for layer in network["layers"]] == layers
    for layer in layers:
        assert len(list((tmp_path / "run/units/article" / layer).glob("*.json"))) == 1
        assert (tmp_path / "site/layers" / f"{layer}.html").is_file()


def test_a_build_with_two_recipes_counts_activation_in_the_units_own_scale(
    start: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maximize_chunk, given = maximize.maximize_chunk, {}

    def spy(network, targets, recipe, seed, scales, **others):  # type: ignore[no-untyped-def]
        given.update(dict(zip(targets, scales, strict=True)))
        return maximize_chunk(network, targets, recipe, seed, scales=scales, **others)

    monkeypatch.setattr(maximize, "maximize_chunk", spy)
    own = tmp_path / "own.toml"
    own.write_text('[recipes.brief]\nbase = "clear"\nstart_size = 40\n')
    assert start("run", "--recipe", "article,clear,brief", "--config", str(own)) == 0
    run = tmp_path / "run"
    recipes = json.loads((run / "run.json").read_text())["identity"]["recipes"]
    assert list(recipes) == ["article", "clear", "brief"]
    assert recipes["brief"] == recipes["clear"] | {"start_size": 40}
    strongest = pd.read_csv(run / "strongest.csv").query("place == 1")
    means = dict(strongest.set_index(["layer", "unit"])["mean"])
    assert len(given) == 6
    for target, scale in given.items():
        assert scale == pytest.approx(means[target.layer, target.unit])
    for recipe, size in (("article", 30), ("clear", 100), ("brief", 63)):
        for path in (run / "units" / recipe).rglob("[0-9][0-9][0-9][0-9].png"):
            assert images.decode_png(path.read_bytes()).shape == (size, size, 3)
        assert len(list((run / "units" / recipe).rglob("*.json"))) == 6
