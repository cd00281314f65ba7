"""Centered kernel alignment against the estimator as a mean over quadruples of images."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.related import draw, respond

from atlas.errors import AtlasError
from atlas.relate import alignment as module
from atlas.relate.alignment import alignment, alignment_between, centered_kernel_alignment
from atlas.relate.correlation import FEWEST_IMAGES

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)


def noise(seed: int, *shape: int) -> Array:
    return np.random.Generator(np.random.PCG64(seed)).normal(size=shape)


def reference(a: Array, b: Array) -> float:
    """Song et al. (2012), eq. 5: the U-statistic of HSIC, of all quadruples of different images."""

    def criterion(k: Array, m: Array) -> float:
        terms = [
            k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q])
            for i, j, q, r in permutations(range(len(k)), 4)
        ]
        return float(np.mean(terms))

    k, m = a @ a.T, b @ b.T
    return criterion(k, m) / (criterion(k, k) * criterion(m, m)) ** 0.5


def plain(a: Array, b: Array) -> float:
    """The biased estimate, of which it is said that it is high where images are few."""
    a, b = a - a.mean(0), b - b.mean(0)
    return float(np.linalg.norm(a.T @ b) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)))


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(5, 8), st.integers(2, 6), st.integers(2, 6))
def test_it_is_the_mean_over_all_quadruples_of_images(seed: int, n: int, u: int, v: int) -> None:
    a = noise(seed, n, u) + 3
    b = np.concatenate([a[:, :1], noise(seed + 1, n, v - 1)], axis=1)
    assert centered_kernel_alignment(a, b) == pytest.approx(reference(a, b), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(1e-3, 1e3))
def test_neither_order_nor_rotation_nor_scale_changes_it(seed: int, scale: float) -> None:
    a, b = noise(seed, 60, 12), noise(seed + 1, 60, 7)
    b[:, 0] = a[:, 0]
    rotation = np.linalg.qr(noise(seed + 2, 12, 12))[0]
    value = centered_kernel_alignment(a, b)
    assert centered_kernel_alignment(a[:, ::-1], b) == pytest.approx(value, abs=1e-9)
    assert centered_kernel_alignment(scale * a @ rotation + 5, b) == pytest.approx(value, abs=1e-9)
    assert centered_kernel_alignment(b, a) == pytest.approx(value, abs=1e-9)
    assert centered_kernel_alignment(a, a @ rotation) == pytest.approx(1, abs=1e-9)
    shuffled = np.random.Generator(np.random.PCG64(seed)).permutation(60)
    assert centered_kernel_alignment(a[shuffled], b[shuffled]) == pytest.approx(value, abs=1e-9)


def test_unrelated_units_score_about_0_where_the_plain_estimate_is_high() -> None:
    pairs = [(noise(2 * seed, 40, 300), noise(2 * seed + 1, 40, 300)) for seed in range(20)]
    assert np.mean([plain(*pair) for pair in pairs]) > 0.8
    values = [centered_kernel_alignment(*pair) for pair in pairs]
    assert np.mean(values) == pytest.approx(0, abs=0.02)
    assert np.abs(values).max() < 0.15


@pytest.mark.parametrize(
    "values",
    [
        np.full((30, 4), 0.1),  # nothing varies
        np.eye(30)[:, :1],  # a single image counts, and it is in no pair that does
        np.zeros((30, 0)),
    ],
)
def test_it_is_undefined_where_nothing_varies(values: Array) -> None:
    assert np.isnan(centered_kernel_alignment(values, noise(0, 30, 5)))


def test_it_is_undefined_for_three_images() -> None:
    assert np.isnan(centered_kernel_alignment(noise(0, 3, 5), noise(1, 3, 5)))


def test_layers_are_aligned_as_their_standardized_responses_are() -> None:
    units = {"a": 20, "b": 30, "c": 8}
    responses = draw(150, units)  # more images than are held at once
    assert len(responses.images) > 2 * module.BLOCK
    table = alignment(responses)
    pairs = [("a", "a"), ("a", "b"), ("a", "c"), ("b", "b"), ("b", "c"), ("c", "c")]
    assert [*zip(table["layer"], table["other_layer"], strict=True)] == pairs
    for (layer, other), found in zip(pairs, table["cka"], strict=True):
        kept = [responses.of(name).astype(np.float64) for name in (layer, other)]
        standardized = [(values - values.mean(0)) / values.std(0) for values in kept]
        assert found == pytest.approx(centered_kernel_alignment(*standardized), abs=1e-5)


def test_a_layer_of_constant_units_is_aligned_with_none() -> None:
    table = alignment(respond({"a": noise(0, 50, 4), "dead": np.ones((50, 3))}))
    assert np.isnan(table["cka"]).tolist() == [False, True, True]


def test_over_a_handful_of_images_nothing_is_said() -> None:
    table = alignment(draw(FEWEST_IMAGES - 1, {"a": 5, "b": 5}))
    assert len(table) == 3
    assert np.isnan(table["cka"].to_numpy(float)).all()


def test_layers_of_two_networks_are_aligned_over_the_same_images() -> None:
    layers = {"a": noise(0, 80, 6), "b": noise(1, 80, 9)}
    mixed = {"x": layers["b"][:, ::-1], "y": layers["a"][:, [2, 0, 1, 5, 4, 3]]}
    table = alignment_between(respond(layers), respond(mixed))
    found = table.pivot(index="layer", columns="other_layer", values="cka")
    assert found.loc["a", "y"] == pytest.approx(1, abs=1e-6)
    assert found.loc["b", "x"] == pytest.approx(1, abs=1e-6)
    assert abs(found.to_numpy(float)[0, 0]) < 0.1
    with pytest.raises(AtlasError, match="other images"):
        alignment_between(respond(layers), draw(79, {"a": 6}))
