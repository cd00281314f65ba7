"""Pictures for networks of other inputs: of any channels, and seen enlarged where they must be."""

import numpy as np
import pytest
import torch
from support.inputs import FourChannels, LeNet
from torch.nn.functional import interpolate

from atlas import load_network, maximize_units
from atlas.maximize.seeding import starting_noise, uniform
from atlas.network.fit import fit
from atlas.network.network import Network
from atlas.recipe import RECIPES, Recipe
from atlas.target import Target

SHORT = Recipe(start_size=100, upscales=2, factor=1.25, steps=2)


@pytest.fixture(scope="module")
def lenet() -> Network:
    torch.manual_seed(0)
    return Network(LeNet(), input=(1, 28, 28), mean=(0.13,), std=(0.31,), precision="float64")


@pytest.mark.parametrize("recipe", [SHORT, RECIPES["clear"]], ids=["article", "clear"])
def test_a_gray_picture_is_the_same_alone_and_among_others(lenet: Network, recipe: Recipe) -> None:
    units = [("fc1", 3), ("conv1", 2), ("conv2", 7), ("fc1", 5)]
    recipe = Recipe(**{**vars(recipe), "steps": 2})
    together = maximize_units(lenet, units, recipe)
    for unit, found in zip(units, together, strict=True):
        (alone,) = maximize_units(lenet, [unit], recipe)
        assert found.image.shape == (1, 28, 28)
        np.testing.assert_allclose(alone.image, found.image, atol=1e-8)
        assert [image.shape for _, image in found.stages][-1] == (1, 28, 28)


def test_a_layer_that_takes_no_small_picture_sees_it_enlarged(lenet: Network) -> None:
    """Its activation at the first step is that on the start, bilinearly as large as the input."""
    start = torch.rand(
        1, 1, 18, 18, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    (picture,) = maximize_units(lenet, [("fc1", 3)], SHORT, init=start)
    assert len(picture.activations) == 3 * SHORT.steps  # 18, 22 and 28 pixels
    module = LeNet().double()
    module.load_state_dict(lenet.module.state_dict())
    larger = interpolate((start - 0.13) / 0.31, (28, 28), mode="bilinear", align_corners=False)
    hidden = module.pool2(module.conv2(module.pool1(module.conv1(larger).relu())).relu())
    answer = module.fc1(torch.flatten(hidden, 1))[0, 3]
    assert picture.activations[0] == pytest.approx(abs(answer.item()), rel=1e-9)


def test_enlarging_is_torchs_and_leaves_what_fits(lenet: Network) -> None:
    images = torch.rand(2, 1, 9, 9, dtype=torch.float64)
    expected = interpolate(images, (28, 28), mode="bilinear", align_corners=False)
    torch.testing.assert_close(fit(lenet, "fc1", images), expected)
    assert fit(lenet, "conv1", images) is images


@pytest.mark.parametrize("channels", [2, 4, 6])
def test_any_number_of_channels_is_optimized(channels: int) -> None:
    torch.manual_seed(0)
    network = load_network(FourChannels(channels), input=(channels, 48, 48))
    clear = Recipe(**{**vars(RECIPES["clear"]), "upscales": 1, "steps": 6})
    (picture,) = maximize_units(network, [("conv2", 1)], clear)
    assert picture.image.shape == (channels, 80, 80)
    assert picture.activations[-1] > picture.activations[0]
    alike = np.abs(np.corrcoef(picture.image.reshape(channels, -1)) - np.eye(channels))
    assert alike.max() < 0.99


def test_the_start_has_the_networks_channels_and_that_of_three_is_as_ever() -> None:
    target = Target("conv1", 3)
    drawn = uniform(target.stream(5, 0), 3 * 7 * 7).reshape(3, 7, 7)
    assert np.array_equal(starting_noise(5, target, 0, 7), drawn)
    assert starting_noise(5, target, 0, 7, 4).shape == (4, 7, 7)
