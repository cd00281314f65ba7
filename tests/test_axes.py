"""A caller's own functions on the axes of the maximization."""

from typing import Any

import pytest
import torch
from small_build import Small
from torch import Tensor

from atlas import Recipe, UsageError, load_network, maximize_units
from atlas.maximize.objectives import OBJECTIVES, Objective, root_mean_square
from atlas.maximize.parameterization import Parameterization
from atlas.maximize.regularizers import gradient, pixel
from atlas.maximize.transformations import Views
from atlas.network.network import Network

RECIPE = Recipe(start_size=40, upscales=1, steps=3)
UNITS = [("conv1", 0), ("conv2", 1)]


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return load_network(Small(), precision="float64")


def images(network: Network, **axes: Any) -> Tensor:
    made = maximize_units(network, UNITS, RECIPE, **axes)
    return torch.stack([torch.from_numpy(picture.image) for picture in made])


def test_the_recipes_own_choice_said_by_functions_gives_its_pictures(network: Network) -> None:
    own = images(
        network,
        objective=lambda maps, scales: root_mean_square(maps),
        regularizers={"pixel": pixel, "gradient": gradient},
        transformations=lambda normalized, step: normalized,
        parameterization=Parameterization,
    )
    assert torch.allclose(own, images(network), atol=1e-10)


def test_objectives_add_and_scale() -> None:
    maps, scales = torch.randn(3, 4, 5, dtype=torch.float64), torch.tensor([1.0, 2.0, 4.0]).double()
    both = 2 * OBJECTIVES["rms"] + OBJECTIVES["relative_mean"] * 0.5
    wanted = 2 * maps.square().mean((1, 2)).sqrt() + 0.5 * maps.mean((1, 2)) / scales
    assert torch.allclose(both(maps, scales), wanted, atol=1e-12)


def test_an_objective_of_ones_own_is_what_grows(network: Network) -> None:
    center = Objective(lambda maps, scales: maps[:, maps.shape[1] // 2, maps.shape[2] // 2])
    made = maximize_units(network, UNITS[:1], RECIPE, objective=center, regularizers={})
    assert list(made[0].terms) == ["activation", "loss"]
    first = maximize_units(
        network, UNITS[:1], Recipe(start_size=40, upscales=0, steps=1), objective=center
    )
    assert made[0].terms["loss"] < first[0].terms["loss"]


def test_a_regularizer_of_ones_own_is_recorded_and_counts(network: Network) -> None:
    red = {"redness": lambda normalized: 100 * normalized[:, 0].square().mean((1, 2))}
    made = maximize_units(network, UNITS, RECIPE, regularizers=red)
    assert all("redness" in picture.terms for picture in made)
    assert not torch.allclose(images(network, regularizers=red), images(network))


def test_views_of_ones_own_see_every_step(network: Network) -> None:
    seen: list[int] = []

    def view(normalized: Tensor, step: int) -> Tensor:
        seen.append(step)
        return normalized.flip(3)

    images(network, transformations=view)
    assert seen == list(range(6))
    jittered = Recipe(start_size=40, upscales=1, steps=3, jitter=4)
    names = [f"0/{layer}/{unit}/1/0" for layer, unit in UNITS]
    own = Views(jittered, names, 6, torch.empty(0, dtype=torch.float64)).view
    made = maximize_units(network, UNITS, jittered)
    wanted = torch.stack([torch.from_numpy(picture.image) for picture in made])
    assert torch.allclose(images(network, transformations=own), wanted, atol=1e-10)


@pytest.mark.parametrize(
    "axes, said",
    [
        ({"objective": "rms"}, "objective is of the type str"),
        ({"objective": lambda maps, scales: maps.mean()}, "objective gave ()"),
        ({"objective": lambda maps, scales: 3.0}, "objective gave float"),
        ({"regularizers": [pixel]}, "regularizers must be functions by name"),
        ({"regularizers": {"mine": lambda normalized: normalized}}, "mine gave (2, 3, 40, 40)"),
        ({"transformations": 3}, "transformations is of the type int"),
        ({"parameterization": "pixels"}, "parameterization is of the type str"),
    ],
)
def test_what_is_no_such_function_is_refused(
    network: Network, axes: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        maximize_units(network, UNITS, RECIPE, **axes)
    assert said in str(caught.value) and "\n" not in str(caught.value)
