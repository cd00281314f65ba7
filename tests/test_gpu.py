"""On a GPU the pictures are those of the CPU, always the same, and nothing waits inside a size.

Skipped where torch sees no GPU.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from atlas import RECIPES, load_network, maximize_units
from atlas.build import resources
from atlas.network.network import Network
from atlas.network.precision import Precision
from atlas.recipe import Recipe
from atlas.target import Picture

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")

OF_ALL_KINDS = replace(
    RECIPES["clear"],
    basis="phases",
    start_spread=1.8,
    rotate=10,
    crop=0.6,
    pad=8,
    noise=0.1,
    plain_steps=1,
    fine_below=0,
)
ALL = {**RECIPES, "of all kinds": OF_ALL_KINDS}
UNITS = [("conv1", 3), ("maxpool2", 7), ("inception3a", 70), ("inception4c", 9)] * 2


def network(device: str, precision: Precision) -> Network:
    return load_network("googlenet", "bundled", device, precision=precision)


def short(name: str) -> Recipe:
    return replace(ALL[name], upscales=2, steps=3)


def made(device: str, precision: Precision, recipe: str) -> list[Picture]:
    return maximize_units(network(device, precision), UNITS, short(recipe))


@pytest.mark.parametrize("recipe", ALL)
def test_a_gpu_gives_the_pictures_of_the_cpu(recipe: str) -> None:
    for there, here in zip(
        made("cuda", "float64", recipe), made("cpu", "float64", recipe), strict=True
    ):
        np.testing.assert_allclose(there.image, here.image, rtol=0, atol=1e-6)
        assert there.status == here.status


@pytest.mark.parametrize("recipe", ALL)
def test_a_unit_alone_gets_the_picture_that_it_gets_among_others(recipe: str) -> None:
    on_gpu, chosen = network("cuda", "float64"), short(recipe)
    together = maximize_units(on_gpu, UNITS[:4], chosen)
    for unit, among_others in zip(UNITS[:4], together, strict=True):
        (alone,) = maximize_units(on_gpu, [unit], chosen)
        np.testing.assert_allclose(alone.image, among_others.image, rtol=0, atol=1e-8)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("recipe", ALL)
def test_the_same_batch_gives_the_same_bits(recipe: str, precision: Precision) -> None:
    for once, again in zip(
        made("cuda", precision, recipe), made("cuda", precision, recipe), strict=True
    ):
        np.testing.assert_array_equal(once.image, again.image)


@pytest.mark.parametrize("recipe", ALL)
def test_nothing_waits_for_the_gpu_inside_a_size(recipe: str) -> None:
    chosen, on_gpu = short(recipe), network("cuda", "bfloat16")
    done = 0

    def watch(_: int) -> None:
        nonlocal done
        done += 1
        # From the end of a size's first step to that of its last, whatever waits raises.
        torch.cuda.set_sync_debug_mode("error" if done % chosen.steps else "default")

    try:
        maximize_units(on_gpu, UNITS, chosen, progress=watch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert done == chosen.steps * len(chosen.ladder(on_gpu.sizes))


def peak(on_gpu: Network, units: list[tuple[str, int]]) -> int:
    """The most bytes that are held on the GPU while these pictures are made."""
    torch.cuda.reset_peak_memory_stats()
    maximize_units(on_gpu, units, Recipe(start_size=249, upscales=0, steps=2))
    return torch.cuda.max_memory_allocated()


def test_a_batch_takes_for_each_image_more_no_more_memory_than_is_said() -> None:
    on_gpu = network("cuda", "bfloat16")
    assert resources.choose_batch(on_gpu, 249, 2) > 1
    deepest = [("inception5b", unit) for unit in range(17)]
    peak(on_gpu, deepest)  # whatever is kept from the first time on
    more = peak(on_gpu, deepest) - peak(on_gpu, deepest[:1])
    said = resources.bytes_per_image(on_gpu, 249)
    assert 0 < more < 16 * said / resources.MEMORY_SHARE
