"""Clarity and the two faces of a unit, against plain computations in float64."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.examine.clarity import directions, faces


def drawn(seed: int, count: int, mean: float = 0.3) -> np.ndarray:
    """Directions of the images of two units."""
    images = np.random.default_rng(seed).normal(mean, 1, (2, count, 5))
    return images / np.sqrt((images**2).sum(2, keepdims=True))


@given(seed=st.integers(0, 10_000), count=st.integers(2, 9))
def test_clarity_is_that_of_semanticlens_and_the_mean_cosine_of_two(seed: int, count: int) -> None:
    images = drawn(seed, count)
    for own, clarity in zip(images, faces(images).clarity, strict=True):
        wanted = ((own.mean(0) ** 2).sum() - 1 / count) * count / (count - 1)
        assert clarity == pytest.approx(wanted, abs=1e-12)
        assert clarity == pytest.approx(np.mean([a @ b for a, b in combinations(own, 2)]))


@given(seed=st.integers(0, 10_000), count=st.integers(2, 7))
def test_the_two_groups_are_the_best_of_all(seed: int, count: int) -> None:
    images = drawn(seed, count)
    found = faces(images)
    cuts = [
        np.isin(np.arange(count), some)
        for size in range(1, count)
        for some in combinations(range(1, count), size)
    ]
    for unit, own in enumerate(images):
        second = found.second[unit]

        def worth(second: np.ndarray, own: np.ndarray = own) -> float:
            return sum(float(np.linalg.norm(own[side].sum(0))) for side in (~second, second))

        assert worth(second) == pytest.approx(max(map(worth, cuts)), abs=1e-12)
        assert not second[0] and second.any()
        one, other = own[~second].mean(0), own[second].mean(0)
        cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
        assert found.polysemanticity[unit] == pytest.approx(1 - cosine, abs=1e-9)
        pairs = [a @ b for side in (~second, second) for a, b in combinations(own[side], 2)]
        if pairs:
            assert found.within[unit] == pytest.approx(np.mean(pairs), abs=1e-12)


def test_images_of_two_kinds_fall_into_them() -> None:
    generator = np.random.default_rng(0)
    kinds = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0])
    noise = generator.normal(0, 0.02, (2, 9, 8))
    images = np.stack([np.eye(8)[kinds], np.ones((9, 8)) / 8**0.5]) + noise
    found = faces(images / np.linalg.norm(images, axis=2, keepdims=True))
    assert found.second[0].tolist() == (kinds == 1).tolist()
    assert found.polysemanticity[0] == pytest.approx(1, abs=0.05)
    assert found.clarity[0] == pytest.approx(4 / 9, abs=0.05) and found.within[0] > 0.95
    assert found.polysemanticity[1] < 0.05 and found.clarity[1] > 0.95


def test_images_drawn_by_lot_have_no_clarity_whatever_all_have_in_common() -> None:
    generator = np.random.default_rng(1)
    features = generator.normal(2, 1, (400, 30)).astype(np.float16)
    own = directions(features)
    assert np.linalg.norm(own, axis=1) == pytest.approx(1)
    drawn = own[np.stack([generator.choice(400, 9, replace=False) for _ in range(200)])]
    assert abs(faces(drawn).clarity.mean()) < 0.01


def test_features_of_nothing_are_like_nothing() -> None:
    found = faces(directions(np.zeros((3, 4)))[None])
    assert np.isfinite([found.clarity, found.polysemanticity, found.within]).all()
