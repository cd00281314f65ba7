"""Pictures of directions: a unit's own along its axis, the plain inner product along others."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import article
from torch import Tensor, nn

from atlas import RECIPES, Recipe, UsageError, load_network, maximize_directions, maximize_units
from atlas.network.network import Network

SIDE, UNITS = 16, 4
ARTICLE = Recipe(start_size=SIDE, upscales=2, steps=3)
CLEAR = replace(RECIPES["clear"], start_size=SIDE, upscales=2, factor=1.05, steps=3, fine_below=0)
RECIPES_OF = {
    "article": ARTICLE,
    "clear": CLEAR,
    "minimum": replace(CLEAR, sign="negative"),
    "center": replace(ARTICLE, position="center"),
}


def layers() -> nn.Sequential:
    torch.manual_seed(5)
    parts = [nn.Conv2d(3, 5, 5, stride=2), nn.ReLU(), nn.Conv2d(5, UNITS, 3)]
    return nn.Sequential(*parts).double()


def network() -> Network:
    return load_network(layers(), precision="float64")


class Branching(nn.Module):
    """A network without a graph."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = layers()

    def forward(self, x: Tensor) -> Tensor:
        return self.parts(x * 1 if x.mean() > 99 else x)


class Along(nn.Module):
    """The inner product with a vector, as one channel."""

    def __init__(self, vector: np.ndarray) -> None:
        super().__init__()
        self.vector = torch.from_numpy(vector)

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.vector[:, None, None]).sum(1, keepdim=True)


@pytest.mark.parametrize("recipe", RECIPES_OF.values(), ids=RECIPES_OF)
@pytest.mark.parametrize("module", [layers, Branching])
def test_along_its_axis_lies_a_unit(recipe: Recipe, module: type[nn.Module]) -> None:
    own = load_network(module(), precision="float64")
    layer = "2" if own.graph else "parts.2"
    pictures = maximize_directions(own, layer, np.eye(UNITS), recipe, seed=3)
    units = maximize_units(own, [(layer, unit) for unit in range(UNITS)], recipe, seed=3)
    for picture, unit in zip(pictures, units, strict=True):
        np.testing.assert_allclose(picture.image, unit.image, atol=1e-8)
        np.testing.assert_allclose(picture.activations, unit.activations, rtol=1e-8)
        assert (picture.status, picture.field) == (unit.status, unit.field)


def test_the_articles_loop_along_a_direction() -> None:
    vector = np.array([1.0, -0.5, 0.0, 2.0])
    start = np.random.default_rng(0).uniform(size=(3, SIDE, SIDE))
    whole = nn.Sequential(*layers(), Along(vector))
    image, activations = article.maximize(whole, "3", 0, start, 2, 3)
    (made,) = maximize_directions(network(), "2", [vector], ARTICLE, init=start[None])
    np.testing.assert_allclose(made.image, image, atol=1e-6)
    np.testing.assert_allclose(made.activations, activations, rtol=1e-6)


@settings(max_examples=8)
@given(st.integers(0, 99), st.integers(1, 5), st.integers(1, 5), st.sampled_from([*RECIPES_OF]))
def test_neighbors_do_not_change_a_direction(
    seed: int, count: int, batch: int, recipe: str
) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, UNITS))
    together = maximize_directions(network(), "2", vectors, RECIPES_OF[recipe], batch=batch)
    assert [picture.target.unit for picture in together] == [*range(count)]
    for vector, picture in zip(vectors, together, strict=True):
        alone = maximize_directions(network(), "2", torch.from_numpy(vector)[None],
                                    RECIPES_OF[recipe])  # fmt: skip
        np.testing.assert_allclose(picture.image, alone[0].image, atol=1e-8)


def test_against_its_axis_lies_the_minimum() -> None:
    (down,) = maximize_directions(network(), "2", -np.eye(UNITS)[[1]], CLEAR)
    (minimum,) = maximize_units(network(), [("2", 1)], replace(CLEAR, sign="negative"))
    np.testing.assert_allclose(down.image, minimum.image, atol=1e-8)


def test_the_start_is_of_the_vector_and_no_other() -> None:
    short = replace(ARTICLE, upscales=0, steps=1)
    one = np.array([[1.0, 1.0, 0.0, 0.0]])
    images = [
        maximize_directions(network(), "2", vectors, short, seed=seed)[-1].image
        for vectors, seed in (
            (one, 0),
            (one, 0),
            (np.vstack([-one, one]), 0),
            (one, 1),
            (2 * one, 0),
        )
    ]
    assert np.array_equal(images[0], images[1])
    np.testing.assert_allclose(images[0], images[2], atol=1e-8)
    assert np.abs(images[0] - images[3]).max() > 0.1
    assert np.abs(images[0] - images[4]).max() > 0.1


def test_a_notebook_shows_them_as_a_sheet() -> None:
    pictures = maximize_directions(network(), "2", np.eye(UNITS)[:2], ARTICLE)
    assert pictures._repr_png_().startswith(b"\x89PNG")
    assert pictures[1].target.caption == "2, direction 1"


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.ones(UNITS), "N x 4 finite numbers"),
        (np.ones((2, 3)), "and not 2 x 3"),
        ([[1, 2, 3, float("nan")]], "finite"),
        ("up", "finite"),
        ([[1.0], [2.0, 3.0]], "finite"),
        (np.zeros((1, UNITS)), "vector 0 is all zeros"),
        (None, "finite"),
    ],
)
def test_what_is_no_direction_is_refused(vectors: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        maximize_directions(network(), "2", vectors, ARTICLE)  # type: ignore[arg-type]


def test_no_directions_are_no_pictures() -> None:
    assert maximize_directions(network(), "2", np.ones((0, UNITS)), ARTICLE) == []
