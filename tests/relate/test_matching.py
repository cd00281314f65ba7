"""Units are matched by what they answer, and matches by chance are told apart."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlas.relate import matching
from atlas.relate.matching import match, one_to_one


def columns(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Columns of mean 0 and norm 1; of zeros where all values are the same."""
    centered = values - values.mean(axis=0)
    varies = np.ptp(values, axis=0) > 0
    norms = np.where(varies, np.linalg.norm(centered, axis=0), np.inf)
    return (centered / norms).astype(np.float32)


def random(seed: int, images: int, units: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).gamma(0.5, size=(images, units))


@given(seed=st.integers(0, 99), units=st.integers(1, 9), others=st.integers(1, 9))
def test_the_best_match_is_that_of_the_plain_correlations(
    seed: int, units: int, others: int
) -> None:
    a, b = random(seed, 30, units), random(seed + 100, 30, others)
    b[:, 0] += 3 * a[:, -1]
    correlations = np.corrcoef(a, b, rowvar=False)[:units, units:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "BLOCK", 2)
        patch.setattr(matching, "BY_CHANCE", 20)
        found = match(columns(a), columns(b), "test")
    assert (found.forth.counterpart == correlations.argmax(axis=1)).all()
    assert (found.back.counterpart == correlations.argmax(axis=0)).all()
    assert np.allclose(found.forth.correlation, correlations.max(axis=1), atol=1e-6)
    assert np.allclose(found.back.correlation, correlations.max(axis=0), atol=1e-6)
    expected = [
        (unit, other)
        for unit, other in np.ndindex(units, others)
        if correlations[unit].argmax() == other and correlations[:, other].argmax() == unit
        if correlations[unit, other] > max(found.forth.limit, found.back.limit)
    ]
    expected.sort(key=lambda pair: -correlations[pair])
    assert list(map(tuple, found.mutual.tolist())) == expected


def test_a_shuffled_copy_is_matched_completely() -> None:
    a = random(0, 200, 40)
    order = np.random.default_rng(1).permutation(40)
    found = match(columns(a), columns(7 * a[:, order] + 3), "test")
    assert len(found.mutual) == 40
    assert (order[found.mutual[:, 1]] == found.mutual[:, 0]).all()
    assert np.allclose(found.forth.correlation, 1, atol=1e-6)


def test_what_has_nothing_in_common_has_hardly_a_counterpart() -> None:
    found = match(columns(random(0, 300, 400)), columns(random(1, 300, 500)), "test")
    assert found.forth.found.mean() < 0.03 and found.back.found.mean() < 0.03
    assert found.forth.only_here.sum() == 400 - found.forth.found.sum()


def test_the_limit_rises_with_the_units_to_choose_from_and_falls_with_the_images() -> None:
    limits = {
        (images, others): match(
            columns(random(0, images, 50)), columns(random(1, images, others)), "test"
        ).forth.limit
        for images in (50, 500)
        for others in (5, 500)
    }
    assert limits[50, 5] < limits[50, 500] and limits[500, 5] < limits[500, 500]
    assert limits[500, 5] < limits[50, 5] and limits[500, 500] < limits[50, 500]


def test_a_unit_that_answers_all_images_alike_is_in_no_pair_and_not_only_here() -> None:
    a = random(0, 100, 6)
    a[:, 2] = 0.7
    found = match(columns(a), columns(a), "test")
    assert 2 not in found.mutual and len(found.mutual) == 5
    assert not found.forth.found[2] and not found.forth.only_here[2]


def test_the_same_name_draws_the_same_limit() -> None:
    a, b = columns(random(0, 60, 20)), columns(random(1, 60, 30))
    assert match(a, b, "one").forth.limit == match(a, b, "one").forth.limit
    assert match(a, b, "one").forth.limit != match(a, b, "other").forth.limit


def test_the_assignment_has_the_highest_sum_of_all() -> None:
    a, b = random(0, 20, 6), random(1, 20, 6)
    correlations = np.corrcoef(a, b, rowvar=False)[:6, 6:]
    others, found = one_to_one(columns(a), columns(b))
    best = max(permutations(range(6)), key=lambda order: sum(correlations[range(6), list(order)]))
    assert others.tolist() == list(best)
    assert np.allclose(found, correlations[range(6), list(best)], atol=1e-6)
