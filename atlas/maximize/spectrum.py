"""How strong the waves are of which natural images are made.

A spectrum is the mean amplitude of the waves of images, CxK: of each color plane (the logit of the
colors, along the axes in which those of photographs are independent), by whole cycles an image from
0, whatever their direction. Counted by the image and not by the pixel it hardly hangs on how large
that is, as photographs look alike at every scale.
"""

import numpy as np
from numpy.typing import NDArray

NATURAL = np.array([[0.85, 0.20], [1.61, 0.14], [1.26, 0.17]])
"""The spectrum of photographs in short: the mean, and what falls as one over the frequency (Field
1987), as fitted to 84 photographs of ImageNet's validation set from 1 to 64 cycles an image."""


def magnitudes(spectrum: NDArray[np.floating], size: int) -> NDArray[np.float64]:
    """The amplitude of each wave of a real Fourier transform, in the forward norm: CxSx(S//2+1).

    Args:
        spectrum: CxK. Beyond its last frequency it falls as one over the frequency.
        size: side of the image in pixels.
    """
    cycles = np.hypot(np.fft.fftfreq(size, 1 / size)[:, None], np.fft.rfftfreq(size, 1 / size))
    rings = np.arange(1, spectrum.shape[1])
    found = np.empty((len(spectrum), *cycles.shape))
    for plane, amplitudes in enumerate(spectrum):
        # What is interpolated is nearly flat, unlike the amplitudes; before 1 there is but 0.
        found[plane] = np.interp(cycles, rings, amplitudes[1:] * rings) / np.maximum(cycles, 1)
        found[plane, 0, 0] = amplitudes[0]
    return found


def ring_means(planes: NDArray[np.floating]) -> NDArray[np.float64]:
    """The mean amplitude of the waves of one image, CxSxS, on the rings of 0, 1, ... S//2 cycles.

    The corners of the transform, which no ring closes, are left out.
    """
    size = planes.shape[-1]
    cycles = np.hypot(*np.meshgrid(*[np.fft.fftfreq(size, 1 / size)] * 2))
    rings = np.rint(cycles).astype(int).ravel()
    count = np.bincount(rings)
    amplitudes = np.abs(np.fft.fft2(planes.astype(np.float64), norm="forward"))
    sums = np.array([np.bincount(rings, plane.ravel()) for plane in amplitudes])
    return (sums / count)[:, : size // 2 + 1]
