"""The power spectrum of an image, and how it falls with spatial frequency."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in the luminance (ITU-R BT.601)."""

LOWEST, HIGHEST = 1 / 32, 3 / 8
"""The band of the fit, in cycles a pixel: from what a few tens of pixels hold, to below where
resampling and JPEG have taken power from photographs."""


def luminance(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How bright each pixel of an HxWxC picture is, 0 to 255: HxW.

    Of channels that are no red, green and blue it is the mean.
    """
    channels = picture.shape[2]
    weights = LUMA if channels == 3 else np.full(channels, 1 / channels)
    return picture.astype(np.float64) @ weights


class PowerSpectrum(NamedTuple):
    """Half a power spectrum; the other half mirrors it.

    Each is an Hx(W//2+1) table: the radial ``frequency`` in cycles a pixel, the ``power`` there,
    and at how many places of the whole spectrum it is: one or two.
    """

    frequency: NDArray[np.float64]
    power: NDArray[np.float64]
    places: NDArray[np.float64]


def power_spectrum(brightness: NDArray[np.floating]) -> PowerSpectrum:
    """The power spectrum of a map under a Hann window, which fades out its borders.

    It is HxW, with H and W at least 2.
    """
    height, width = brightness.shape
    window = np.outer(_hann(height), _hann(width))
    mean = (brightness * window).sum() / window.sum()
    power = np.abs(np.fft.rfft2((brightness - mean) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    # Not mirrored are the column of frequency zero and, where the width is even, the highest.
    places = np.full(power.shape, 2.0)
    places[:, 0] = 1
    if width % 2 == 0:
        places[:, -1] = 1
    return PowerSpectrum(frequency, power, places)


def slope(picture: NDArray[np.uint8]) -> float:
    """Slope of log power against log frequency of a square SxSxC picture.

    The power of the luminance is averaged over each ring of whole cycles per picture, and fitted
    by least squares in which every octave counts the same. About -2 for
    photographs (Field 1987; van der Schaaf & van Hateren 1996), 0 for white noise. Undefined (NaN)
    for a picture without contrast, or too small to have two rings in the band.
    """
    size = len(picture)
    brightness = luminance(picture)
    if np.ptp(brightness) == 0:
        return np.nan
    frequencies, power = _radial_power(brightness)
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


def _radial_power(brightness: NDArray[np.floating]) -> tuple[NDArray, NDArray]:
    """Mean power on the rings of 1, 2, 3 ... cycles per picture."""
    frequency, power, places = power_spectrum(brightness)
    rings = np.rint(frequency * len(brightness)).astype(int).ravel()
    total = np.bincount(rings, (power * places).ravel())
    count = np.bincount(rings, places.ravel())
    return np.arange(1, len(total)), total[1:] / count[1:]


def _hann(size: int) -> NDArray[np.float64]:
    # Periodic, so that the window itself has no power beyond its neighboring frequencies.
    return np.sin(np.pi * np.arange(size) / size) ** 2
