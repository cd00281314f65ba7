"""What people call things: kept in a run, shown on its pages, and no part of what identifies it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
import torch
from support.small_build import QUICK, contents, draw_photographs, shrink
from torch import nn

from atlas.build.build import build
from atlas.cli import main
from atlas.network.network import Network
from atlas.render.reading import read_catalog
from atlas.run.classes import class_names, image_classes
from atlas.run.folder import Run
from atlas.run.notes import kept_notes
from atlas.settings import Settings

Atlas = Callable[..., str]


@pytest.fixture
def atlas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Atlas:
    """Call the program over ``run`` and ``site`` and a folder of photographs of two classes."""
    shrink(monkeypatch)
    monkeypatch.chdir(tmp_path)
    for name in ("Arabian camel", "b&w"):
        (tmp_path / "album" / name).mkdir(parents=True)
        draw_photographs(tmp_path / "album" / name, 3)

    def call(command: str, *options: str, code: int = 0) -> str:
        own = [*QUICK, "--probe", "album"] if command in ("build", "rank") else ["--quiet"]
        own += ["--run", "run", *(["--site", "site"] if command in ("build", "render") else [])]
        assert main([command, *own, *options]) == code
        return capsys.readouterr().err

    return call


def pages(folder: Path, kind: str = "units") -> str:
    found = sorted((folder / "site" / kind).rglob("*.html"))
    return unescape("".join(path.read_text("utf-8") for path in found))


def test_strongest_images_are_called_by_the_folders_they_lie_in(
    atlas: Atlas, tmp_path: Path
) -> None:
    atlas("build")
    run = Run(tmp_path / "run")
    assert {*image_classes(run).values()} == {"Arabian camel", "b&w"}
    shown = pages(tmp_path)
    assert re.search(r'<p title="\d.png">Arabian camel, <span class="value">[\d.]+</span>', shown)
    assert 'class="file"' not in shown


def test_other_labels_go_on_with_the_run_and_are_kept(atlas: Atlas, tmp_path: Path) -> None:
    atlas("build")
    run = Run(tmp_path / "run")
    identity, pictures = run.settings().identity, contents(tmp_path / "run" / "units")
    labels = pd.DataFrame({"layer": ["conv1"], "unit": 1, "kind": "class", "place": 1,
                           "label": "b&w", "auc": 0.9, "images": 2})  # fmt: skip
    run.write_table("labels", labels)
    atlas("rank")
    assert run.has("labels.csv"), "the images have the classes they had"
    (tmp_path / "own.csv").write_text("image,label\nb&w/1.png,zebra\n")
    atlas("build", "--labels", "own.csv")
    assert "b&w" not in run.table("labels")["label"].tolist(), "they were of other classes"
    assert run.settings().identity == identity
    assert contents(tmp_path / "run" / "units") == pictures
    for _ in range(2):
        assert image_classes(run) == {"b&w/1.png": "zebra"}
        shown = pages(tmp_path)
        assert "zebra, <span" in shown and "Arabian" not in shown
        assert 'title="0.png"><span class="file">0.png</span>' in shown
        (tmp_path / "own.csv").unlink(missing_ok=True)
        atlas("build")  # without naming the file again
    assert "--labels own.csv" in unescape((tmp_path / "site" / "about.html").read_text())


def test_labels_that_do_not_fit_are_refused_before_anything_is_computed(
    atlas: Atlas, tmp_path: Path
) -> None:
    (tmp_path / "own.csv").write_text("image,label\nb&w/9.png,zebra\n")
    line = atlas("build", "--labels", "own.csv", code=2)
    assert line == "atlas: own.csv, line 2: the probe set has no image 'b&w/9.png'\n"
    assert not (tmp_path / "run" / "run.json").exists()


def test_only_strong_labels_are_shown_the_best_first(atlas: Atlas, tmp_path: Path) -> None:
    atlas("build", "--top", "all")
    run = Run(tmp_path / "run")
    rows = [("class", 1, "camel", 0.81), ("class", 2, "cup", 0.79), ("family", 1, "noise", 0.95)]
    run.write_table(
        "labels",
        pd.DataFrame(
            [("conv1", 3, *row, 30) for row in rows],
            columns=["layer", "unit", "kind", "place", "label", "auc", "images"],
        ),
    )
    units = {unit.name: unit for unit in read_catalog(run).pictured}
    assert [(label.label, label.auc) for label in units["conv1:3"].labels] == [
        ("noise", 0.95),
        ("camel", 0.81),
    ]
    assert units["conv1:2"].labels == []


def test_units_of_a_classifier_are_called_by_their_classes(atlas: Atlas, tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 7, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    network = Network(nn.Sequential(*layers, nn.Linear(4, 3)))
    (tmp_path / "classes.txt").write_text("tench\ngolden retriever\n<b>boldly</b>\n")
    settings = Settings(
        probe="album", layers=("0", "4"), run="run", site="site", classes="classes.txt",
        recipe=("article",), upscales=1, steps=1, top=None,
    )  # fmt: skip
    build(settings, network=network)
    described = Run(tmp_path / "run").network().layers
    assert {layer.name: layer.classifies for layer in described} == {"0": False, "4": True}
    page = (tmp_path / "site" / "units" / "4" / "0001.html").read_text("utf-8")
    heading = re.search("<h1>.*</h1>", page)
    assert heading and re.sub("<.*?>", "", heading[0]) == "4 1 golden retriever"
    assert "<title>4 unit 1 golden retriever" in page
    layer = (tmp_path / "site" / "layers" / "4.html").read_text("utf-8")
    assert layer.count("&lt;b&gt;boldly&lt;/b&gt;") >= 3 and "<b>boldly" not in layer
    assert ">0 tench</a>" in layer
    first = (tmp_path / "site" / "layers" / "0.html").read_text("utf-8")
    assert "tench" not in re.sub("<script.*?</script>", "", first), "but in what Go to knows"
    atlas_json = json.loads((tmp_path / "site" / "data" / "atlas.json").read_text("utf-8"))
    assert {unit["class"] for unit in atlas_json["layers"][1]["pictures"]} == {
        "tench", "golden retriever", "<b>boldly</b>",
    }  # fmt: skip
    build(replace(settings, classes=None), network=network)
    assert class_names(Run(tmp_path / "run"))[0] == "tench", "a run keeps them"


def test_classes_of_a_network_that_tells_none_are_refused(atlas: Atlas, tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("tench\n")
    line = atlas("rank", "--classes", "classes.txt", code=2)
    assert "gives no row of numbers for an image, and so no classes" in line
    assert "--classes" in line


def test_notes_are_merged_into_the_run_and_over_it_in_a_render(
    atlas: Atlas, tmp_path: Path
) -> None:
    run, first, second = Run(tmp_path / "run"), tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("layer,unit,text\nconv2,1,dark\nconv1,2,edges\n")
    second.write_text("layer,unit,text\nconv1,2,bars\nconv1,0,red\n")
    atlas("build", "--notes", "first.csv", "--top", "all")
    assert kept_notes(run) == {("conv1", 2): "edges", ("conv2", 1): "dark"}
    assert "notes" not in run.settings().asked
    before = contents(tmp_path / "run")
    atlas("render", "--notes", "second.csv")
    assert contents(tmp_path / "run") == before
    units = {unit.name: unit.note for unit in read_catalog(run, second).pictured}
    assert (units["conv1:2"], units["conv1:0"], units["conv2:1"]) == ("bars", "red", "dark")
    assert units["conv1:1"] is None
    atlas("rank", "--notes", "second.csv")
    assert [*kept_notes(run).items()] == [
        (("conv1", 0), "red"),
        (("conv1", 2), "bars"),
        (("conv2", 1), "dark"),
    ]


def test_notes_of_no_unit_of_the_run_are_refused(atlas: Atlas, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("layer,unit,text\nconv1,4,x\n")
    line = atlas("build", "--notes", "notes.csv", code=2)
    assert "notes.csv, line 2: conv1 has no unit '4'" in line
    assert not (tmp_path / "run" / "activations.csv").exists(), "before anything is computed"
    atlas("build")
    assert "conv1 has no unit '4'" in atlas("render", "--notes", "notes.csv", code=2)


def test_notes_changed_by_hand_in_the_run_stay_and_wrong_ones_are_not_removed(
    atlas: Atlas, tmp_path: Path
) -> None:
    kept = tmp_path / "run" / "notes.csv"
    (tmp_path / "notes.csv").write_text("layer,unit,text\nconv1,1,x\n")
    atlas("build", "--notes", "notes.csv")
    kept.write_text("layer,unit,text\nconv1,1,changed\n")
    atlas("build")
    assert kept_notes(Run(tmp_path / "run")) == {("conv1", 1): "changed"}
    kept.write_text("layer,unit,text\nconv1,9,changed\n")
    for command in ("build", "render"):
        line = atlas(command, code=1)
        assert "run/notes.csv is damaged" in line and "mend it, or delete it" in line
    assert kept.exists()
