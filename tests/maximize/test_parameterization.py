"""Ways to describe a picture to the optimizer, against the formulas in numpy; all undone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from atlas.maximize.parameterization import COLOR_AXES, DARKEST, Parameterization
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.recipe import CHOICES, RECIPES, Recipe


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network(nn.Sequential(nn.Conv2d(3, 2, 3)), precision="float64")


def images(seed: int, size: int, count: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).uniform(DARKEST, 1 - DARKEST, (count, 3, size, size))


seeds, sizes = st.integers(0, 2**32 - 1), st.integers(1, 40)
recipes = st.builds(
    Recipe,
    color_range=st.sampled_from(CHOICES["color_range"]),
    color_axes=st.sampled_from(CHOICES["color_axes"]),
    basis=st.sampled_from(["pixels", "cosines"]),  # phases keep no image's strengths
    spectrum_decay=st.floats(0, 2),
)


@given(recipes, seeds, sizes)
def test_an_image_comes_back_from_its_parameters(
    network: Network, recipe: Recipe, seed: int, size: int
) -> None:
    way, given_images = Parameterization(network, recipe, size), images(seed, size)
    parameters = way.encode(torch.from_numpy(given_images))
    assert parameters.shape == given_images.shape
    np.testing.assert_allclose(way.shown(parameters), given_images, atol=1e-9)
    seen = network.normalize(torch.from_numpy(given_images))
    np.testing.assert_allclose(way.decode(parameters), seen, atol=1e-8)


def test_the_articles_parameters_are_the_normalized_image(network: Network) -> None:
    way, given_images = Parameterization(network, RECIPES["article"], 9), images(0, 9)
    normalized = network.normalize(torch.from_numpy(given_images))
    parameters = way.encode(torch.from_numpy(given_images))
    assert torch.equal(parameters, normalized)
    assert way.decode(parameters) is parameters
    assert way.shown(parameters + 100).max() == 1, "clipped when shown, and not before"
    assert way.decode(parameters + 100).min() > 90


@given(seeds)
def test_a_sigmoid_keeps_every_color_between_black_and_white(network: Network, seed: int) -> None:
    way = Parameterization(network, Recipe(color_range="sigmoid"), 5)
    parameters = 1e3 * np.random.default_rng(seed).normal(size=(2, 3, 5, 5))
    decoded = network.denormalize(way.decode(torch.from_numpy(parameters)))
    assert -1e-12 < decoded.min() and decoded.max() < 1 + 1e-12
    extremes = way.encode(torch.tensor([0.0, 1.0, 0.5]).double().reshape(1, 3, 1, 1))
    bound = np.log((1 - DARKEST) / DARKEST)
    np.testing.assert_allclose(extremes.flatten(), [-bound, bound, 0], atol=1e-12)


@given(seeds, sizes)
def test_decorrelated_colors_are_amounts_of_the_axes(
    network: Network, seed: int, size: int
) -> None:
    way = Parameterization(network, Recipe(color_axes="decorrelated"), size)
    amounts = np.random.default_rng(seed).normal(size=(2, 3, size, size))
    axes = np.array(COLOR_AXES) / np.sqrt((np.array(COLOR_AXES) ** 2).sum(0).max())
    expected = sum(amounts[:, [i]] * axes[:, i].reshape(1, 3, 1, 1) for i in range(3))
    np.testing.assert_allclose(way.decode(torch.from_numpy(amounts)), expected, atol=1e-12)


@settings(max_examples=20)
@given(seeds, st.integers(1, 9), st.floats(0, 2))
def test_cosines_are_those_of_the_formula(
    network: Network, seed: int, size: int, decay: float
) -> None:
    recipe = Recipe(basis="cosines", spectrum_decay=decay)
    amounts = np.random.default_rng(seed).normal(size=(1, 3, size, size))
    expected = np.zeros_like(amounts)
    place = np.arange(size) + 0.5
    for down, across in np.ndindex(size, size):
        length = np.sqrt((1 + (down > 0)) * (1 + (across > 0))) / size
        wave = np.outer(np.cos(np.pi * down * place / size), np.cos(np.pi * across * place / size))
        frequency = max(np.hypot(down, across), 1) / (2 * size)
        unit = 0.25 * frequency**-decay
        expected += amounts[:, :, [[down]], [[across]]] * unit * length * wave
    decoded = Parameterization(network, recipe, size).decode(torch.from_numpy(amounts))
    np.testing.assert_allclose(decoded, expected, atol=1e-10)


def test_a_step_of_all_parameters_changes_all_octaves_alike(network: Network) -> None:
    """Signs, as Adam's first step has them, give the spectrum of a photograph: 1 / f."""
    size = 128
    signs = np.sign(np.random.default_rng(0).normal(size=(1, 3, size, size)))
    way = Parameterization(network, Recipe(basis="cosines"), size)
    power = np.abs(np.fft.fft2(way.decode(torch.from_numpy(signs)).numpy())[0, 0]) ** 2
    radius = np.hypot(*np.meshgrid(*[np.fft.fftfreq(size) * size] * 2))
    octaves = [power[(radius >= low) & (radius < 2 * low)].sum() for low in (4, 8, 16, 32)]
    assert max(octaves) / min(octaves) < 1.5


@pytest.mark.parametrize("name", RECIPES)
def test_gradients_reach_the_parameters_exactly(network: Network, name: str) -> None:
    way = Parameterization(network, RECIPES[name], 4)
    parameters = way.encode(torch.from_numpy(images(3, 4))).requires_grad_()
    assert torch.autograd.gradcheck(way.decode, parameters)
