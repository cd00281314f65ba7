"""Pictures that lean: the unit's own where nothing leans, and toward the group asked for."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from atlas import RECIPES, Recipe, UsageError, load_network, maximize_units
from atlas.maximize.faces import leaning, maximize_faces
from atlas.network.network import Network
from atlas.target import Target

UNITS = 4
CLEAR = replace(RECIPES["clear"], start_size=24, upscales=1, steps=4, fine_below=0)


def network() -> Network:
    torch.manual_seed(5)
    parts = [nn.Conv2d(3, UNITS, 5, stride=2), nn.ReLU(), nn.Conv2d(UNITS, UNITS, 3)]
    return load_network(nn.Sequential(*parts).double(), precision="float64")


@given(
    seed=st.integers(0, 99),
    weight=st.floats(0, 4),
    scale=st.floats(0.01, 100),
    counts=st.tuples(st.integers(1, 6), st.integers(1, 6)),
)
def test_the_difference_of_two_groups_weighs_as_much_as_the_unit(
    seed: int, weight: float, scale: float, counts: tuple[int, int]
) -> None:
    generator = np.random.default_rng(seed)
    toward, away = (generator.normal(size=(count, 6)) for count in counts)
    spread = generator.uniform(0.1, 2, size=6)
    spread[4] = 0  # a unit that no image tells from another
    found = leaning(2, weight, scale, toward, away, spread)
    assert found[2] == 1 and found[4] == 0
    others = np.delete(np.arange(6), 2)
    apart = (toward.mean(0) - away.mean(0))[others] @ found[others]
    assert apart == pytest.approx(weight * scale)
    # Measured in units of its spread no unit counts for more than it differs.
    counted = np.delete(np.arange(6), [2, 4])
    ratio = (found * spread**2)[counted] / (toward.mean(0) - away.mean(0))[counted]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_groups_that_no_other_unit_tells_apart_leave_the_unit() -> None:
    same = np.ones((3, UNITS))
    found = leaning(1, 0.5, 2.0, same, same, np.ones(UNITS))
    assert found.tolist() == [0, 1, 0, 0]


@settings(max_examples=6)
@given(units=st.lists(st.tuples(st.sampled_from("02"), st.integers(0, UNITS - 1)), min_size=1,
                      max_size=4, unique=True))  # fmt: skip
def test_what_does_not_lean_is_the_units_own_picture_beside_any_others(
    units: list[tuple[str, int]],
) -> None:
    targets = [Target(*unit) for unit in units]
    own = maximize_units(network(), units, CLEAR, seed=3)
    axes = {unit: np.eye(UNITS)[unit[1]] for unit in units}
    scales = [1.0] * len(units)
    made = maximize_faces(network(), targets, CLEAR, 3, directions=axes, scales=scales)
    half = maximize_faces(
        network(), targets, CLEAR, 3, directions=axes, scales=scales, until=CLEAR.start_size
    )
    later = maximize_faces(network(), targets, CLEAR, 3, directions=axes, scales=scales, grown=half)
    for target, picture, grown, unit in zip(targets, made, later, own, strict=True):
        assert picture.target == grown.target == target
        np.testing.assert_allclose(picture.image, unit.image, atol=1e-8)
        np.testing.assert_array_equal(picture.image, grown.image)


@pytest.mark.parametrize(
    "changes", [{"objective": "rms"}, {"sign": "negative"}, {"face": "third"}, {"face_weight": -1}]
)
def test_a_face_that_cannot_be_is_refused_in_one_line(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError) as refused:
        replace(CLEAR, **{"face": "first", **changes})  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_a_layer_that_sees_few_pixels_changes_no_face() -> None:
    face = replace(RECIPES["clear"], face="first")
    assert face.is_fine(7) and not face.is_fine(16) and not face.is_fine(None)
    assert face.for_field(7) == face  # its pages are written, though it has no picture there


def test_a_face_is_no_plain_picture() -> None:
    assert CLEAR.plain and Recipe().plain
    assert not replace(CLEAR, face="second").plain
