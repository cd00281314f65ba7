"""A unit is followed into other layers by what answers like it there, and by no accident."""

import numpy as np
from numpy.typing import NDArray

from atlas.relate.across import MOST, across
from atlas.relate.responses import Responses
from atlas.relate.side_by_side import joined

IMAGES = [f"{place}.jpg" for place in range(200)]
UNITS = {"early": 6, "late": 5}


def responses(values: NDArray[np.float64], images: list[str] = IMAGES) -> Responses:
    return Responses(images, values.astype(np.float16), UNITS)


def drawn(seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(len(IMAGES), sum(UNITS.values())))


def everything() -> dict[str, list[int]]:
    return {layer: list(range(count)) for layer, count in UNITS.items()}


def test_a_unit_finds_what_answers_like_it_in_the_other_layer_the_best_first() -> None:
    values = drawn()
    values[:, 6 + 3] = values[:, 2]
    values[:, 6 + 1] = values[:, 2] + 0.5 * values[:, 6 + 1]
    found = across(responses(values), {"early": [2]}, everything())
    assert [(row.other_layer, row.other_unit) for row in found[:2]] == [("late", 3), ("late", 1)]
    assert found[0].correlation == 1.0 and 0.8 < found[1].correlation < 0.95
    assert len(found) <= MOST and all(row.other_layer == "late" for row in found)


def test_what_is_alike_by_chance_alone_is_not_named() -> None:
    named = sum(
        len(across(responses(drawn(seed)), everything(), everything())) for seed in range(9)
    )
    assert named <= 4  # of 540 pairs


def test_units_that_have_no_picture_are_no_candidates() -> None:
    values = drawn()
    values[:, 6 + 3] = values[:, 2]
    candidates = {"early": [], "late": [0, 1]}
    assert not across(responses(values), {"early": [2], "late": []}, candidates)


def test_few_images_say_nothing() -> None:
    values = drawn()[:10]
    values[:, 6] = values[:, 0]
    assert not across(responses(values, IMAGES[:10]), everything(), everything())


def test_networks_are_joined_over_the_images_that_both_have() -> None:
    values = drawn()
    one, other = responses(values), responses(values[::-1], IMAGES[::-1])
    short = Responses(IMAGES[50:], other.values[::-1][50:], UNITS)
    both = joined({"a": one, "b": short})
    assert both.images == IMAGES[50:]
    assert list(both.units) == ["a/early", "a/late", "b/early", "b/late"]
    assert np.array_equal(both.of("a/late"), both.of("b/late"))
