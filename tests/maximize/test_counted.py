"""The minimum of a unit, and one position: against networks that end in what the recipe counts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from support import article
from torch import Tensor, nn

from atlas.errors import UsageError
from atlas.maximize.objectives import counted
from atlas.maximize.units import maximize_units
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.rank.tables import scales_counted
from atlas.recipe import RECIPES, Recipe
from atlas.recipe_names import recipe_of, split_name

SIDE = 17
ARTICLE = Recipe(start_size=SIDE, upscales=2, steps=4)
CLEAR = replace(RECIPES["clear"], start_size=SIDE, upscales=2, factor=1.05, steps=4, fine_below=0)


class Turned(nn.Module):
    """Minus its input, and of it what is above 0."""

    def forward(self, x: Tensor) -> Tensor:
        return (0 - x).clamp(min=0)


class Negated(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * -1


class Middle(nn.Module):
    """The one position: the later of two in the middle."""

    def forward(self, x: Tensor) -> Tensor:
        row, column = x.shape[2] // 2, x.shape[3] // 2
        return x[:, :, row : row + 1, column : column + 1]


def layers() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 5, 5, stride=2), nn.ReLU(), nn.Conv2d(5, 4, 3)).double()


def network(*ends: nn.Module) -> Network:
    return load_network(nn.Sequential(*layers(), *ends), precision="float64")


def start() -> np.ndarray:
    return np.random.default_rng(0).uniform(size=(3, SIDE, SIDE))


@pytest.mark.parametrize(
    ("ends", "changes"),
    [
        ([Turned()], {"sign": "negative"}),
        ([Middle()], {"position": "center"}),
        ([Middle(), Turned()], {"sign": "negative", "position": "center"}),
    ],
    ids=["minimum", "center", "minimum at the center"],
)
@pytest.mark.parametrize("unit", [0, 3])
def test_the_articles_loop_on_what_is_counted(
    ends: list[nn.Module], changes: dict[str, str], unit: int
) -> None:
    whole = nn.Sequential(*layers(), *ends)
    image, activations = article.maximize(whole, str(len(whole) - 1), unit, start(), 2, 4)
    recipe = replace(ARTICLE, **changes)
    (made,) = maximize_units(network(), [("2", unit)], recipe, init=start()[None])
    np.testing.assert_allclose(made.image, image, atol=1e-6)
    np.testing.assert_allclose(made.activations, activations, rtol=1e-6)


@pytest.mark.parametrize(
    ("ends", "changes"),
    [
        ([Negated()], {"sign": "negative"}),
        ([Middle()], {"position": "center"}),
        ([Middle(), Negated()], {"sign": "negative", "position": "center"}),
    ],
)
def test_the_mean_of_what_is_counted(ends: list[nn.Module], changes: dict[str, str]) -> None:
    recipe = replace(CLEAR, jitter=0, zoom=0.0, **changes)
    init = start()[None]
    (made,) = maximize_units(network(), [("2", 1)], recipe, init=init, scales=[0.3])
    plain = replace(recipe, sign="positive", position="all")
    (other,) = maximize_units(
        network(*ends), [(str(2 + len(ends)), 1)], plain, init=init, scales=[0.3]
    )
    np.testing.assert_allclose(made.image, other.image, atol=1e-8)
    assert made.terms["loss"] == pytest.approx(other.terms["loss"])


@settings(max_examples=6)
@given(
    st.lists(st.tuples(st.sampled_from("012"), st.integers(0, 3)), min_size=1, max_size=5),
    st.sampled_from(["positive", "negative"]),
    st.sampled_from(["all", "center"]),
    st.booleans(),
)
def test_neighbors_do_not_change_a_picture(
    units: list[tuple[str, int]], sign: str, position: str, clear: bool
) -> None:
    own = network()
    recipe = replace(CLEAR if clear else ARTICLE, sign=sign, position=position)
    together = maximize_units(own, units, recipe, seed=1, batch=3)
    for unit, picture in zip(units, together, strict=True):
        (alone,) = maximize_units(own, [unit], recipe, seed=1)
        np.testing.assert_allclose(picture.image, alone.image, atol=1e-8)
        assert picture.status == alone.status


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 99))
def test_the_middle_of_an_even_side_is_the_later_of_two(height: int, width: int, seed: int) -> None:
    maps = torch.from_numpy(np.random.default_rng(seed).normal(size=(2, height, width)))
    one = counted(maps, replace(ARTICLE, position="center", sign="negative"))
    expected = [-maps[i, int(height / 2), int(width / 2)].item() for i in (0, 1)]
    assert one.flatten().tolist() == expected
    assert counted(maps, ARTICLE) is maps


def test_a_unit_that_never_falls_below_nothing_has_no_minimum() -> None:
    """Of a map that is above 0 everywhere the RMS of what lies below has nothing to climb."""
    module = layers()
    last = module[2]
    assert isinstance(last, nn.Conv2d) and last.bias is not None
    nn.init.constant_(last.bias[1:2], 100.0)
    own = load_network(module, precision="float64")
    recipe = replace(ARTICLE, sign="negative")
    low, high = maximize_units(own, [("2", 0), ("2", 1)], recipe)
    assert low.status != "silent"
    assert (high.status, high.attempt) == ("silent", 3)
    assert not high.activations.any()


@pytest.mark.parametrize("frame", [0, 6])
def test_the_field_is_what_the_position_depends_on(frame: int) -> None:
    """Pixels outside of it change nothing, and each of its corners something."""
    own = network()
    recipe = replace(ARTICLE, position="center", upscales=1, pad=frame)
    (made,) = maximize_units(own, [("2", 2)], recipe)
    assert made.field is not None
    size, side = made.image.shape[-1], int(made.field.side)
    left, top = int(made.field.left), int(made.field.top)
    assert (left, top, side) == tuple(made.field)
    assert 0 < left < left + side < size

    def response(image: np.ndarray) -> float:
        shown = F.pad(own.normalize(torch.from_numpy(image)[None]), [frame] * 4)
        maps = own.module(shown)[0, 2]
        return maps[maps.shape[0] // 2, maps.shape[1] // 2].item()

    outside = np.random.default_rng(2).uniform(size=made.image.shape)
    outside[:, top : top + side, left : left + side] = made.image[
        :, top : top + side, left : left + side
    ]
    assert response(outside) == pytest.approx(response(made.image))
    for row in (top, top + side - 1):
        for column in (left, left + side - 1):
            other = made.image.copy()
            other[:, row, column] += 0.5
            assert response(other) != response(made.image)


def test_a_picture_is_no_flatter_for_what_its_position_does_not_see() -> None:
    """All but a few pixels stay as they were; these are what counts."""
    recipe = replace(ARTICLE, position="center", start_size=200, upscales=0, gradient_weight=0.0)
    gray = np.tile(article.MEAN[None, :, None, None], (1, 1, 200, 200))
    (made,) = maximize_units(network(), [("2", 2)], recipe, init=gray)
    assert made.image.std() < 10 / 255, "or it shows nothing here"
    assert made.status == "ok"


def test_a_whole_map_has_no_field_of_one_position() -> None:
    (made,) = maximize_units(network(), [("2", 2)], ARTICLE)
    assert made.field is None


@pytest.mark.parametrize(
    ("name", "options", "called"),
    [
        ("clear", {}, "clear"),
        ("clear", {"sign": "negative"}, "clear-negative"),
        ("clear", {"position": "center"}, "clear-center"),
        ("clear", {"sign": "negative", "position": "center"}, "clear-center-negative"),
        ("clear-negative", {}, "clear-negative"),
        ("clear-negative", {"sign": "negative"}, "clear-negative"),
        ("clear-negative", {"position": "center"}, "clear-center-negative"),
        ("clear-negative-center", {}, "clear-center-negative"),
        ("clear-center", {"sign": "positive", "position": "all"}, "clear-center"),
        ("low-negative", {"sign": "negative"}, "low-negative"),
        ("low-negative", {"position": "center"}, "low-negative-center"),
    ],
)
def test_a_recipe_is_called_by_what_it_counts(
    name: str, options: dict[str, str], called: str
) -> None:
    known = {**RECIPES, "low-negative": replace(ARTICLE, sign="negative")}
    found, recipe = recipe_of(name, known, options)
    assert found == called
    assert (recipe.sign == "negative") == ("negative" in called)
    assert (recipe.position == "center") == ("center" in called)
    assert recipe_of(found, known, {}) == (found, recipe)


def test_no_recipe_takes_the_name_of_anothers_minimum() -> None:
    known = {"mine": Recipe(), "mine-center": Recipe(steps=3)}
    with pytest.raises(UsageError, match="mine-center"):
        recipe_of("mine", known, {"position": "center"})
    assert split_name("mine-center-center") == ("mine-center", {"position": "center"})
    assert split_name("-negative") == ("-negative", {})
    with pytest.raises(UsageError, match="no recipe 'x-negative'"):
        recipe_of("x-negative", known, {})


def test_scales_are_those_of_what_is_counted() -> None:
    import pandas as pd

    rows = {"layer": ["a"] * 3, "unit": [0, 1, 2], "place": [1, 1, 1]}
    strongest = pd.DataFrame(rows | {"mean": [2.0, 3.0, 4.0], "peak": [7.0, 8.0, 9.0]})
    weakest = pd.DataFrame(rows | {"mean": [-2.0, 0.5, -6.0]})
    units = [("a", 0), ("a", 1), ("a", 2)]
    for recipe, images, expected in [
        (ARTICLE, strongest, [2, 3, 4]),
        (replace(ARTICLE, position="center"), strongest, [7, 8, 9]),
        (replace(ARTICLE, sign="negative"), weakest, [2, 2, 6]),  # the median, for one above 0
    ]:
        found = scales_counted(recipe, images)
        assert [found[unit] for unit in units] == expected
