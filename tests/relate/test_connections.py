"""The table of connections says what contributes most, to both sides."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atlas.relate.connections import connections_table, for_and_against, largest
from atlas.relate.contributions import Contributions, Unit

LAYERS = ["a", "a pooled", "b"]
POOLS = {"a pooled": "a"}


def unit(response: float, reads: list[float] | None, argues: list[float] | None) -> Contributions:
    vectors = (None if each is None else np.array(each, float) for each in (reads, argues))
    return Contributions(response, *vectors)


def rows(found: dict[Unit, Contributions], *columns: str) -> list[tuple[object, ...]]:
    table = connections_table(found, LAYERS, POOLS)
    return list(table[[*columns]].itertuples(index=False, name=None))


def test_units_read_and_feed_by_the_same_contributions() -> None:
    found: dict[Unit, Contributions] = {
        ("a", 1): unit(1, None, None),
        ("a pooled", 2): unit(1, None, None),
        ("b", 0): unit(4, [0, 1, -2], None),
        ("b", 7): unit(-1, [0, 3, 0], None),
    }
    columns = "layer", "unit", "kind", "place", "other_layer", "other_unit", "contribution"
    assert rows(found, *columns) == [
        ("a", 1, "feeds", 1, "b", 7, 3.0),
        ("a", 1, "feeds", 2, "b", 0, 1.0),
        ("a pooled", 2, "feeds", 1, "b", 0, -2.0),
        ("b", 0, "reads", 1, "a", 2, -2.0),
        ("b", 0, "reads", 2, "a", 1, 1.0),
        ("b", 7, "reads", 1, "a", 1, 3.0),
    ]
    shares = [share for (share,) in rows(found, "share")]
    np.testing.assert_equal(shares, [np.nan, 0.25, -0.5, -0.5, 0.25, np.nan])


def test_classes_argued_for_and_against_are_both_seen() -> None:
    argues = [*range(20, 0, -1), -0.5, -0.25, 0]
    found: dict[Unit, Contributions] = {("a", 0): unit(1, None, argues)}
    assert rows(found, "place", "other_layer", "other_unit") == [
        *((place, "output", place - 1) for place in range(1, 6)),
        (6, "output", 20),
        (7, "output", 21),
    ]


NUMBERS = st.lists(st.floats(-10, 10), min_size=1, max_size=30).map(np.array)


@given(NUMBERS, st.integers(1, 12))
def test_the_largest_are_larger_than_all_others_and_none_is_nothing(
    values: np.ndarray, count: int
) -> None:
    chosen = largest(values, count)
    others = np.delete(values, chosen)
    assert len(chosen) == min(count, np.count_nonzero(values))
    assert (values[chosen] != 0).all()
    if len(chosen) and len(others):
        assert np.abs(values[chosen]).min() >= np.abs(others).max()


@given(NUMBERS, st.integers(1, 12))
def test_no_class_of_either_side_is_passed_over(values: np.ndarray, count: int) -> None:
    chosen = for_and_against(values, count)
    assert (np.diff(np.abs(values[chosen])) <= 0).all()
    assert (values[chosen] > 0).sum() == min(count, (values > 0).sum())
    assert (values[chosen] < 0).sum() == min(count, (values < 0).sum())
