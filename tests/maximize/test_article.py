"""The batched loop gives what the article's loop gives."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support import article
from torch import nn
from torchvision.models import GoogLeNet

from atlas.maximize.loop import enlarge
from atlas.maximize.seeding import starting_noise
from atlas.maximize.units import maximize_units
from atlas.network.loading import load_network
from atlas.network.sizes import Sizes
from atlas.network.weights.named import load_model
from atlas.recipe import RECIPES, Recipe
from atlas.target import OF_THE_UNIT, Target

ARTICLE_SIZES = (
    "28 29 30 32 34 36 38 40 42 44 46 48 50 52 55 58 61 64 67 70 74 78 82 86 90 94 99 104 109 "
    "114 120 126 132 139 146 153 161 169 177 186 195 205 215 226 237 249"
)


def test_the_ladder_is_the_articles() -> None:
    ladder = RECIPES["article"].ladder()
    assert [rung.size for rung in ladder] == list(map(int, ARTICLE_SIZES.split()))
    assert [rung.upscale for rung in ladder] == list(range(46))


def test_a_network_with_a_larger_smallest_input_starts_higher_and_ends_alike() -> None:
    ladder = RECIPES["article"].ladder(Sizes(31))
    assert ladder[0].size == 32
    assert len(ladder) == 43
    assert ladder[-1].size == 249


def test_the_growth_series_is_the_articles() -> None:
    recipe = RECIPES["article"]
    assert [r.upscale for r in recipe.ladder() if recipe.is_stage(r)] == [0, 9, 18, 27, 36, 45]
    shown = [r.upscale for r in recipe.ladder(Sizes(31)) if recipe.is_stage(r, Sizes(31))]
    assert shown == [3, 9, 18, 27, 36, 45]


@settings(max_examples=30)
@given(st.integers(2, 60), st.floats(1.01, 2.0), st.integers(0, 2**32 - 1))
def test_enlarging_is_opencvs(size: int, factor: float, seed: int) -> None:
    image = np.random.default_rng(seed).random((size, size, 3))
    larger = round(size * factor)
    assume(larger > size)
    ours = enlarge(torch.from_numpy(image.transpose(2, 0, 1))[None], factor, larger)
    by_hand = article.resize(image, factor)
    np.testing.assert_allclose(ours[0].permute(1, 2, 0), by_hand, atol=1e-12)
    opencv = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    tolerance = 1e-9 if int(cv2.__version__.split(".")[0]) >= 5 else 1e-4
    np.testing.assert_allclose(by_hand, opencv, atol=tolerance)


@pytest.mark.parametrize("transform_input", [False, True])
def test_a_batch_over_many_layers_gives_the_articles_pictures(transform_input: bool) -> None:
    module, _ = load_model("googlenet", "bundled")
    assert isinstance(module, GoogLeNet)
    module.double().transform_input = transform_input
    network = load_network(module, precision="float64")
    units = [("inception4a", 10), ("conv1", 3), ("inception3b", 320), ("inception4a", 110)]
    recipe = Recipe(upscales=3, steps=5)
    starts = torch.rand(4, 3, 28, 28, generator=torch.Generator().manual_seed(3)).double()
    pictures = maximize_units(network, units, recipe, init=starts)
    for (layer, unit), start, picture in zip(units, starts, pictures, strict=True):
        assert picture.status in OF_THE_UNIT
        expected, history = article.maximize(module, layer, unit, start.numpy(), 3, 5)
        np.testing.assert_allclose(picture.activations, history, rtol=1e-8)
        np.testing.assert_allclose(picture.image, expected, atol=1e-6)


@pytest.fixture(scope="module")
def small() -> nn.Module:
    """Three layers, the last of them without a ReLU."""
    torch.manual_seed(1)
    layers = [nn.Conv2d(3, 6, 5, stride=2), nn.ReLU(), nn.Conv2d(6, 5, 3), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(5, 4, 3))


@settings(max_examples=12)
@given(
    st.lists(
        st.tuples(st.sampled_from(["0", "1", "2", "3", "4"]), st.integers(0, 3)),
        min_size=1,
        max_size=7,
    ),
    st.integers(1, 7),
)
def test_neighbors_do_not_change_a_picture(
    small: nn.Module, units: list[tuple[str, int]], batch: int
) -> None:
    network = load_network(small, precision="float64")
    recipe = Recipe(upscales=2, steps=3)
    together = maximize_units(network, units, recipe, batch=batch)
    for unit, picture in zip(units, together, strict=True):
        (alone,) = maximize_units(network, [unit], recipe)
        assert picture.target == Target(*unit)
        np.testing.assert_allclose(picture.image, alone.image, atol=1e-8)
        np.testing.assert_allclose(picture.activations, alone.activations, rtol=1e-8)


def test_neighbors_do_not_change_a_picture_of_googlenet() -> None:
    network = load_network("googlenet", "bundled", precision="float64")
    units = [("inception5a", 7), ("conv2", 1), ("inception3b", 200), ("inception5a", 7)]
    recipe = Recipe(upscales=2, steps=4)
    pictures = maximize_units(network, units, recipe, seed=5)
    for unit, picture in zip(units, pictures, strict=True):
        (alone,) = maximize_units(network, [unit], recipe, seed=5)
        np.testing.assert_allclose(picture.image, alone.image, atol=1e-8)


def test_a_start_depends_on_seed_layer_unit_attempt_and_sample_alone() -> None:
    noise = starting_noise(0, Target("inception4a", 225), 0, 28)
    assert noise.shape == (3, 28, 28)
    assert noise.dtype == torch.float32
    assert torch.equal(noise, starting_noise(0, Target("inception4a", 225), 0, 28))
    # The stream itself is promised: another version of numpy or Python must draw the same.
    np.testing.assert_allclose(noise[0, 0, :3], [0.61625844, 0.32811677, 0.09644276], rtol=1e-6)
    others = [
        starting_noise(1, Target("inception4a", 225), 0, 28),
        starting_noise(0, Target("inception4b", 225), 0, 28),
        starting_noise(0, Target("inception4a", 22), 0, 28),
        starting_noise(0, Target("inception4a", 225), 1, 28),
        starting_noise(0, Target("inception4a", 225, 2), 0, 28),
    ]
    for other in others:
        assert abs(np.corrcoef(noise.flatten(), other.flatten())[0, 1]) < 0.1
    assert 0 <= noise.min() and noise.max() < 1
    assert abs(noise.mean() - 0.5) < 0.02
