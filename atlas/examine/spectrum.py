"""How an image's power falls with spatial frequency."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luminance (ITU-R BT.601)."""

LOWEST, HIGHEST = 1 / 32, 3 / 8
"""The band of the fit, in cycles a pixel: from what a few tens of pixels hold, to below where
resampling and JPEG have taken power from photographs."""


def slope(picture: NDArray[np.uint8]) -> float:
    """Slope of log power against log frequency of a square SxSx3 picture.

    The power of the luminance under a Hann window, averaged over each ring of whole cycles per
    picture, fitted by least squares in which every octave counts the same. About -2 for
    photographs (Field 1987; van der Schaaf & van Hateren 1996), 0 for white noise. Undefined (NaN)
    for a picture without contrast, or too small to have two rings in the band.
    """
    luminance = picture.astype(np.float64) @ np.array(LUMA)
    if np.ptp(luminance) == 0:
        return np.nan
    frequencies, power = _radial_power(luminance)
    size = len(luminance)
    band = (frequencies >= LOWEST * size) & (frequencies <= HIGHEST * size) & (power > 0)
    if band.sum() < 2:
        return np.nan
    # polyfit takes the roots of the weights; rings an octave apart are 1/f as dense.
    weights = frequencies[band] ** -0.5
    return float(np.polyfit(np.log(frequencies[band]), np.log(power[band]), 1, w=weights)[0])


def quartiles(slopes: Sequence[float]) -> list[float] | None:
    """Lower quartile, median and upper quartile of those that are defined; None if none is."""
    defined = [value for value in slopes if not np.isnan(value)]
    return np.quantile(defined, (0.25, 0.5, 0.75)).round(4).tolist() if defined else None


def _radial_power(luminance: NDArray[np.floating]) -> tuple[NDArray, NDArray]:
    """Mean power on the rings of 1, 2, 3 ... cycles per picture."""
    size = len(luminance)
    # Periodic, so that the window itself has no power beyond its neighboring frequencies.
    hann = np.sin(np.pi * np.arange(size) / size) ** 2
    window = np.outer(hann, hann)
    mean = (luminance * window).sum() / window.sum()
    power = np.abs(np.fft.rfft2((luminance - mean) * window)) ** 2
    cycles = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)) * size
    rings = np.rint(cycles).astype(int).ravel()
    # rfft2 leaves out what mirrors the rest: a column stands for two, but for that of frequency
    # zero and, where the size is even, of the highest.
    twice = np.full(power.shape, 2.0)
    twice[:, 0] = 1
    if size % 2 == 0:
        twice[:, -1] = 1
    total = np.bincount(rings, (power * twice).ravel())
    count = np.bincount(rings, twice.ravel())
    return np.arange(1, len(total)), total[1:] / count[1:]
