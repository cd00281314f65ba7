"""Views that are turned: against SciPy and by hand, and exact in both directions."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from atlas.maximize.rotation import rotated
from atlas.maximize.transformations import Views
from atlas.recipe import Recipe


def turned(image: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    angle = torch.tensor([np.deg2rad(degrees)], dtype=torch.float64)
    return rotated(torch.from_numpy(image)[None, None], angle)[0, 0].numpy()


def soft(seed: int, side: int) -> NDArray[np.float64]:
    return ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), 3)


def by_hand(image: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Three shears, each row read where it comes from, with zeros beyond."""

    def sheared(rows: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
        places = np.arange(rows.shape[1])
        framed = np.pad(rows, ((0, 0), (1, 1)))
        return np.array(
            [
                np.interp(places - slope * (i - (len(rows) - 1) / 2), places_of(framed), row)
                for i, row in enumerate(framed)
            ]
        )

    def places_of(framed: NDArray[np.float64]) -> NDArray[np.int_]:
        return np.arange(framed.shape[1]) - 1

    angle = np.deg2rad(degrees)
    once = sheared(image, -np.tan(angle / 2))
    return sheared(sheared(once.T, np.sin(angle)).T, -np.tan(angle / 2))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12), st.floats(-45, 45))
def test_a_rotation_is_three_shears(seed: int, height: int, width: int, degrees: float) -> None:
    image = np.random.default_rng(seed).normal(size=(height, width))
    np.testing.assert_allclose(turned(image, degrees), by_hand(image, degrees), atol=1e-9)


@pytest.mark.parametrize("degrees", [-45, -10, -0.5, 0, 3, 10, 30])
def test_it_turns_clockwise_about_the_middle_as_scipy_does(degrees: float) -> None:
    image = soft(0, 64)
    found = turned(image, degrees)[16:-16, 16:-16]
    wanted = ndimage.rotate(image, -degrees, reshape=False, order=3)[16:-16, 16:-16]
    assert np.abs(found - wanted).max() < 0.08 * image.std()
    dot = np.zeros((41, 41))
    dot[20, 35] = 1  # to the right of the middle: clockwise it goes down
    moved = turned(dot, degrees)
    down, right = (np.indices(dot.shape) * moved).sum((1, 2)) / moved.sum()
    angle = np.deg2rad(degrees)
    assert (down - 20, right - 20) == pytest.approx((15 * np.sin(angle), 15 * np.cos(angle)))


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.floats(-45, 45))
def test_the_gradient_of_a_rotation_is_its_adjoint(seed: int, side: int, degrees: float) -> None:
    generator = np.random.default_rng(seed)
    angles = torch.from_numpy(np.deg2rad([degrees, -degrees / 2]))
    images, others = torch.from_numpy(generator.normal(size=(2, 2, 3, side, side)))
    images.requires_grad_()
    (rotated(images, angles) * others).sum().backward()
    assert images.grad is not None
    # Of a linear map the gradient says what any other image would give.
    third = torch.from_numpy(generator.normal(size=images.shape))
    given_by = (rotated(third, angles) * others).sum().item()
    assert (images.grad * third).sum().item() == pytest.approx(given_by, abs=1e-9)


def test_gradients_are_exact() -> None:
    images = torch.rand(2, 2, 6, 5, dtype=torch.float64, requires_grad=True)
    angles = torch.tensor([0.2, -0.7], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda given: rotated(given, angles), images)


@pytest.mark.parametrize("degrees", [1.0, 10.0, 45.0])
def test_a_view_is_turned_by_up_to_so_many_degrees_each_way(degrees: float) -> None:
    views = Views(Recipe(rotate=degrees), ["a"], 100, torch.empty(0, dtype=torch.float64))
    ramp = torch.arange(41.0).double().expand(1, 1, 41, 41)
    angles = []
    for step in range(100):
        view = views.view(ramp, step)[0, 0]
        assert view.shape == (41, 41)
        middle = view[18:24, 18:24]
        down, right = (middle.diff(dim=dim).mean().item() for dim in (0, 1))
        angles.append(np.rad2deg(np.arctan2(down, right)))
    assert 0.85 * degrees < max(angles) < degrees + 1e-6
    assert -degrees - 1e-6 < min(angles) < -0.85 * degrees


@given(st.integers(2, 40), st.floats(0.1, 45))
def test_a_turned_view_goes_on_mirrored_and_never_reads_what_is_not_there(
    side: int, degrees: float
) -> None:
    white = torch.ones(1, 1, side, side, dtype=torch.float64)
    views = Views(Recipe(rotate=degrees), ["a"], 5, white)
    for step in range(5):
        torch.testing.assert_close(views.view(white, step), white, rtol=0, atol=1e-9)


def test_a_turned_view_is_that_of_scipy_up_to_its_corners() -> None:
    image = soft(1, 40)
    given_image = torch.from_numpy(image)[None, None]
    one = Views(Recipe(rotate=8), ["b"], 1, given_image).view(given_image, 0)
    fits = [
        np.abs(one[0, 0].numpy() - ndimage.rotate(image, x, reshape=False, mode="reflect")).max()
        for x in np.linspace(-8, 8, 65)
    ]
    assert min(fits) < 0.1 * image.std()
