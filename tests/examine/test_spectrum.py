"""The slope of the power spectrum, on noise of a known one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from atlas.examine.spectrum import power_spectrum, quartiles, slope


def noise(exponent: float, size: int = 224, seed: int = 0) -> NDArray[np.uint8]:
    """Gray noise whose power falls as frequency to the exponent."""
    generator = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size))
    frequency[0, 0] = np.inf
    spectrum = np.fft.fft2(generator.normal(size=(size, size))) * frequency ** (exponent / 2)
    values = np.fft.ifft2(spectrum).real
    gray = 128 + 30 * values / values.std()
    return np.repeat(np.rint(gray.clip(0, 255)).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize("exponent", [0.0, -1.0, -2.0, -3.0])
@pytest.mark.parametrize("size", [224, 249])
def test_the_slope_of_noise_is_that_it_was_made_with(exponent: float, size: int) -> None:
    found = [slope(noise(exponent, size, seed)) for seed in range(8)]
    np.testing.assert_allclose(np.mean(found), exponent, atol=0.08)


@given(st.integers(2, 9), st.integers(2, 9), st.integers(0, 5))
def test_half_the_spectrum_stands_for_the_whole(height: int, width: int, seed: int) -> None:
    luminance = np.random.default_rng(seed).uniform(0, 255, (height, width))
    hann = [0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in (height, width)]
    window = np.outer(*hann)
    faded = (luminance - np.average(luminance, weights=window)) * window
    whole = np.abs(np.fft.fft2(faded)) ** 2
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    frequency, power, places = power_spectrum(luminance)
    for of in (np.zeros_like, np.asarray, np.square):
        expected = (whole * (1 + of(radius))).sum()
        np.testing.assert_allclose((power * places * (1 + of(frequency))).sum(), expected)


@given(st.integers(0, 5), st.integers(0, 192), st.integers(1, 4), st.sampled_from([30, 74, 75]))
def test_brightness_and_contrast_do_not_matter(seed: int, add: int, gain: int, size: int) -> None:
    dark = noise(-2.0, size, seed) // 4  # 0 to 63, so that nothing is clipped
    np.testing.assert_allclose(slope(dark + np.uint8(add)), slope(dark), atol=1e-9)
    np.testing.assert_allclose(slope(dark * np.uint8(gain)), slope(dark), atol=1e-9)


def test_a_flat_or_tiny_picture_has_no_slope() -> None:
    assert np.isnan(slope(np.full((74, 74, 3), 124, np.uint8)))
    assert np.isnan(slope(noise(-2.0, 4)))


def test_quartiles_leave_out_what_is_undefined() -> None:
    assert quartiles([np.nan, 1.0, 2.0, 3.0, 4.0, 5.0]) == [2.0, 3.0, 4.0]
    assert quartiles([np.nan]) is None
