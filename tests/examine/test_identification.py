"""The two-choice task: what is drawn, and how it is answered."""

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from atlas.examine.identification import correct, tasks_table
from atlas.examine.similarity_judge import UNSCALED, SimilarityJudge
from atlas.network.loading import load_network
from atlas.network.weights.named import BUNDLED
from atlas.rank import weakest_images
from atlas.rank.lots import draw_lots
from atlas.rank.statistics import LayerStatistics, Responses
from atlas.rank.tables import strongest_table


def seen(means: NDArray[np.floating], batch: int = 32, first: int = 0) -> LayerStatistics:
    """Statistics of a layer whose units (columns) answer so to the images (rows) from ``first``."""
    found = LayerStatistics(draw_lots(first + len(means)))
    values = torch.from_numpy(means)[:, :, None, None]
    nobody = torch.zeros(0, batch, dtype=torch.float64)
    for start in range(0, len(means), batch):
        part = values[start : start + batch]
        indices = torch.arange(first + start, first + start + len(part))
        found.update(
            Responses.of(part, indices, first + len(means)), indices, nobody[:, : len(part)]
        )
    return found


# The weakest images


@given(st.data())
def test_the_weakest_are_those_of_a_sort_whatever_the_batches(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    levels = st.sampled_from([0.0, -0.0, 1.0, -1.5, 2.0**-140, 1e30, 3.25])
    means = np.array(data.draw(st.lists(st.tuples(levels, levels), min_size=count, max_size=count)))
    lots = draw_lots(count)
    kept, first = weakest_images.NONE, 0
    with patch.object(weakest_images, "WEAKEST", data.draw(st.integers(1, 12))):
        while first < count:
            last = first + data.draw(st.integers(1, 15))
            batch = torch.from_numpy(means[first:last])
            kept = weakest_images.update(kept, torch.arange(first, first + len(batch)), batch, lots)
            first = last
        images, responses = weakest_images.in_order(kept, lots)
        expected = min(weakest_images.WEAKEST, count)
    for unit in range(2):
        order = np.lexsort((lots.numpy(), means[:, unit].astype(np.float32)))[:expected]
        assert images[unit].tolist() == order.tolist()
        assert (responses[unit] == means[order, unit].astype(np.float32)).all()


def test_among_images_that_leave_a_unit_alike_the_first_ones_are_not_preferred() -> None:
    found = seen(np.zeros((1000, 1)))
    images, _ = weakest_images.in_order(found.weakest, found.lots)
    assert 400 < np.mean(images) < 600
    assert len(set(images[0].tolist())) == weakest_images.WEAKEST


# The tasks


def random_means(images: int, units: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(images, units))


@settings(max_examples=20)
@given(st.integers(60, 300), st.integers(0, 100), st.floats(0, 1), st.integers(0, 30))
def test_no_task_holds_one_of_the_nine_shown_nor_an_image_both_strong_and_weak(
    images: int, seed: int, silence: float, first: int
) -> None:
    means = random_means(images, 3, seed)
    means[np.random.default_rng(seed).uniform(size=means.shape) < silence] = -9.0
    found = {"a": seen(means, first=first)}
    shown = range(first, first + images)
    tasks = tasks_table(found, shown)
    nine = strongest_table(found, [str(i - first) for i in range(first + images)])
    for unit in range(3):
        strong = tasks.loc[tasks["unit"] == unit, "strong"].tolist()
        weak = tasks.loc[tasks["unit"] == unit, "weak"].tolist()
        shown_as_strongest = nine.loc[nine["unit"] == unit, "image"].astype(int).tolist()
        assert len(strong) == len(set(strong)) <= 20
        assert not {*strong, *weak} & {*shown_as_strongest}
        assert all(min(means[strong, unit]) > answer for answer in means[weak, unit])


def test_a_task_sets_each_of_the_places_10_to_29_against_one_of_the_weakest_fifth() -> None:
    means = random_means(100, 2)
    tasks = tasks_table({"a": seen(means)}, range(100))
    assert tasks.columns.tolist() == ["layer", "unit", "task", "strong", "weak"]
    for unit in range(2):
        own = tasks[tasks["unit"] == unit]
        order = np.argsort(-means[:, unit])
        assert own["task"].tolist() == list(range(1, 21))
        assert own["strong"].tolist() == order[9:29].tolist()
        assert sorted(own["weak"]) == sorted(order[-20:]), "each once, where there are enough"


def test_images_that_cannot_be_read_have_no_number() -> None:
    means = random_means(100, 2)
    alone = tasks_table({"a": seen(means)}, range(100))
    later = tasks_table({"a": seen(means, first=5)}, range(5, 105))
    assert later["strong"].tolist() == alone["strong"].tolist()
    assert set(later["weak"]) <= set(range(100))


def test_a_units_tasks_depend_on_no_other_unit_or_layer() -> None:
    means = random_means(400, 4)
    alone = tasks_table({"a": seen(means[:, :2])}, range(400))
    among = tasks_table({"b": seen(means), "a": seen(means)}, range(400))
    few, sides = among["unit"] < 2, ["unit", "task", "strong", "weak"]
    own = among.loc[few & (among["layer"] == "a"), sides].to_numpy()
    assert (own == alone[sides].to_numpy()).all()
    other = among.loc[few & (among["layer"] == "b"), sides].to_numpy()
    assert (own[:, :3] == other[:, :3]).all()
    assert (own[:, 3] != other[:, 3]).any()


def test_there_are_no_tasks_with_few_images_or_for_a_unit_that_none_excites() -> None:
    assert tasks_table({"a": seen(random_means(59, 2))}, range(59)).empty
    means = random_means(100, 2)
    means[:, 1] = 0.0
    assert set(tasks_table({"a": seen(means)}, range(100))["unit"]) == {0}


# The answers

TASKS = pd.DataFrame({"layer": "a", "unit": 3, "task": [1, 2], "strong": [0, 1], "weak": [2, 3]})
FEATURES = np.array([[1.0, 0.1], [1.0, 0.2], [0.1, 1.0], [0.2, 1.0]])


@pytest.mark.parametrize(
    ("reference", "expected"), [([3, 0], 1.0), ([0, 3], 0.0), ([1, 1], 0.5), ([0, 0], 0.5)]
)
def test_the_image_more_like_the_references_is_the_answer(
    reference: list[float], expected: float
) -> None:
    features = FEATURES if expected != 0.5 else FEATURES[[0, 0, 0, 0]]
    found = correct(TASKS, features, {("a", 3): np.array([reference], float)})
    assert found.to_numpy().tolist() == [["a", 3, expected]]


def test_half_of_the_tasks_is_right_by_chance() -> None:
    generator = np.random.default_rng(0)
    tasks = pd.DataFrame(
        [("a", unit, t, *generator.choice(500, 2, False)) for unit in range(100) for t in range(20)]
    )
    tasks.columns = ["layer", "unit", "task", "strong", "weak"]
    references = {("a", unit): generator.uniform(size=(9, 64)) for unit in range(100)}
    found = correct(tasks, generator.uniform(size=(500, 64)), references)
    assert abs(np.mean(found["correct"].to_numpy()) - 0.5) < 0.05  # three standard errors are 0.034
    assert set(found["correct"] * 20) <= set(range(21))


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(-8, 8))
def test_how_strong_features_are_does_not_matter_and_each_reference_counts_alike(
    seed: int, count: int, power: int
) -> None:
    generator = np.random.default_rng(seed)
    features = generator.uniform(size=(40, 6))
    references = generator.uniform(size=(count, 6))
    pairs = generator.permutation(40).reshape(20, 2)
    tasks = pd.DataFrame({"layer": "a", "unit": 0, "strong": pairs[:, 0], "weak": pairs[:, 1]})
    scaled = references * 2.0 ** (power * np.arange(count))[:, None]
    found = correct(tasks, features * 2.0**power, {("a", 0): scaled})

    def cosine(image: int) -> float:
        lengths = np.linalg.norm(features[image]) * np.linalg.norm(references, axis=1)
        return (references @ features[image] / lengths).mean()

    expected = np.mean([cosine(strong) > cosine(weak) for strong, weak in pairs])
    assert found["correct"].item() == pytest.approx(expected)


def test_a_unit_without_tasks_or_references_has_no_result() -> None:
    reference = np.ones((1, 2))
    assert correct(TASKS, FEATURES, {("a", 4): reference}).empty
    assert correct(TASKS, FEATURES, {("b", 3): reference}).empty
    assert correct(TASKS.iloc[:0], FEATURES, {("a", 3): reference}).empty


# The judge


def test_the_judge_sees_a_picture_as_it_sees_a_photograph() -> None:
    generator = np.random.default_rng(0)
    coarse = torch.from_numpy(generator.uniform(0, 255, (2, 3, 8, 8)))
    smooth: Tensor = torch.nn.functional.interpolate(coarse, 256, mode="bilinear")
    pictures = smooth.permute(0, 2, 3, 1).round().byte().numpy()
    judge = SimilarityJudge()
    photographs = judge.features(pictures[:, 16:-16, 16:-16])
    assert photographs.shape == (2, 1024)
    assert photographs.dtype == np.float16
    for picture, expected in zip(pictures, photographs, strict=True):
        np.testing.assert_allclose(judge.features_of([picture])[0], expected, atol=2e-3)
    assert np.abs(photographs[0].astype(float) - photographs[1]).max() > 0.1


def test_no_network_judges_its_own_pictures() -> None:
    judge = SimilarityJudge()
    assert not judge.is_independent_of(load_network("googlenet", "bundled"))
    assert not judge.is_independent_of(load_network("googlenet", str(BUNDLED)))
    other = load_network(torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3)))
    assert judge.is_independent_of(other)
    other.weights = replace(other.weights, sha256=UNSCALED)
    assert not judge.is_independent_of(other), "the same network with other activations"
