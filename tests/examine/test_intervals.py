"""Intervals are as wide as they have to be, for few units too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.examine.intervals import FEWEST, Range, estimate, expanded_tail
from atlas.examine.student import quantile


@given(st.lists(st.floats(-1e3, 1e3), min_size=FEWEST, max_size=40))
def test_a_bootstrap_interval_holds_the_estimate_and_is_the_same_each_time(
    values: list[float],
) -> None:
    found = estimate(values)
    assert found == estimate(values)
    assert found.middle is not None and found.low is not None and found.high is not None
    slack = 1e-9 * max(map(abs, values), default=0)
    assert min(values) - slack <= found.low <= found.high <= max(values) + slack


def test_a_bootstrap_interval_is_as_wide_as_the_standard_error_says() -> None:
    values = list(range(100))
    found = estimate(values)
    assert found.low is not None and found.high is not None
    # Of 0..99 the standard deviation is 28.9, the standard error of the mean 2.89.
    assert found.high - found.low == pytest.approx(2 * 1.98 * 2.89, rel=0.08)
    assert estimate([1.0]) == Range(1.0) and estimate([]) == Range(None)


@pytest.mark.parametrize(
    ("freedom", "value"),
    [(1, 12.7062), (2, 4.30265), (3, 3.18245), (4, 2.77645), (9, 2.26216), (30, 2.04227),
     (100, 1.98397), (5000, 1.96044)],
)  # fmt: skip
def test_the_quantiles_of_student_are_those_of_his_table(freedom: int, value: float) -> None:
    assert quantile(0.975, freedom) == pytest.approx(value, rel=1e-5)


def test_the_tail_of_many_units_is_that_of_the_plain_percentile() -> None:
    assert expanded_tail(10) == pytest.approx(0.0085, abs=1e-4)
    assert expanded_tail(50_000) == pytest.approx(0.025, abs=1e-4)


@pytest.mark.parametrize("statistic", [np.mean, np.median], ids=["mean", "median"])
def test_of_a_hundred_intervals_over_ten_units_about_ninety_five_hold_the_truth(
    statistic,  # type: ignore[no-untyped-def]
) -> None:
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        found = estimate(generator.normal(3, 1, 10).tolist(), statistic)
        assert found.low is not None and found.high is not None
        held += found.low <= 3 <= found.high
    # The plain percentile interval holds it in about 90 of 100; the standard error here is 1.1.
    assert 0.925 <= held / 400 <= 0.98
