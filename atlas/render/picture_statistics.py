"""What a finished picture looks like, in two numbers."""

import numpy as np
from numpy.typing import NDArray

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in the brightness of a pixel (ITU-R BT.601)."""


def spatial_frequency(picture: NDArray[np.uint8]) -> float | None:
    """Mean spatial frequency in cycles per pixel, 0 to 0.71, of HxWx3 bytes.

    The radial frequency averaged with the power spectrum of the brightness as weight, after the
    mean is taken off and the borders are faded out by a Hann window. None for a uniform picture.
    """
    brightness = picture @ LUMA
    brightness -= brightness.mean()
    height, width = brightness.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    power = np.abs(np.fft.rfft2(brightness * window)) ** 2
    # Of a real image half the spectrum is kept; its inner columns stand for two.
    power[:, 1 : (width + 1) // 2] *= 2
    total = power.sum()
    if total < 1e-6 * height * width:
        return None
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    return float((power * radius).sum() / total)


def colorfulness(picture: NDArray[np.uint8]) -> float:
    """Colorfulness of HxWx3 bytes: 0 gray, 33 moderately, 109 extremely colorful.

    Hasler and Suesstrunk 2003, "Measuring colourfulness in natural images", section 7: spread plus
    0.3 times mean, in the plane of the opponent axes red-green and yellow-blue.
    """
    red, green, blue = (picture[..., channel].astype(np.float64) for channel in range(3))
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))
