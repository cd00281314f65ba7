"""The terms of the loss against numpy written out, and what an image may not do to another."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from atlas.maximize import objectives, regularizers
from atlas.network.single_channel import single_channel_maps

SCHARR = np.array([[-3.0, 0.0, 3.0], [-10.0, 0.0, 10.0], [-3.0, 0.0, 3.0]])

sizes = st.integers(1, 7)
shapes = st.tuples(st.integers(1, 4), st.integers(1, 4), sizes, sizes)
seeds = st.integers(0, 2**32 - 1)


def values(shape: tuple[int, ...], seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    return generator.normal(size=shape) * 10.0 ** generator.integers(-3, 4)


def scharr(channel: NDArray[np.float64]) -> list[float]:
    """The x and y responses at every place, beyond the border zeros; written out."""
    padded = np.pad(channel, 1)
    responses = []
    for row, column in np.ndindex(*channel.shape):
        window = padded[row : row + 3, column : column + 3]
        responses += [(window * SCHARR).sum(), (window * SCHARR.T).sum()]
    return responses


def activation(activations: Tensor, units: Tensor) -> Tensor:
    return objectives.root_mean_square(single_channel_maps(activations, units))


@given(shapes, seeds)
def test_activation_is_the_rms_of_each_images_own_unit(
    shape: tuple[int, int, int, int], seed: int
) -> None:
    given_values = values(shape, seed)
    units = np.random.default_rng(seed).integers(0, shape[1], shape[0])
    found = activation(torch.from_numpy(given_values), torch.from_numpy(units))
    expected = [np.sqrt((given_values[i, unit] ** 2).mean()) for i, unit in enumerate(units)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(shapes, seeds)
def test_pixel_is_the_rms_of_each_image(shape: tuple[int, int, int, int], seed: int) -> None:
    given_values = values(shape, seed)
    expected = [np.sqrt((image**2).mean()) for image in given_values]
    np.testing.assert_allclose(
        regularizers.pixel(torch.from_numpy(given_values)), expected, rtol=1e-12
    )


@given(shapes, seeds)
def test_gradient_is_the_rms_of_the_scharr_responses_in_x_and_y(
    shape: tuple[int, int, int, int], seed: int
) -> None:
    given_values = values(shape, seed)
    responses = [np.concatenate([scharr(channel) for channel in image]) for image in given_values]
    assert responses[0].size == 2 * shape[1] * shape[2] * shape[3]
    expected = [np.sqrt((response**2).mean()) for response in responses]
    np.testing.assert_allclose(
        regularizers.gradient(torch.from_numpy(given_values)), expected, rtol=1e-10, atol=1e-14
    )


def by_hand(channel: NDArray[np.float64], kernel: NDArray[np.float64]) -> list[float]:
    """The responses to a square kernel at every place, beyond the border zeros."""
    side = len(kernel)
    padded = np.pad(channel, side // 2)
    places = np.ndindex(*channel.shape)
    return [(padded[r : r + side, c : c + side] * kernel).sum() for r, c in places]


# Farid & Simoncelli (2004), table 2: the interpolator and the first derivative of five taps.
FARID_ACROSS = np.array([0.037659, 0.249153, 0.426375, 0.249153, 0.037659])
FARID_ALONG = np.array([-0.109604, -0.276691, 0, 0.276691, 0.109604])


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("scharr3", SCHARR),
        ("sobel3", 4 * np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])),
        ("farid5", 32 / 0.99180 * np.outer(FARID_ACROSS, FARID_ALONG)),
    ],
)
def test_each_derivative_is_the_published_one_with_scharrs_response_to_a_ramp(
    name: str, kernel: NDArray[np.float64]
) -> None:
    images = values((2, 3, 6, 5), 1)
    responses = [by_hand(each, k) for each in images[0] for k in (kernel, kernel.T)]
    found = regularizers.gradient(torch.from_numpy(images), name)
    np.testing.assert_allclose(found[0], np.sqrt(np.square(responses).mean()), rtol=1e-5)
    ramp = torch.arange(200.0, dtype=torch.float64).expand(1, 1, 3, 200).clone()
    across = regularizers.correlate(ramp, regularizers.GRADIENT_KERNELS[name][0], 3)[0, 0, 1, 100]
    assert across * sum(regularizers.GRADIENT_KERNELS[name][1]) == pytest.approx(32)


@given(shapes, seeds)
def test_total_variation_is_how_far_neighbors_are_apart(
    shape: tuple[int, int, int, int], seed: int
) -> None:
    given_values = values(shape, seed)
    expected = [
        (np.abs(np.diff(image, axis=1)).sum() + np.abs(np.diff(image, axis=2)).sum()) / image.size
        for image in given_values
    ]
    found = regularizers.total_variation(torch.from_numpy(given_values))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


@given(shapes, seeds)
def test_objectives_measure_each_map_in_its_units_scale(
    shape: tuple[int, int, int, int], seed: int
) -> None:
    maps = values(shape, seed)[:, 0]
    scales = np.random.default_rng(seed).uniform(0.1, 100, len(maps))
    expected = {
        "rms": np.sqrt((maps**2).mean((1, 2))),
        "relative_mean": maps.mean((1, 2)) / scales,
    }
    assert set(expected) == set(objectives.OBJECTIVES)
    for name, measure in objectives.OBJECTIVES.items():
        found = measure(torch.from_numpy(maps), torch.from_numpy(scales))
        np.testing.assert_allclose(found, expected[name], rtol=1e-9, atol=1e-12)


@given(shapes, seeds)
def test_gradients_of_the_terms_are_those_of_the_formula(
    shape: tuple[int, int, int, int], seed: int
) -> None:
    image = torch.from_numpy(values(shape, seed)).requires_grad_()
    (found,) = torch.autograd.grad(regularizers.pixel(image).sum(), image)
    exact = image.detach().numpy()
    rms = np.sqrt((exact**2).mean((1, 2, 3), keepdims=True))
    np.testing.assert_allclose(found, exact / (exact[0].size * rms), rtol=1e-10)


def activation_of_all(images: Tensor) -> Tensor:
    return activation(images, torch.arange(len(images)) % images.shape[1])


Term = Callable[[Tensor], Tensor]
TERMS: list[Term] = [
    activation_of_all,
    regularizers.pixel,
    regularizers.gradient,
    regularizers.total_variation,
]


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nothing_has_zero_gradient_and_no_nan(term: Term, dtype: torch.dtype) -> None:
    images = torch.zeros(2, 3, 4, 5, dtype=dtype)
    images[1] = torch.rand(3, 4, 5)
    images.requires_grad_()
    found = term(images)
    assert found[0] == 0
    (gradient,) = torch.autograd.grad(found.sum(), images)
    assert torch.equal(gradient[0], torch.zeros(3, 4, 5, dtype=dtype))
    assert gradient.isfinite().all()
    assert gradient[1].any(), "the neighbor keeps its own"


@pytest.mark.parametrize("term", TERMS)
def test_each_value_depends_on_its_own_image_alone(term: Term) -> None:
    images = torch.rand(4, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    for i, value in enumerate(term(images)):
        (gradient,) = torch.autograd.grad(value, images, retain_graph=True)
        assert [bool(part.any()) for part in gradient] == [j == i for j in range(4)]
    broken = images.detach().clone()
    broken[1] = torch.nan
    broken[2] = torch.inf
    found = term(broken)
    torch.testing.assert_close(found[[0, 3]], term(images.detach())[[0, 3]], rtol=1e-14, atol=0)
    assert not found[[1, 2]].isfinite().any()


def test_activations_of_a_half_precision_network_are_measured_in_float32() -> None:
    activations = torch.full((1, 2, 100, 100), 1.0, dtype=torch.bfloat16)
    activations[0, 1, 0, 0] = 1.5
    found = activation(activations, torch.tensor([1]))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, np.sqrt((9999 + 1.5**2) / 1e4), rtol=1e-6)
