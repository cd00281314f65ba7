"""Units that answer to nothing, that wake late, and that break: each to itself alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support import article
from torch import Tensor, nn

from atlas.errors import UsageError
from atlas.maximize.loop import RETRIES, maximize_chunk
from atlas.maximize.seeding import starting_noise
from atlas.maximize.units import maximize_units
from atlas.network.bvlc_googlenet import LocalResponseNorm
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.recipe import RECIPES, Recipe
from atlas.target import OF_THE_UNIT, Picture, Target

RECIPE = Recipe(start_size=8, upscales=2, factor=1.25, steps=3)
SIZES = [8, 10, 12]
PIXEL_STEPS = 3 * sum(size**2 for size in SIZES)


def ended(picture: Picture) -> str:
    """How a picture ended; one that its unit had a part in, outweighed or not, was seen."""
    return "seen" if picture.status in OF_THE_UNIT else picture.status


def dead_at(unit: int) -> nn.Module:
    """Every layer has the unit dead: a convolution, a ReLU, and local response normalization."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), LocalResponseNorm(4))
    module.append(nn.LocalResponseNorm(3))
    convolution = module[0]
    assert isinstance(convolution, nn.Conv2d) and convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    nn.init.zeros_(convolution.weight[unit])
    return module


@pytest.mark.parametrize("layer", ["0", "1", "2", "3"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_dead_unit_is_started_four_times_and_then_silent(layer: str, precision: str) -> None:
    network = load_network(dead_at(2), precision=precision)  # type: ignore[arg-type]
    done: list[int] = []
    units = [(layer, 0), (layer, 2), (layer, 3)]
    pictures = maximize_units(network, units, RECIPE, progress=done.append)
    assert [ended(picture) for picture in pictures] == ["seen", "silent", "seen"]
    assert [picture.attempt for picture in pictures] == [0, 3, 0]
    assert sum(done) == (3 + RETRIES) * PIXEL_STEPS, "the silent one alone starts again"
    silent = pictures[1]
    assert not silent.activations.any()
    assert np.isfinite(silent.image).all()
    assert silent.terms["activation"] == 0
    assert silent.terms["loss"] == pytest.approx(silent.terms["pixel"] + silent.terms["gradient"])


def test_the_silent_units_of_a_chunk_start_again_together() -> None:
    module = dead_at(2)
    network = load_network(module, precision="float64")
    done: list[int] = []
    chunk = [Target("1", 2), Target("1", 0), Target("2", 2)]
    maximize_chunk(network, chunk, RECIPE, 0, progress=done.append)
    sizes = [size**2 for size in SIZES for _ in range(3)]
    assert done == [images * size for images in (3, 2, 2, 2) for size in sizes]


class Threshold(nn.Module):
    """Units that answer to the mean of five pixels a side, each from its own threshold on."""

    def __init__(self, thresholds: list[float]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, len(thresholds), 5)
        nn.init.constant_(self.conv.weight, 1 / 75)
        self.conv.bias = nn.Parameter(-torch.tensor(thresholds))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv(x))


def plain_loop(
    module: nn.Module, target: Target, start: np.ndarray, steps: int, upscales: int = 1
) -> tuple[np.ndarray, list[float]]:
    return article.maximize(module, target.layer, target.unit, start, upscales, steps)


def test_each_unit_keeps_the_first_of_four_starts_that_leaves_it_awake() -> None:
    thresholds = np.linspace(0.3, 0.8, 12).tolist()
    module = Threshold(thresholds).double()
    recipe = Recipe(start_size=12, upscales=1, steps=2)
    targets = [Target("relu", unit) for unit in range(len(thresholds))]
    pictures = maximize_units(
        load_network(module, precision="float64"), targets, recipe, seed=3, batch=5
    )
    attempts = []
    for target, picture in zip(targets, pictures, strict=True):
        starts = [starting_noise(3, target, attempt, 12).double() for attempt in range(4)]
        tries = [plain_loop(module, target, start.numpy(), steps=2) for start in starts]
        awake = [attempt for attempt, (_, history) in enumerate(tries) if any(history[-2:])]
        assert ended(picture) == ("seen" if awake else "silent")
        assert picture.attempt == (awake[0] if awake else 3)
        image, history = tries[picture.attempt]
        np.testing.assert_allclose(picture.image, image, atol=1e-8)
        np.testing.assert_allclose(picture.activations, history, atol=1e-10)
        attempts.append(awake[0] if awake else "silent")
    assert 0 in attempts and "silent" in attempts and {1, 2, 3} & set(attempts)


class NearGray(nn.Module):
    """One unit that answers to what is darker than a threshold, and one that answers always."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)
        nn.init.constant_(self.conv.weight, -1 / 3)
        self.conv.bias = nn.Parameter(torch.tensor([0.5, 50.0]))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv(x))


def test_a_unit_that_wakes_by_itself_keeps_the_plain_loops_picture() -> None:
    module = NearGray().double()
    recipe = Recipe(start_size=12, upscales=2, steps=4)
    sizes = [12, 13, 14]
    white = np.ones((2, 3, 12, 12))
    done: list[int] = []
    woken, other = maximize_units(
        load_network(module, precision="float64"),
        [("relu", 0), ("relu", 1)],
        recipe,
        init=white,
        progress=done.append,
    )
    assert sum(done) == 2 * 4 * sum(size**2 for size in sizes), "nothing is started again"
    assert not woken.activations[:4].any() and woken.activations[-1] > 0
    for picture in (woken, other):
        assert (ended(picture), picture.attempt) == ("seen", 0)
        image, history = plain_loop(module, picture.target, white[0], steps=4, upscales=2)
        np.testing.assert_allclose(picture.image, image, atol=1e-10)
        np.testing.assert_allclose(picture.activations, history, atol=1e-10)


def test_a_unit_that_falls_asleep_is_silent() -> None:
    module = Threshold([1.5])
    nn.init.constant_(module.conv.weight, 1e-3 / 75)
    module.conv.bias = nn.Parameter(torch.tensor([-1.5e-3]))
    network = load_network(module, precision="float64")
    white = np.ones((1, 3, 8, 8))
    done: list[int] = []
    (picture,) = maximize_units(network, [("relu", 0)], RECIPE, init=white, progress=done.append)
    first = objective_at_start(network, white)
    assert first > 0, "awake at first"
    assert (picture.status, picture.attempt) == ("silent", 3)
    assert sum(done) == 4 * PIXEL_STEPS


def objective_at_start(network: Network, images: np.ndarray) -> float:
    return float(network.module(network.normalize(torch.from_numpy(images))).abs().sum())


# A broken unit harms no other


class Loud(nn.Module):
    """Multiplies its unit 1, and leaves the others as they are."""

    factors: Tensor

    def __init__(self, factor: float) -> None:
        super().__init__()
        factors = torch.tensor([1.0, factor, 1.0, 1.0], dtype=torch.float64)
        self.register_buffer("factors", factors.view(4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factors


@pytest.mark.parametrize(("precision", "factor"), [("float32", 1e38), ("float64", 1e308)])
def test_a_broken_unit_is_noticed_and_its_neighbors_are_unchanged(
    precision: str, factor: float
) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), Loud(factor)).double()
    network = load_network(module, precision=precision)  # type: ignore[arg-type]
    units = [("0", 1), ("2", 0), ("2", 1), ("1", 2), ("2", 3)]
    together = maximize_units(network, units, RECIPE)
    assert [ended(p) for p in together] == ["seen", "seen", "broken", "seen", "seen"]
    assert together[2].attempt == 0
    for unit, picture in zip(units, together, strict=True):
        if ended(picture) == "seen":
            (alone,) = maximize_units(network, [unit], RECIPE)
            tolerance = 1e-8 if precision == "float64" else 1e-4
            np.testing.assert_allclose(picture.image, alone.image, atol=tolerance)


# What is asked, in the order asked


def test_results_come_in_the_order_asked() -> None:
    network = load_network(dead_at(2), precision="float64")
    units = [("3", 1), ("0", 1), ("1", 2), ("2", 0), ("0", 1), ("3", 2), ("1", 0)]
    for batch in (1, 3, 16):
        pictures = maximize_units(network, units, RECIPE, batch=batch)
        assert [(p.target.layer, p.target.unit) for p in pictures] == units
        np.testing.assert_array_equal(pictures[1].image, pictures[4].image)
        assert all(p.image.shape == (3, SIZES[-1], SIZES[-1]) for p in pictures)
        assert all(len(p.activations) == 3 * len(SIZES) for p in pictures)
        assert all(p.stages[-1][1].shape == p.image.shape for p in pictures)
    assert maximize_units(network, [], RECIPE) == []


def test_pictures_are_colors_in_the_networks_precision() -> None:
    for precision, dtype in {
        "float32": np.float32,
        "float64": np.float64,
        "bfloat16": np.float32,
    }.items():
        network = load_network(dead_at(2), precision=precision)  # type: ignore[arg-type]
        (picture,) = maximize_units(network, [("1", 0)], RECIPE)
        assert picture.image.dtype == dtype
        assert picture.image.min() >= 0 and picture.image.max() <= 1


@pytest.mark.parametrize(
    "shape", [(2, 3, 8, 8), (1, 3, 9, 9), (1, 1, 8, 8), (3, 8, 8), (1, 3, 8, 9), (0,)]
)
def test_a_start_of_another_shape_is_wrong_usage(shape: tuple[int, ...]) -> None:
    network = load_network(dead_at(2))
    with pytest.raises(UsageError, match=r"\(1, 3, 8, 8\) is needed"):
        maximize_units(network, [("0", 0)], RECIPE, init=np.zeros(shape))


def test_a_start_belongs_to_its_unit_in_whatever_chunk() -> None:
    network = load_network(dead_at(2), precision="float64")
    starts = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    units = [("2", 0), ("0", 1), ("1", 3)]
    together = maximize_units(network, units, RECIPE, init=starts, batch=2)
    for unit, start, picture in zip(units, starts, together, strict=True):
        (alone,) = maximize_units(network, [unit], RECIPE, init=start[None].numpy())
        np.testing.assert_allclose(picture.image, alone.image, atol=1e-8)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (4, "2 has no unit 4; its units are 0 to 3"),
        (10**9, "2 has no unit 1000000000; its units are 0 to 3"),
        (-1, "unit is -1; it must be a whole number from 0"),
    ],
)
def test_a_unit_out_of_range_is_wrong_usage(unit: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        maximize_units(load_network(dead_at(2)), [("0", 0), ("2", unit)], RECIPE)


@pytest.mark.parametrize("recipe", ["article", "clear"])
def test_a_unit_that_the_regularizers_outweigh_is_told_from_one_that_is_seen(recipe: str) -> None:
    """The layer as it is, and divided by 3,000, which the next one could undo."""
    short = replace(RECIPES[recipe], start_size=32, upscales=2, factor=1.2, activation_weight=1.0)
    statuses = []
    for scale in (10, 1 / 300):
        torch.manual_seed(1)
        module = nn.Sequential(nn.Conv2d(3, 8, 5, 2, bias=False), nn.ReLU(), nn.Conv2d(8, 8, 5))
        filters = nn.init.orthogonal_(torch.empty(8, 75)).view(8, 3, 5, 5)
        module.load_state_dict({**module.state_dict(), "0.weight": scale * filters})
        (made,) = maximize_units(load_network(module), [("1", 2)], short, scales=[scale])
        statuses.append(made.status)
    assert statuses == ["ok", "outweighed" if recipe == "article" else "ok"]
