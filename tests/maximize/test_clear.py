"""The recipe ``clear`` and its pieces, in the loop: batch-safe, awake, and in no one's way."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from atlas import recipe
from atlas.errors import UsageError
from atlas.maximize import objectives, parameterization, regularizers
from atlas.maximize.units import maximize_units
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.recipe import RECIPES, Recipe

SHORT = replace(RECIPES["clear"], start_size=16, upscales=2, factor=1.05, steps=3, fine_below=0)
ARTICLE = Recipe(start_size=16, upscales=2, steps=3)
PIECES = {
    "clear": SHORT,
    "fine layers": replace(SHORT, fine_below=8),
    "jitter": replace(ARTICLE, jitter=4),
    "zoom": replace(ARTICLE, zoom=0.1),
    "sigmoid": replace(ARTICLE, color_range="sigmoid"),
    "decorrelated": replace(ARTICLE, color_axes="decorrelated"),
    "cosines": replace(ARTICLE, basis="cosines"),
    "total variation": replace(ARTICLE, total_variation_weight=1),
    "relative mean": replace(ARTICLE, objective="relative_mean"),
    "redirected": replace(ARTICLE, relu_gradient="redirected"),
    "start spread": replace(ARTICLE, start_spread=0.5),
    "sobel3": replace(ARTICLE, gradient_kernel="sobel3"),
    "farid5": replace(ARTICLE, gradient_kernel="farid5"),
}


@pytest.fixture(scope="module")
def network() -> Network:
    """Three layers, the last of them without a ReLU."""
    torch.manual_seed(1)
    layers = [nn.Conv2d(3, 6, 5, stride=2), nn.ReLU(), nn.Conv2d(6, 5, 3), nn.ReLU()]
    return load_network(nn.Sequential(*layers, nn.Conv2d(5, 4, 3)), precision="float64")


def test_every_name_that_a_recipe_may_have_is_something() -> None:
    assert set(recipe.CHOICES["objective"]) == set(objectives.OBJECTIVES)
    assert set(recipe.CHOICES["gradient_kernel"]) == set(regularizers.GRADIENT_KERNELS)
    assert set(recipe.CHOICES["color_range"]) == set(parameterization.RANGES)
    assert set(recipe.REGULARIZERS) == set(regularizers.REGULARIZERS)


def test_clear_ends_at_the_articles_size_and_costs_no_more() -> None:
    ends, costs = zip(
        *[
            (each.ladder()[-1].size, each.steps * sum(rung.size**2 for rung in each.ladder()))
            for each in (RECIPES["article"], RECIPES["clear"])
        ],
        strict=True,
    )
    assert ends == (249, 249)
    assert costs[1] < costs[0]


@settings(max_examples=5)
@example(units=[("3", 1, 1.0), ("3", 1, 2.0)], batch=2)  # silent, so started again
@given(
    st.lists(
        st.tuples(st.sampled_from("01234"), st.integers(0, 3), st.floats(0.1, 100)),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 6),
)
@pytest.mark.parametrize("piece", PIECES)
def test_neighbors_do_not_change_a_picture(
    network: Network, piece: str, units: list[tuple[str, int, float]], batch: int
) -> None:
    pairs, scales = [(layer, unit) for layer, unit, _ in units], [scale for *_, scale in units]
    together = maximize_units(network, pairs, PIECES[piece], seed=4, batch=batch, scales=scales)
    for pair, scale, picture in zip(pairs, scales, together, strict=True):
        (alone,) = maximize_units(network, [pair], PIECES[piece], seed=4, scales=[scale])
        np.testing.assert_allclose(picture.image, alone.image, atol=1e-8)
        np.testing.assert_allclose(picture.activations, alone.activations, rtol=1e-8)


def test_neighbors_do_not_change_a_clear_picture_of_googlenet() -> None:
    network = load_network("googlenet", "bundled", precision="float64")
    units = [("inception5a", 7), ("conv2", 1), ("inception3b", 200), ("inception5a", 7)]
    short = replace(RECIPES["clear"], start_size=28, upscales=1, steps=3)
    for unit, picture in zip(units, maximize_units(network, units, short, seed=5), strict=True):
        (alone,) = maximize_units(network, [unit], short, seed=5)
        np.testing.assert_allclose(picture.image, alone.image, atol=1e-8)


@pytest.mark.parametrize("piece", [each for each in PIECES if each != "redirected"])
def test_each_piece_changes_the_picture_and_excites_its_unit(network: Network, piece: str) -> None:
    given_recipe = replace(PIECES[piece], steps=30, activation_weight=20)
    (picture,) = maximize_units(network, [("3", 2)], given_recipe)
    (plain,) = maximize_units(network, [("3", 2)], replace(ARTICLE, steps=30, activation_weight=20))
    assert picture.status == "ok"
    assert np.abs(picture.image - plain.image).max() > 1e-3
    assert picture.activations[-5:].mean() > 1.2 * picture.activations[0]
    assert 0 <= picture.image.min() and picture.image.max() <= 1


def test_terms_are_those_of_the_recipe_and_make_the_loss(network: Network) -> None:
    calm = replace(SHORT, total_variation_weight=0.3)
    (picture,) = maximize_units(network, [("1", 2)], calm, scales=[3])
    assert list(picture.terms) == ["activation", "total_variation", "loss"]
    (plain,) = maximize_units(network, [("1", 2)], replace(calm, objective="rms"))
    assert plain.terms["loss"] == pytest.approx(
        0.3 * plain.terms["total_variation"] - plain.terms["activation"]
    )


def test_clear_pictures_differ_between_seeds_and_samples(network: Network) -> None:
    units = [("1", 2)]
    first, again = (maximize_units(network, units, SHORT, seed=seed)[0].image for seed in (0, 0))
    other = maximize_units(network, units, SHORT, seed=1)[0].image
    assert np.array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_scales_make_networks_of_other_units_alike() -> None:
    """A hundredfold activation with a hundredfold scale gives the same picture."""
    torch.manual_seed(2)
    quiet = nn.Sequential(nn.Conv2d(3, 3, 5), nn.ReLU())
    torch.manual_seed(2)
    loud = nn.Sequential(nn.Conv2d(3, 3, 5), nn.ReLU())
    with torch.no_grad():
        for parameter in loud.parameters():
            parameter.mul_(100)
    pictures = [
        maximize_units(load_network(module, precision="float64"), [("1", 1)], SHORT, scales=[scale])
        for module, scale in ((quiet, 0.2), (loud, 20.0))
    ]
    np.testing.assert_allclose(pictures[0][0].image, pictures[1][0].image, atol=1e-6)


@pytest.mark.parametrize("scales", [[1.0], [1.0, 0.0], [1.0, float("nan")], [1.0, -2.0]])
def test_wrong_scales_are_refused(network: Network, scales: list[float]) -> None:
    with pytest.raises(UsageError, match="2 numbers above 0"):
        maximize_units(network, [("1", 1), ("1", 2)], SHORT, scales=scales)
