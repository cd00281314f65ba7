"""Outlines enclose what they are said to enclose."""

import re

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.relate.regions import ACROSS, Regions, mask, region


def filled(outline: str, side: int) -> np.ndarray:
    """What a path encloses, by even and odd, drawn ``side`` pixels a side."""
    drawn = np.zeros((side, side), np.uint8)
    paths = [
        np.array([list(map(int, point.split(","))) for point in path.split()])
        for path in re.findall(r"M([^z]+)z", outline)
    ]
    scaled = [np.rint(path * ((side - 1) / ACROSS)).astype(np.int32) for path in paths]
    if scaled:
        cv2.fillPoly(drawn, scaled, 1)
    return drawn.astype(bool)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 14), st.floats(0.2, 0.9))
def test_an_outline_filled_is_the_region(seed: int, side: int, high: float) -> None:
    map = np.random.default_rng(seed).random((side, side)).astype(np.float32)
    found = region(map, high)
    wanted = mask(map, high, 500)
    drawn = filled(found.outline, 500)
    assert abs(found.area - wanted.mean()) < 0.01
    edges = 8 * 500 * (side + 1) / 500**2 * 2  # some pixels along each edge of the map
    assert (drawn != wanted).mean() < min(edges, 0.05)


def test_a_ring_has_a_hole_and_few_points() -> None:
    rows, columns = np.indices((50, 50)) - 24.5
    radius = np.hypot(rows, columns)
    found = region(((radius > 8) & (radius < 20)).astype(np.float32), 0.5)
    assert found.outline.count("M") == 2
    assert len(found.outline.split()) < 80
    assert not filled(found.outline, 100)[50, 50]
    assert filled(found.outline, 100)[50, 22]


def test_everything_is_a_square_and_nothing_has_no_outline() -> None:
    assert region(np.ones((1, 1), np.float32), 0.5).area == 1
    corners = set(re.findall(r"\d+,\d+", region(np.ones((1, 1), np.float32), 0.5).outline))
    assert corners == {"0,0", "1000,0", "1000,1000", "0,1000"}
    assert region(np.zeros((7, 7), np.float32), 0.0) == (0.0, "")


def test_rows_are_of_the_images_on_which_a_map_is_high() -> None:
    regions = Regions({("a", 1): 0.5}, {("a", 1): [7, 3]})
    regions.watch(("a", 1), 3, np.ones((2, 2), np.float32))
    regions.watch(("a", 1), 7, np.zeros((2, 2), np.float32))
    (row,) = regions.rows()
    assert (row["layer"], row["unit"], row["place"], row["area"]) == ("a", 1, 2, 1.0)
