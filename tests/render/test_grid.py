"""Grids: layers beside each other, and points that each get a cell of their own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.render.grid import EXACT, rows_of, shape_of, snap


@given(st.lists(st.integers(1, 900), min_size=1, max_size=20))
def test_every_layer_has_room_in_its_columns(counts: list[int]) -> None:
    rows = rows_of(counts)
    assert 1 <= rows <= max(counts)


def test_layers_of_ten_stand_in_one_column_each() -> None:
    assert rows_of([10] * 12) == 10


def test_googlenet_makes_a_wide_and_full_wall() -> None:
    counts = [64, 64, 192, 256, 480, 512, 512, 512, 528, 832, 832, 1024]
    rows = rows_of(counts)
    columns = sum(-(-count // rows) for count in counts)
    assert 1.3 < columns / rows < 2
    assert sum(counts) > 0.95 * columns * rows


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 3 * EXACT), st.integers(0, 2**32 - 1))
def test_no_two_points_share_a_cell(count: int, seed: int) -> None:
    points = np.random.default_rng(seed).random((count, 2)) ** 3
    columns, rows = shape_of(count)
    cells = snap(points, columns, rows)
    assert len(set(cells.tolist())) == count
    assert cells.min() >= 0 and cells.max() < columns * rows


@pytest.mark.parametrize(("columns", "rows"), [(7, 4), (64, 32)])
def test_points_that_lie_in_a_grid_keep_their_places(columns: int, rows: int) -> None:
    cells = np.random.default_rng(0).permutation(columns * rows)
    points = np.column_stack([cells % columns / (columns - 1), cells // columns / (rows - 1)])
    assert (snap(points, columns, rows) == cells).all()


def test_points_at_one_place_are_spread_out() -> None:
    assert sorted(snap(np.full((6, 2), 0.5), 3, 2).tolist()) == [*range(6)]
