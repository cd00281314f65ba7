"""The evidence in a run: written, continued, and made anew where it is not what it should be."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.small_build import QUICK, contents, draw_photographs, shrink

from atlas.build import evidence
from atlas.cli import main
from atlas.examine.similarity_judge import SimilarityJudge
from atlas.probe.decoding import decode

PHOTOGRAPHS = 60


class Colors(SimilarityJudge):
    """A judge to whom images are alike that have the same colors."""

    def features(self, photographs: np.ndarray) -> np.ndarray:
        return photographs.mean((1, 2)).astype(np.float16)


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("album")
    draw_photographs(folder, PHOTOGRAPHS)
    whole = (folder / "0.png").read_bytes()
    (folder / "damaged.png").write_bytes(whole[: len(whole) // 2])  # found out when decoded
    return folder


@pytest.fixture
def start(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    shrink(monkeypatch)
    monkeypatch.setattr("atlas.examine.similarity_judge.SimilarityJudge", Colors)

    def call(*options: str, command: str = "build") -> int:
        given = [command, *QUICK, "--probe", str(album), "--run", str(tmp_path / "run")]
        site = ["--site", str(tmp_path / "site")] if command == "build" else []
        return main([*given, *site, *options])

    return call


def test_a_run_holds_the_tasks_the_judges_features_and_the_results(
    start: Callable[..., int], tmp_path: Path
) -> None:
    assert start() == 0
    run = tmp_path / "run"
    settings = json.loads((run / "run.json").read_text())
    lower, median, upper = settings["probe"]["slope"]
    assert lower <= median <= upper < 0
    assert settings["judge"] == SimilarityJudge().sha256
    assert np.load(run / "judge.npy").shape[0] == PHOTOGRAPHS
    tasks = pd.read_csv(run / "tasks.csv")
    assert set(tasks["strong"]) | set(tasks["weak"]) <= set(range(PHOTOGRAPHS))
    found = pd.read_csv(run / "identification.csv")
    assert list(found.columns) == ["recipe", "layer", "unit", "correct"]
    assert found["correct"].between(0, 1).all()
    key = ["layer", "unit"]
    photographs = found.loc[found["recipe"] == "photographs", key].to_numpy().tolist()
    assert photographs == tasks[key].drop_duplicates().to_numpy().tolist(), "by depth, then unit"
    alone = found.loc[found["recipe"] == "photograph"]
    assert alone[key].to_numpy().tolist() == photographs
    features, named = np.load(run / "judge.npy").astype(float), pd.read_csv(run / "probe.csv")
    strongest = pd.read_csv(run / "strongest.csv").query("place == 1").set_index(key)["image"]
    features /= np.sqrt((features**2).sum(1, keepdims=True))
    for layer, unit, share in alone[[*key, "correct"]].itertuples(index=False, name=None):
        own = tasks.query("layer == @layer and unit == @unit")
        shown = features[named["image"].tolist().index(strongest[layer, unit])]
        nearer = features[own["strong"]] @ shown - features[own["weak"]] @ shown
        assert share == pytest.approx(((1 + np.sign(nearer)) / 2).mean(), abs=1e-6)
    pictured = pd.read_csv(run / "ranking.csv")[key].to_numpy().tolist()
    assert found.loc[found["recipe"] == "article", key].to_numpy().tolist() == sorted(pictured)


def test_the_clarity_of_every_unit_is_that_of_its_strongest_images(
    start: Callable[..., int], tmp_path: Path
) -> None:
    assert start() == 0
    run = tmp_path / "run"
    colors = np.load(run / "judge.npy").astype(float)
    colors /= np.sqrt((colors**2).sum(1, keepdims=True))
    colors -= colors.mean(0)
    colors /= np.sqrt((colors**2).sum(1, keepdims=True))
    names = pd.read_csv(run / "probe.csv")["image"].tolist()
    ranked = pd.read_csv(run / "strongest.csv").sort_values("place")
    strongest = {key: own["image"].tolist() for key, own in ranked.groupby(["layer", "unit"])}
    table = pd.read_csv(run / "clarity.csv", dtype={"second": str})
    assert len(table) == len(strongest) == 7
    for layer, unit, clarity, _, apart, places in table.itertuples(index=False, name=None):
        own = colors[[names.index(image) for image in strongest[layer, unit]]]
        cosines = [own[i] @ own[j] for i in range(9) for j in range(i)]
        assert clarity == pytest.approx(np.mean(cosines), abs=1e-5)
        second = np.isin(np.arange(1, 10), [int(place) for place in places.split()])
        one, other = own[~second].mean(0), own[second].mean(0)
        cosine = one @ other / np.sqrt((one @ one) * (other @ other))
        assert apart == pytest.approx(1 - cosine, abs=1e-5)
    before = (run / "clarity.csv").read_bytes()
    (run / "clarity.csv").unlink()  # as in a run from before it was measured
    assert start() == 0
    assert (run / "clarity.csv").read_bytes() == before


def test_numbers_of_images_are_rows_of_the_probe_set(
    start: Callable[..., int], tmp_path: Path, album: Path
) -> None:
    assert start(command="rank") == 0
    run = tmp_path / "run"
    names = pd.read_csv(run / "probe.csv")["image"].tolist()
    features = np.load(run / "judge.npy")
    assert "damaged.png" not in set(names)
    for row in (0, PHOTOGRAPHS // 2, PHOTOGRAPHS - 1):
        expected = decode(album / names[row]).mean((0, 1))
        np.testing.assert_allclose(features[row], expected, rtol=1e-3)


def test_more_units_are_added_to_the_evidence_and_the_rest_is_not_measured_again(
    start: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start() == 0
    before = contents(tmp_path / "run")
    examined: list[int] = []
    examine = evidence.examine_pictures

    def counted(network, targets, pictures, **rest):
        examined.append(len(targets))
        return examine(network, targets, pictures, **rest)

    monkeypatch.setattr(evidence, "examine_pictures", counted)
    assert start("--top", "3") == 0
    after = contents(tmp_path / "run")
    assert sum(examined) == 2
    for name in ("examination.csv", "identification.csv"):
        assert set(before[name].splitlines()) < set(after[name].splitlines()), name
    for name in ("probe.csv", "skipped.csv", "tasks.csv", "judge.npy"):
        assert before[name] == after[name], name
    assert start("--top", "3", "--samples", "2") == 0
    alike = pd.read_csv(tmp_path / "run" / "examination.csv")["alike"]
    assert len(alike) == 12
    assert alike.between(-1, 1).all()


def test_a_run_from_before_there_was_this_evidence_is_brought_up_to_date(
    start: Callable[..., int], tmp_path: Path
) -> None:
    assert start() == 0
    run = tmp_path / "run"
    whole = contents(run)
    for name in ("tasks.csv", "judge.npy", "identification.csv"):
        (run / name).unlink()
    settings = json.loads((run / "run.json").read_text())
    del settings["probe"]["slope"], settings["judge"]
    (run / "run.json").write_text(json.dumps(settings))
    old = pd.read_csv(run / "examination.csv").drop(columns=["shift", "slope"])
    old.to_csv(run / "examination.csv", index=False)
    assert start() == 0
    assert contents(run) == whole


def test_examining_a_run_that_was_ranked_for_another_judge_says_what_to_do(
    start: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert start() == 0
    run = tmp_path / "run"
    settings = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(settings | {"judge": "0" * 64}))
    (run / "identification.csv").unlink()
    assert main(["examine", "--run", str(run), "--quiet"]) == 1
    assert "'atlas rank'" in capsys.readouterr().err


def test_a_picture_that_came_to_nothing_identifies_no_unit(
    start: Callable[..., int], tmp_path: Path
) -> None:
    assert start() == 0
    run = tmp_path / "run"
    before = (run / "identification.csv").read_text()
    first, *_ = sorted((run / "units" / "article" / "conv1").glob("*.json"))
    record = json.loads(first.read_text())
    first.write_text(json.dumps(record | {"status": "silent"}))
    (run / "identification.csv").unlink()
    assert start(command="examine") == 0
    after = (run / "identification.csv").read_text().splitlines()
    (silent,) = set(before.splitlines()) - set(after)
    assert silent.startswith(f"article,conv1,{record['unit']},")
    assert [line for line in before.splitlines() if line != silent] == after


def test_there_is_no_identification_where_the_judge_is_the_network_shown(
    start: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Colors, "is_independent_of", lambda *_: False)
    assert start() == 0
    run = tmp_path / "run"
    assert json.loads((run / "run.json").read_text())["judge"] is None
    assert not (run / "judge.npy").exists()
    assert (run / "identification.csv").read_text() == "recipe,layer,unit,correct\n"
    assert len((run / "clarity.csv").read_text().splitlines()) == 1
