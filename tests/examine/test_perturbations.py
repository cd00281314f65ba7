"""The altered pictures, against plain numpy and Pillow."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from atlas.examine.perturbations import PERTURBATIONS, blurred, compressed, rescaled, shifted


def picture(size: int = 61) -> NDArray[np.uint8]:
    """Soft colored blobs with some noise."""
    generator = np.random.default_rng(0)
    coarse = Image.fromarray(generator.integers(0, 256, (9, 9, 3), np.uint8))
    soft = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), float)
    return np.rint(soft + generator.normal(0, 8, soft.shape)).clip(0, 255).astype(np.uint8)


def test_a_shift_moves_eight_pixels_and_mirrors_what_comes_in() -> None:
    given = picture()
    up, down, left, right = shifted(given)
    assert (up[:-8] == given[8:]).all()
    assert (up[-8:] == given[-2:-10:-1]).all()
    assert (down[8:] == given[:-8]).all()
    assert (down[:8] == given[8:0:-1]).all()
    assert (left == np.swapaxes(shifted(np.swapaxes(given, 0, 1))[0], 0, 1)).all()
    assert (right == np.swapaxes(shifted(np.swapaxes(given, 0, 1))[1], 0, 1)).all()


def test_the_blur_is_a_gaussian_of_one_pixel() -> None:
    given = picture()
    weights = np.exp(-0.5 * np.arange(-6, 7) ** 2)
    weights /= weights.sum()
    expected = np.pad(given.astype(float), ((6, 6), (6, 6), (0, 0)), mode="reflect")
    for axis in (0, 1):
        expected = np.apply_along_axis(
            lambda row: np.convolve(row, weights, "valid"), axis, expected
        )
    (found,) = blurred(given)
    assert np.abs(found - expected).max() <= 1.5


def test_jpeg_is_pillows_at_quality_50() -> None:
    given = picture(64)
    file = io.BytesIO()
    Image.fromarray(given).save(file, "JPEG", quality=50, subsampling="4:2:0")
    expected = np.asarray(Image.open(file), float)
    (found,) = compressed(given)
    assert found.shape == given.shape
    assert np.abs(found - expected).mean() < 1
    assert np.abs(found.astype(float) - given).mean() > 3, "it does something"


@pytest.mark.parametrize("size", [61, 249])
def test_rescaling_is_bilinear(size: int) -> None:
    given = picture(size).astype(float)
    for found, scale in zip(rescaled(picture(size)), (0.9, 1.1), strict=True):
        side = round(size * scale)
        assert found.shape == (side, side, 3)
        places = ((np.arange(side) + 0.5) * size / side - 0.5).clip(0, size - 1)
        low = np.minimum(places.astype(int), size - 2)
        part = places - low
        rows = given[low] * (1 - part)[:, None, None] + given[low + 1] * part[:, None, None]
        expected = rows[:, low] * (1 - part)[:, None] + rows[:, low + 1] * part[:, None]
        assert np.abs(found - expected).max() <= 1


def test_a_flat_picture_stays_flat() -> None:
    flat = np.full((32, 32, 3), 124, np.uint8)
    for perturb in PERTURBATIONS.values():
        for found in perturb(flat):
            assert found.dtype == np.uint8
            assert np.abs(found.astype(int) - 124).max() <= 1
