"""What a finished picture looks like, in two numbers."""

import numpy as np
from numpy.typing import NDArray

from atlas.examine.spectrum import luminance, power_spectrum


def spatial_frequency(picture: NDArray[np.uint8]) -> float | None:
    """Mean spatial frequency in cycles per pixel, 0 to 0.71, of HxWx3 bytes.

    The radial frequency averaged with the power spectrum of the luminance as weight. None for a
    uniform picture.
    """
    frequency, power, places = power_spectrum(luminance(picture))
    weights = power * places
    if weights.sum() < 1e-6 * weights.size:
        return None
    return float(np.average(frequency, weights=weights))


def colorfulness(picture: NDArray[np.uint8]) -> float:
    """Colorfulness of HxWx3 bytes: 0 gray, 33 moderately, 109 extremely colorful.

    Hasler and Suesstrunk 2003, "Measuring colourfulness in natural images", section 7: spread plus
    0.3 times mean, in the plane of the opponent axes red-green and yellow-blue.
    """
    red, green, blue = (picture[..., channel].astype(np.float64) for channel in range(3))
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))
