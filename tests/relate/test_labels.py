"""Labels: a planted class is found, chance is not, and the areas are those of scikit-learn."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import roc_auc_score

from atlas.relate.labels import CLASSES, LEAST, Half, areas, labels
from atlas.relate.responses import Responses
from atlas.run.tables import TABLES

LAYERS = {"conv1": 5, "conv2": 7}
IMAGES = 400
OF_IMAGES = [f"class {i % 8}" for i in range(IMAGES)]


def noise(images: int, units: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(images, units)).astype(np.float16)


def rows_of(table: pd.DataFrame, layer: str, unit: int) -> list[dict[Hashable, Any]]:
    return [row for row in table.to_dict("records") if (row["layer"], row["unit"]) == (layer, unit)]


def responses_of(values: np.ndarray, layers: dict[str, int]) -> Responses:
    return Responses([f"{i}.png" for i in range(len(values))], values, layers)


@given(
    arrays.arrays(np.float16, (24, 3), elements=st.integers(-3, 3)),
    st.lists(st.integers(0, 2), min_size=24, max_size=24).filter(lambda of: {*of} == {0, 1, 2}),
)
def test_areas_are_scikit_learns_however_many_responses_are_alike(
    values: np.ndarray, of: list[int]
) -> None:
    members = np.array([np.equal(of, label) for label in range(3)], float)
    found = areas(values.T.astype(np.float32), Half(np.arange(24), members))
    expected = [
        [roc_auc_score(of_class, unit.astype(np.float64)) for of_class in members]
        for unit in values.T
    ]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_half_precision_ties_count_half() -> None:
    values = np.round(noise(2000, 4) * 8).astype(np.float16) / 8  # of hundreds of images each
    members = np.arange(2000) % 10 == np.arange(10)[:, None]
    found = areas(values.T.astype(np.float32), Half(np.arange(2000), members.astype(float)))
    for unit, row in enumerate(found):
        for of_class, area in zip(members, row, strict=True):
            expected = roc_auc_score(of_class, values[:, unit].astype(np.float64))
            assert area == pytest.approx(expected, abs=1e-12)


def test_planted_classes_are_found_the_best_first() -> None:
    values = noise(IMAGES, 12)
    of = np.array(OF_IMAGES)
    values[of == "class 3", 6] += 4
    values[of == "class 5", 6] += 2
    table = labels(responses_of(values, LAYERS), OF_IMAGES, "class")
    best, second, third = rows_of(table, "conv2", 1)
    assert (best["label"], second["label"]) == ("class 3", "class 5")
    assert [row["place"] for row in (best, second, third)] == [1, 2, 3]
    assert best["auc"] > 0.98 and second["auc"] > LEAST > third["auc"]
    assert {*table["images"]} == {25} and {*table["kind"]} == {"class"}
    assert np.sum(table["auc"].to_numpy() >= LEAST) == 2
    assert list(table.columns) == TABLES["labels"].names
    assert not table.duplicated(list(TABLES["labels"].key)).any()
    keys = list(dict.fromkeys(zip(table["layer"], table["unit"], strict=True)))
    assert keys == [(layer, unit) for layer, count in LAYERS.items() for unit in range(count)]


def test_a_label_is_measured_on_other_images_than_it_is_chosen_by() -> None:
    values = noise(IMAGES, 12)
    table = labels(responses_of(values, LAYERS), OF_IMAGES, "class")
    for unit in range(5):
        for row in rows_of(table, "conv1", unit):
            of_class = np.array(OF_IMAGES) == row["label"]
            of_all = roc_auc_score(of_class, values[:, unit].astype(float))
            assert row["auc"] != of_all and 2 * row["images"] == of_class.sum()


@pytest.mark.parametrize(("classes", "of_each"), [(2, 40), (10, 20), (50, 20)])
def test_what_is_chance_is_one_half_and_hardly_ever_a_label(classes: int, of_each: int) -> None:
    images, units = classes * of_each, 3000
    of = np.random.default_rng(1).permutation([str(i % classes) for i in range(images)])
    values = noise(images, units)
    table = labels(responses_of(values, {"conv1": units}), list(of), "class")
    assert len(table) == units * min(CLASSES, classes)
    found = table["auc"].to_numpy()
    assert found.mean() == pytest.approx(0.5, abs=0.01)
    assert np.mean(found >= LEAST) < 1e-3


def test_few_images_make_no_label_and_those_without_a_class_count_for_none() -> None:
    of: list[str | None] = ["cat"] * 20 + ["dog"] * 200 + ["newt"] * 17 + [None] * 63
    values = noise(300, 12)
    values[:, 0] = [9.0 if name is None else 0.0 for name in of]  # high where nothing is known
    values[:20, 1] += 5
    table = labels(responses_of(values, LAYERS), of, "class")
    assert {*table["label"]} == {"cat", "dog"}, "of newts one half has 8"
    assert rows_of(table, "conv1", 0) == [], "alike to all that count"
    best, second = rows_of(table, "conv1", 1)
    assert (best["label"], best["images"], second["images"]) == ("cat", 10, 100)
    assert best["auc"] > 0.95


@pytest.mark.parametrize("of", [[None] * IMAGES, ["one"] * IMAGES, list(map(str, range(IMAGES)))])
def test_without_classes_of_several_images_there_are_no_labels(of: list[str | None]) -> None:
    table = labels(responses_of(noise(IMAGES, 12), LAYERS), of, "class")
    assert table.empty and list(table.columns) == TABLES["labels"].names


def test_units_that_answer_alike_to_all_have_no_labels() -> None:
    values = noise(IMAGES, 12)
    values[:, 5] = 0
    table = labels(responses_of(values, LAYERS), OF_IMAGES, "class")
    assert [len(rows_of(table, "conv2", unit)) for unit in range(7)] == [0, 3, 3, 3, 3, 3, 3]


def test_labels_depend_on_nothing_but_responses_and_classes() -> None:
    values = noise(IMAGES, 1030)  # more than are ranked at once
    whole = labels(responses_of(values, {"conv1": 1030}), OF_IMAGES, "family")
    some = labels(responses_of(values[:, 600:], {"conv1": 430}), OF_IMAGES, "family")
    later = whole[whole["unit"] >= 600].reset_index(drop=True)
    later["unit"] -= 600
    assert later.equals(some)
