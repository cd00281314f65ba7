"""The charts place values where they belong."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.examine.intervals import Range
from atlas.render.charts import (
    LEFT,
    RIGHT,
    WIDTH,
    LogAxis,
    activation_curve,
    distribution,
    oklab_hex,
)
from atlas.render.depth_chart import REFERENCE, Backdrop, Series, along_depth
from atlas.render.svg import aligned, element, number, ticks


def test_stages_are_marked_at_the_last_step_of_their_size() -> None:
    # Three sizes of 20 steps; the ladder's first two sizes were too small to be climbed.
    chart = str(activation_curve([1.0] * 60, [(2, 31), (4, 34)], sizes=3))
    marked = [float(x) for x in re.findall(r'd="M([\d.]+) [^"]*" class="end"', chart)]
    span = WIDTH - RIGHT - LEFT
    assert marked == pytest.approx([LEFT + span * 19 / 59, LEFT + span], abs=0.01)
    assert re.findall(r'class="(stage[^"]*)"', chart) == ["stage", "stage now"]


def test_a_curve_is_broken_where_a_step_has_no_number() -> None:
    whole = str(activation_curve([1.0, 2.0, 3.0], [], sizes=3))
    broken = str(activation_curve([1.0, None, 3.0], [], sizes=3))
    moves = r'd="(M[^"]*)" class="curve"'
    assert re.findall(moves, whole)[0].count("M") == 1
    assert re.findall(moves, broken)[0].count("M") == 2
    assert "NaN" not in str(activation_curve([None, None], [], sizes=1))


def test_a_distribution_counts_units_that_are_never_active_apart() -> None:
    means = [0.0, 0.0, 0.0, 1.0, 10.0]
    chart = str(distribution(means, {"unit 4": 10.0}, LogAxis.over(means), "means"))
    assert ">3</text>" in chart
    assert chart.count('class="mark"') == 1


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_a_log_axis_places_every_value_between_its_ends(values: list[float]) -> None:
    axis = LogAxis.over(values)
    assert axis.low < axis.high
    assert all(0 <= axis.place(value) <= 1 for value in values)


def test_a_chart_without_any_value_is_left_out() -> None:
    nothing, something = Series("", [Range(None)] * 2), Series("", [Range(None), Range(0.0)])
    assert not along_depth(["a", "b"], [nothing], "nothing")
    assert along_depth(["a", "b"], [nothing, something], "something")


def test_every_series_of_a_chart_has_a_marker_of_its_own_and_is_named() -> None:
    series = [Series(f"recipe {i}", [Range(float(i))], i) for i in range(8)]
    series.append(Series("photographs", [Range(9.0)], REFERENCE))
    chart = str(along_depth(["a"], series, "many"))
    signs = {re.sub(r"^M[\d.]+ [\d.]+", "", d) for d in re.findall(r'd="([^"]*)"><title>', chart)}
    assert len(signs) == 8 and "<circle" in chart
    assert all(f">{each.name}</text>" in chart for each in series)


def test_a_band_and_lines_lie_where_their_values_are() -> None:
    series = [Series("", [Range(0.0), Range(10.0)])]
    backdrop = Backdrop(lines={"half": 5.0}, band=("quarter to half", 2.5, 5.0))
    chart = str(along_depth(["a", "b"], series, "levels", backdrop=backdrop))
    level = re.findall(r'd="M44 ([\d.]+)L[^"]*" class="level"', chart)
    band = re.findall(r'<rect[^>]* y="([\d.]+)"[^>]*height="([\d.]+)" class="band"', chart)
    top, height = map(float, band[0])
    points = sorted(float(y) for y in re.findall(r'cy="([\d.]+)"', chart))
    assert float(level[0]) == pytest.approx(sum(points) / 2, abs=0.1)
    assert top == pytest.approx(float(level[0]), abs=0.1)
    assert height == pytest.approx((points[1] - points[0]) / 4, abs=0.1)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=4, unique=True))
def test_words_of_levels_stand_right_of_the_plot_and_apart(levels: list[float]) -> None:
    series = [Series("", [Range(50.0), Range(0.0), Range(100.0)])]
    lines = {f"level {value}": value for value in levels}
    chart = str(along_depth(["a", "b", "c"], series, "levels", backdrop=Backdrop(lines=lines)))
    ends = {float(x) for x in re.findall(r"L([\d.]+) [^\"]*\" class=\"level\"", chart)}
    words = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" class="tick">level', chart)
    assert len(words) == len(levels)
    assert all(float(x) > max(ends) for x, _ in words)
    heights = sorted(float(y) for _, y in words)
    assert all(below - above >= 12.9 for above, below in pairwise(heights))
    points = [float(x) for x in re.findall(r'cx="([\d.]+)"', chart)]
    assert max(points) < max(ends)


def test_a_distribution_too_small_for_words_has_none() -> None:
    means = [0.0, 0.1, 1.0, 10.0]
    axis = LogAxis.over(means)
    assert "<text" in distribution(means, {}, axis, "means")
    assert "<text" not in distribution(means, {}, axis, "means", (172, 85), named=False)


@given(st.lists(st.floats(0, 1e4).map(lambda value: round(value, 4)), min_size=1, max_size=40))
def test_numbers_of_a_column_have_their_points_below_each_other(values: list[float]) -> None:
    write = aligned(values)
    for value in values:
        assert (float(write(value)) == 0) == (value == 0)
    plain = [write(value) for value in values if value == 0 or value >= 0.01 * max(values)]
    places = {len(text.partition(".")[2]) for text in plain if "e" not in text}
    middle = float(np.median(values))
    if all(value > middle / 10 for value in values):
        assert len(places) == 1


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_lie_inside_and_are_few(low: float, width: float) -> None:
    marks = ticks(low, low + width)
    slack = 1e-6 * max(abs(low), width)
    assert len(marks) <= 11
    assert all(low - slack <= mark <= low + width + slack for mark in marks)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (1.0, "1.00"),
        (0.012345, "0.0123"),
        (-3.14159, "−3.14"),
        (12345.0, "12\u202f345"),
        (1.5e9, "1.5×10⁹"),
        (2e-7, "2.0×10⁻⁷"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_numbers_are_written_for_reading(value: float | None, written: str) -> None:
    assert number(value) == written


def test_what_a_drawing_says_is_escaped() -> None:
    assert str(element("title", "<b>", class_='"')) == '<title class="&#34;">&lt;b&gt;</title>'


def test_hues_are_those_their_names_say() -> None:
    red, blue = oklab_hex(0.6, 0.2, 29), oklab_hex(0.6, 0.2, 265)
    assert int(red[1:3], 16) > 200 > int(red[5:], 16)
    assert int(blue[5:], 16) > 200 > int(blue[1:3], 16)
