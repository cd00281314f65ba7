"""A redirected ReLU wakes silent units, and leaves all others alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from atlas.maximize.units import maximize_units
from atlas.network.loading import load_network
from atlas.network.redirected_relu import redirected_relu
from atlas.recipe import RECIPES, Recipe

# Of the mean: a root mean square has no gradient where it is zero.
SHORT = Recipe(
    start_size=12,
    upscales=1,
    steps=40,
    objective="relative_mean",
    pixel_weight=0,
    gradient_weight=0,
)
REDIRECTED = replace(SHORT, relu_gradient="redirected")


class Deaf(nn.Module):
    """Two convolutions; no noise of 0..1 excites the last unit of either, but other images do."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first, self.second = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 2, 3)
        self.relu = nn.ReLU(inplace=True)
        self.kind = kind
        with torch.no_grad():
            for convolution in (self.first, self.second):
                assert convolution.bias is not None
                convolution.weight[-1] = 0.1
                convolution.bias[-1] = -2.5

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == "module":
            return self.relu(self.second(self.relu(self.first(x))))
        if self.kind == "function":
            return F.relu(self.second(F.relu(self.first(x), inplace=True)))
        return torch.relu(self.second(self.first(x).relu_()))


@pytest.mark.parametrize("kind", ["module", "function", "method"])
def test_a_silent_unit_wakes_by_a_redirected_gradient_alone(kind: str) -> None:
    network = load_network(Deaf(kind), precision="float64")
    units = [("relu" if kind == "method" else "relu_1", 1)]
    (asleep,) = maximize_units(network, units, SHORT)
    assert asleep.status == "silent" and not asleep.activations.any()
    (awake,) = maximize_units(network, units, REDIRECTED)
    assert awake.status == "ok" and awake.attempt == 0
    assert awake.activations[0] == 0 < awake.activations[-1]


def test_a_unit_that_is_awake_keeps_its_picture_beside_one_that_is_woken() -> None:
    network = load_network(Deaf("function"), precision="float64")
    units = [("relu_1", 0), ("relu_1", 1)]
    (plain,) = maximize_units(network, units[:1], SHORT)
    beside, woken = maximize_units(network, units, REDIRECTED)
    assert plain.activations.all() and woken.status == "ok"
    np.testing.assert_allclose(beside.image, plain.image, atol=1e-12)


@given(st.lists(st.lists(st.integers(-2, 2), min_size=4, max_size=4), min_size=1, max_size=5))
def test_the_gradient_is_the_relus_own_wherever_any_of_it_gets_through(
    rows: list[list[int]],
) -> None:
    values = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
    given_gradient = torch.tensor([[1.0, -1.0, 2.0, -3.0]]).double().expand(len(rows), 4)
    (found,) = torch.autograd.grad(redirected_relu(values), values, given_gradient)
    assert torch.equal(redirected_relu(values), values.detach().clamp(min=0))
    for row, own, gradient in zip(rows, found.tolist(), given_gradient.tolist(), strict=True):
        through = [g if value > 0 else 0 for value, g in zip(row, gradient, strict=True)]
        assert own == (through if any(through) else [min(g, 0) for g in gradient])


def test_clear_redirects_and_the_article_does_not() -> None:
    assert RECIPES["clear"].relu_gradient == "redirected"
    assert RECIPES["article"].relu_gradient == "plain"
