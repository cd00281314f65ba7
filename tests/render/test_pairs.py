"""Recipes are compared by the same units, and by those alone that have a value under both."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.run_fixture import LAYERS, make_run

from atlas.examine.intervals import Range, estimate
from atlas.render.catalog import Catalog
from atlas.render.figures import Looks, measures
from atlas.render.pairs import Comparison, Difference, compare, paired
from atlas.render.pictures import Look
from atlas.render.reading import read_catalog
from atlas.run.folder import Run

MISSING, SILENT = 4, 6
"""Of conv1: the unit without a picture by calm, and the one whose picture by calm is silent."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    names = [f"{i}.jpg" for i in range(12)]
    run = make_run(folder, photographs=names, recipes=("article", "calm"), pictured=9,
                   layers=[LAYERS[0], LAYERS[2]])  # fmt: skip
    for path in (run.path / "units/calm/conv1").glob(f"{MISSING:04d}*"):
        path.unlink()
    record = run.picture_path("calm", "conv1", SILENT, suffix=".json")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"status": "silent"}))
    return run


@pytest.fixture(scope="module")
def catalog(run: Run) -> Catalog:
    return read_catalog(run)


@pytest.fixture(scope="module")
def looks(catalog: Catalog) -> Looks:
    return {picture.stem: Look(0.1, 30.0) for unit in catalog.pictured for picture in unit.pictures}


@pytest.fixture(scope="module")
def calm(catalog: Catalog, looks: Looks) -> Comparison:
    (found,) = compare(catalog, looks)
    return found


@pytest.fixture(scope="module")
def columns(run: Run) -> pd.DataFrame:
    """The evidence of the units that have pictures by both recipes, read without the program."""
    table = pd.read_csv(run.path / "examination.csv")
    table["robustness"] = table[["shift", "blur", "jpeg", "rescale"]].mean(axis=1)
    wide = table.pivot(index=["layer", "unit"], columns="recipe")
    return wide.drop([("conv1", MISSING), ("conv1", SILENT)])


def test_a_unit_missing_or_silent_under_one_recipe_is_no_pair(
    catalog: Catalog, looks: Looks
) -> None:
    (robustness,) = (measure for measure in measures(catalog) if measure.key == "robustness")
    first, second = catalog.layers
    assert len(paired(robustness, first, "calm", "article", looks)) == 7
    whole = paired(robustness, second, "calm", "article", looks)
    assert len(whole) == 8  # the fixture's second layer has a unit that is silent under both


def differences(columns: pd.DataFrame, name: str, layer: str | None = None) -> np.ndarray:
    chosen = columns[name].dropna()
    chosen = chosen if layer is None else chosen.loc[[layer]]
    return np.asarray(chosen["calm"] - chosen["article"])


def bounds(interval: Range) -> tuple[float, float]:
    assert interval.low is not None and interval.high is not None
    return interval.low, interval.high


def test_differences_are_means_over_pairs_and_of_gains_their_ratio(
    calm: Comparison, columns: pd.DataFrame
) -> None:
    for place, layer in enumerate(["conv1", "inception5b"]):
        found = calm.by_layer["robustness"][place]
        expected = 100 * differences(columns, "robustness", layer)
        assert found.pairs == len(expected) == (7, 8)[place]
        assert found.range.middle == pytest.approx(expected.mean())
        assert bounds(found.range) == pytest.approx(bounds(estimate(expected.tolist())))
    for key, name in [("gain", "gain_rms"), ("gain_mean", "gain_mean")]:
        ratio = calm.over_all[key].range
        chosen = columns[name].dropna()
        logs = np.log(np.asarray(chosen["calm"])) - np.log(np.asarray(chosen["article"]))
        assert ratio.middle == pytest.approx(np.exp(logs.mean()))
        assert bounds(ratio) == pytest.approx(np.exp(bounds(estimate(logs.tolist()))))


def test_the_slope_is_compared_by_its_nearness_to_the_photographs(
    calm: Comparison, columns: pd.DataFrame
) -> None:
    slopes = columns["slope"].dropna()
    distance = (slopes + 2.1).abs()  # the fixture's photographs have a median slope of -2.1
    nearer = np.asarray(distance["article"] - distance["calm"]).mean()
    found = calm.over_all["nearness"]
    assert found.range.middle == pytest.approx(nearer)
    assert nearer > 0 and found.verdict == "win"


def test_over_all_is_over_all_units_and_the_headline_over_those_of_inception_blocks(
    calm: Comparison, columns: pd.DataFrame
) -> None:
    everything = 100 * differences(columns, "robustness")
    assert calm.over_all["robustness"].pairs == 15
    assert calm.over_all["robustness"].range.middle == pytest.approx(everything.mean())
    inside = 100 * differences(columns, "robustness", "inception5b")
    assert calm.headline["robustness"].pairs == 8
    assert calm.headline["robustness"].range.middle == pytest.approx(inside.mean())


def test_layers_without_pairs_are_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path, recipes=("article", "calm"), layers=LAYERS[:3], pictured=2,
                   only={"calm": "inception5b"})  # fmt: skip
    catalog = read_catalog(run)
    looks = {picture.stem: Look(0.1, 30.0) for u in catalog.pictured for picture in u.pictures}
    (found,) = compare(catalog, looks)
    assert [layer.name for layer in found.layers] == ["inception5b"]
    assert catalog.along_depth == ["article"]


@pytest.mark.parametrize(
    ("key", "interval", "verdict"),
    [
        ("robustness", Range(2.0, 1.0, 3.0), "win"),
        ("robustness", Range(-2.0, -3.0, -1.0), "loss"),
        ("robustness", Range(0.5, -1.0, 3.0), "tie"),
        ("robustness", Range(2.0), None),
        ("gain", Range(0.5, 0.3, 0.9), "loss"),
        ("gain", Range(1.2, 0.9, 1.4), "tie"),
        ("frequency", Range(0.2, 0.1, 0.3), None),  # neither fine nor coarse is better
    ],
)
def test_a_verdict_follows_from_the_interval(
    catalog: Catalog, key: str, interval: Range, verdict: str | None
) -> None:
    (measure,) = (measure for measure in measures(catalog) if measure.key == key)
    assert Difference(measure, 9, interval).verdict == verdict
