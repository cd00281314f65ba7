"""Pictures of which the phases of the waves are made, and the strengths are given."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.small_build import Small
from torch import nn

from atlas import Target, UsageError, load_network, maximize_units
from atlas.maximize.axes import Axes
from atlas.maximize.loop import maximize_chunk
from atlas.maximize.parameterization import COLOR_AXES, Parameterization, phases
from atlas.maximize.spectrum import NATURAL, magnitudes, ring_means
from atlas.network.network import Network
from atlas.recipe import Recipe

RECIPE = Recipe(
    start_size=28,
    upscales=2,
    steps=3,
    learning_rate=0.5,
    pixel_weight=0,
    gradient_weight=0,
    color_range="sigmoid",
    color_axes="decorrelated",
    basis="phases",
    start_spread=1.8,
)
UNITS = [("conv1", 0), ("conv2", 1), ("conv1", 3)]

seeds, sizes = st.integers(0, 2**32 - 1), st.integers(1, 20)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return load_network(Small(), precision="float64")


def spectra(seed: int, frequencies: int = 5) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0.1, 2, (3, frequencies))


def planes_of(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """The logit of an image's colors, along the axes of those of photographs."""
    axes = np.array(COLOR_AXES) / np.sqrt((np.array(COLOR_AXES) ** 2).sum(0).max())
    logit = np.log(image / (1 - image.astype(np.float64)))
    return np.einsum("cd,dhw->chw", np.linalg.inv(axes), logit)


def is_its_own_mirror(size: int) -> NDArray[np.bool_]:
    """Of which waves of a transform -k is k."""
    k = np.arange(size)
    return np.logical_and.outer(2 * k % size == 0, 2 * k % size == 0)


@given(seeds, sizes)
def test_whatever_the_phases_the_waves_are_as_strong_as_given(seed: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    of_a_photograph = generator.normal(size=(3, size, size))
    half = np.abs(np.fft.rfft2(of_a_photograph, norm="forward"))
    way = phases(torch.from_numpy(half))
    image = way.decode(torch.from_numpy(generator.normal(0, 3, (1, 3, size, size))))[0].numpy()
    assert image.shape == of_a_photograph.shape
    found = np.abs(np.fft.rfft2(image, norm="forward"))
    alone = is_its_own_mirror(size)[:, : size // 2 + 1]
    np.testing.assert_allclose(found[:, ~alone], half[:, ~alone], atol=1e-12)
    assert (found[:, alone] <= half[:, alone] + 1e-12).all()


@given(seeds, sizes)
def test_a_picture_of_these_waves_comes_back_and_of_another_the_phases_stay(
    seed: int, size: int
) -> None:
    generator = np.random.default_rng(seed)
    strengths = torch.from_numpy(magnitudes(spectra(seed), size))
    way = phases(strengths)
    picture = way.decode(torch.from_numpy(generator.normal(0, 2, (2, 3, size, size))))
    parameters = way.encode(picture)
    assert parameters.shape == picture.shape
    torch.testing.assert_close(way.decode(parameters), picture, rtol=0, atol=1e-6)
    other = generator.normal(size=(1, 3, size, size))
    made = way.decode(way.encode(torch.from_numpy(other))).numpy()
    before, after = (np.fft.fft2(each, norm="forward") for each in (other, made))
    paired = ~is_its_own_mirror(size)
    turned = (after * before.conj())[..., paired]
    np.testing.assert_allclose(np.angle(turned), 0, atol=1e-6)
    # The mean is the image's own, where it is no stronger than may be.
    mean, most = before[0, :, 0, 0].real, strengths[:, 0, 0].numpy()
    np.testing.assert_allclose(after[0, :, 0, 0].real, np.clip(mean, -most, most), atol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_gradients_reach_the_phases_exactly(network: Network, size: int) -> None:
    way = Parameterization(network, RECIPE, size)
    parameters = torch.randn(1, 3, size, size, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(way.decode, parameters)


def test_natural_waves_fall_as_one_over_their_frequency() -> None:
    found = magnitudes(NATURAL, 64)
    assert found.shape == (3, 64, 33)
    down, across = np.meshgrid(np.fft.fftfreq(64) * 64, np.arange(33), indexing="ij")
    cycles = np.hypot(down, across)
    cycles[0, 0] = 1
    for plane, (mean, first) in zip(found, NATURAL, strict=True):
        assert plane[0, 0] == mean
        np.testing.assert_allclose(plane.ravel()[1:], (first / cycles).ravel()[1:])


def test_waves_between_and_beyond_those_known_go_on_as_they_do() -> None:
    known = np.array([[2.0, 1.0, 0.8, 0.3]])
    found = magnitudes(known, 12)[0]
    np.testing.assert_allclose(found[0, :4], known[0])
    np.testing.assert_allclose(found[:4, 0], known[0])
    np.testing.assert_allclose(found[0, 4:], [0.9 / 4, 0.9 / 5, 0.9 / 6])
    between = np.interp(np.sqrt(2), [1, 2], [1.0, 1.6]) / np.sqrt(2)
    assert found[1, 1] == pytest.approx(between)


@settings(max_examples=20)
@given(seeds, st.integers(1, 9))
def test_ring_means_are_those_of_the_formula(seed: int, size: int) -> None:
    planes = np.random.default_rng(seed).normal(size=(2, size, size))
    place, rings = np.arange(size), [[[] for _ in range(2 * size)] for _ in planes]
    for plane, own in zip(planes, rings, strict=True):
        for k, m in np.ndindex(size, size):
            wave = np.exp(-2j * np.pi * np.add.outer(k * place, m * place) / size)
            near = [min(each, size - each) for each in (k, m)]
            own[round(np.hypot(*near))].append(abs((plane * wave).sum()) / size**2)
    wanted = [[np.mean(ring) for ring in own[: size // 2 + 1]] for own in rings]
    np.testing.assert_allclose(ring_means(planes), wanted, atol=1e-12)


@pytest.mark.parametrize("spectrum", [None, spectra(3)])
def test_the_finished_picture_has_the_given_waves(network: Network, spectrum: Any) -> None:
    for picture in maximize_units(network, UNITS, RECIPE, spectrum=spectrum):
        size = picture.image.shape[-1]
        found = np.abs(np.fft.fft2(planes_of(picture.image), norm="forward"))
        half = magnitudes(NATURAL if spectrum is None else spectrum, size)
        paired = ~is_its_own_mirror(size)[:, : size // 2 + 1]
        np.testing.assert_allclose(found[..., : size // 2 + 1][:, paired], half[:, paired])
        assert picture.status == "ok"


def test_the_activation_grows(network: Network) -> None:
    longer = replace(RECIPE, upscales=0, steps=40, learning_rate=0.2)
    for picture in maximize_units(network, UNITS, longer):
        assert picture.activations[-1] > 1.2 * picture.activations[0]


VIEWED = replace(RECIPE, jitter=2, rotate=8, crop=0.7, pad=3, noise=0.1, plain_steps=1)


def test_a_unit_alone_gets_the_picture_that_it_gets_among_others(network: Network) -> None:
    together = maximize_units(network, UNITS, VIEWED)
    for unit, among_others in zip(UNITS, together, strict=True):
        (alone,) = maximize_units(network, [unit], VIEWED)
        np.testing.assert_allclose(alone.image, among_others.image, rtol=0, atol=1e-8)


def test_a_picture_goes_on_to_the_same_bits_and_is_made_again_to_them(network: Network) -> None:
    targets, axes = [Target(*unit) for unit in UNITS], Axes(spectrum=spectra(5))
    whole = maximize_chunk(network, targets, VIEWED, 0, axes=axes)
    begun = maximize_chunk(network, targets, VIEWED, 0, axes=axes, until=29)
    later = maximize_chunk(network, targets, VIEWED, 0, axes=axes, grown=begun)
    again = maximize_chunk(network, targets, VIEWED, 0, axes=axes)
    for one, other, third in zip(whole, later, again, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.image, third.image)
        np.testing.assert_array_equal(one.activations, other.activations)


def test_gray_images_have_the_waves_of_the_gray_of_photographs() -> None:
    gray = load_network(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), precision="float64", input=(1, 28, 28)
    )
    (picture,) = maximize_units(gray, [(gray.layers[0].name, 1)], replace(RECIPE, upscales=0))
    image = picture.image[0].astype(np.float64)
    found = np.abs(np.fft.fft2(np.log(image / (1 - image)), norm="forward"))
    np.testing.assert_allclose(found[0, 1:14], NATURAL[0, 1] / np.arange(1, 14))


@pytest.mark.parametrize(
    "spectrum",
    [[[1, 2]], spectra(0)[:2], -spectra(0), spectra(0)[:, :1], "loud", [[np.nan] * 3] * 3],
)
def test_what_is_no_spectrum_of_the_networks_images_is_refused(
    network: Network, spectrum: Any
) -> None:
    with pytest.raises(UsageError, match="spectrum must be an array of 3 rows") as caught:
        maximize_units(network, UNITS, RECIPE, spectrum=spectrum)
    assert "\n" not in str(caught.value)
