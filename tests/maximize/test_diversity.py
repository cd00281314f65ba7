"""Samples that are kept apart: each from the earlier ones of its unit, and from nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.small_build import Small
from torch import Tensor, nn

from atlas.maximize.diversity import Likeness
from atlas.maximize.loop import maximize_chunk
from atlas.maximize.units import maximize_units
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.network.ways import layer_trunk
from atlas.recipe import Recipe
from atlas.target import Picture, Target

PLAIN = Recipe(start_size=28, upscales=2, steps=3)
DIVERSE = replace(PLAIN, diversity_weight=3.0)
UNITS = [("conv2", 1), ("conv1", 3)]


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network(Small(), precision="float64")


def samples(count: int, units: list[tuple[str, int]] = UNITS) -> list[Target]:
    return [Target(*unit, sample) for unit in units for sample in range(1, count + 1)]


def close(one: Picture, other: Picture) -> bool:
    return one.target == other.target and np.allclose(one.image, other.image, rtol=0, atol=1e-8)


def test_the_likeness_is_the_cosine_of_gram_matrices_to_earlier_samples(network: Network) -> None:
    torch.manual_seed(0)
    targets = [
        Target("conv1", 0, 2), Target("conv1", 1), Target("conv1", 3), Target("conv1", 3, 2),
        Target("conv1", 3, 3), Target("conv2", 2), Target("conv2", 2, 4),
    ]  # fmt: skip
    images = torch.rand(len(targets), 3, 96, 96, dtype=torch.float64, requires_grad=True)
    likeness = Likeness(network, targets, torch.float64)(images)

    def gram(image: Tensor, layer: str) -> np.ndarray:
        ((_, maps),) = layer_trunk(network, [layer]).activations(image[None])
        flat = maps[0].flatten(1).detach().numpy()
        matrix = np.array([[a @ b for b in flat] for a in flat])
        return matrix / np.sqrt((matrix**2).sum())

    grams = [gram(images[i], target.layer) for i, target in enumerate(targets)]

    def cosine(i: int, j: int) -> float:
        return (grams[i] * grams[j]).sum()

    wanted = [0, 0, 0, cosine(3, 2), (cosine(4, 2) + cosine(4, 3)) / 2, 0, cosine(6, 5)]
    assert likeness.detach().numpy() == pytest.approx(wanted, abs=1e-12)
    (gradient,) = torch.autograd.grad(likeness.sum(), images)
    moved = [bool(each.any()) for each in gradient]
    assert moved == [False, False, False, True, True, False, True], "the later of each pair alone"


def test_a_sample_is_the_same_with_whatever_others_it_is_asked_for(network: Network) -> None:
    together = maximize_units(network, samples(3), DIVERSE)
    for batch, asked in [(1, samples(3)), (2, samples(3)), (16, samples(3)[2:5]), (4, samples(2))]:
        made = maximize_units(network, asked, DIVERSE, batch=batch)
        whole = {picture.target: picture for picture in together}
        assert all(close(picture, whole[picture.target]) for picture in made)


def test_the_first_sample_is_that_of_the_recipe_without_diversity(network: Network) -> None:
    asked = samples(2, [("conv1", 3)])
    plain, diverse = (maximize_units(network, asked, each) for each in (PLAIN, DIVERSE))
    assert [close(*pair) for pair in zip(plain, diverse, strict=True)] == [True, False]


def test_samples_are_less_alike_the_more_that_weighs(network: Network) -> None:
    def alike(weight: float) -> float:
        own = replace(DIVERSE, diversity_weight=weight)
        made = maximize_units(network, samples(3), own)
        images = network.normalize(torch.from_numpy(np.stack([each.image for each in made])))
        return Likeness(network, samples(3), torch.float64)(images).sum().item()

    assert alike(0) > alike(20)


def test_a_silent_sample_starts_again_beside_the_earlier_ones(network: Network) -> None:
    torch.manual_seed(0)
    module = Small()
    first = module.conv1[0]
    assert isinstance(first, nn.Conv2d) and first.bias is not None
    with torch.no_grad():
        first.bias[3] = -0.8  # so low that the unit wakes from some noise, and not from other
    sleepy = load_network(module, precision="float64")
    targets = samples(6, [("conv1", 3)])
    recipe = replace(DIVERSE, start_size=15, upscales=0, steps=2)
    together = maximize_chunk(sleepy, targets, recipe, 0)
    for target, picture in zip(targets, together, strict=True):
        (alone,) = maximize_chunk(sleepy, [target], recipe, 0)
        assert close(alone, picture)
        assert (alone.attempt, alone.status) == (picture.attempt, picture.status)
    assert any(picture.attempt for picture in together)
