"""The views of a picture: moved and enlarged as drawn, from the picture's own name alone."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from atlas.maximize.seeding import uniform
from atlas.maximize.transformations import Views, resampling
from atlas.recipe import Recipe

ROBUST = Recipe(jitter=3, zoom=0.2)


def like() -> torch.Tensor:
    return torch.empty(0, dtype=torch.float64)


def by_hand(image: np.ndarray, scale: float, down: float, right: float) -> np.ndarray:
    """Enlarge an image about its middle and move it; linear interpolation, mirrored borders."""

    def row(values: np.ndarray, shift: float) -> np.ndarray:
        length, result = len(values), []
        mirrored = np.concatenate([values, values[::-1]])
        for place in range(length):
            source = (place - (length - 1) / 2 - shift) / scale + (length - 1) / 2
            low = int(np.floor(source))
            weight = source - low
            before, after = mirrored[low % (2 * length)], mirrored[(low + 1) % (2 * length)]
            result.append((1 - weight) * before + weight * after)
        return np.array(result)

    rows = np.apply_along_axis(row, 1, image, right)
    return np.apply_along_axis(row, 0, rows, down)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.floats(0.5, 2),
    st.floats(-30, 30),
    st.floats(-30, 30),
)
def test_a_view_is_enlarged_about_its_middle_moved_and_mirrored_at_its_borders(
    seed: int, size: int, scale: float, down: float, right: float
) -> None:
    image = np.random.default_rng(seed).normal(size=(size, size))
    rows, columns = (
        resampling(size, like().new_tensor([scale]), like().new_tensor([shift]))[0]
        for shift in (down, right)
    )
    found = rows @ torch.from_numpy(image) @ columns.T
    np.testing.assert_allclose(found, by_hand(image, scale, down, right), atol=1e-9)


def test_jitter_moves_by_whole_pixels_up_to_its_reach_both_ways() -> None:
    image = torch.zeros(1, 1, 21, 21, dtype=torch.float64)
    image[0, 0, 10, 10] = 1
    views = Views(Recipe(jitter=4), ["a"], 300, like())
    places = []
    for step in range(300):
        view = views.view(image, step)
        assert view.sum() == view.max() == 1, "one pixel, as it was"
        places.append(np.unravel_index(view.numpy().argmax(), (21, 21)))
    counts = np.unique(places, axis=0, return_counts=True)[1]
    assert {axis: set(np.array(places)[:, axis]) for axis in (0, 1)} == {
        axis: set(range(6, 15)) for axis in (0, 1)
    }
    assert counts.max() < 15, "no place is preferred"


def test_zoom_enlarges_and_reduces_within_its_reach() -> None:
    ramp = torch.arange(41.0).double().expand(1, 1, 41, 41)
    views = Views(Recipe(zoom=0.1), ["a"], 200, like())
    slopes = [views.view(ramp, step)[0, 0, 20].diff()[15:25].mean().item() for step in range(200)]
    assert 1 / 1.1 - 1e-9 < min(slopes) < 0.93 and 1.07 < max(slopes) < 1.1 + 1e-9
    assert abs(np.log(slopes).mean()) < 0.02


@settings(max_examples=20)
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6), st.integers(0, 9))
def test_views_depend_on_the_pictures_own_name_alone(names: list[str], step: int) -> None:
    images = torch.rand(len(names), 3, 10, 10, dtype=torch.float64)
    together = Views(ROBUST, names, 10, like()).view(images, step)
    for i, name in enumerate(names):
        alone = Views(ROBUST, [name], 10, like()).view(images[i : i + 1], step)
        torch.testing.assert_close(together[i], alone[0], rtol=0, atol=1e-12)


def test_views_differ_between_steps_and_pictures() -> None:
    images = torch.rand(1, 3, 10, 10, dtype=torch.float64).expand(2, 3, 10, 10)
    views = Views(ROBUST, ["a", "b"], 2, like())
    first, second = views.view(images, 0), views.view(images, 1)
    assert not torch.allclose(first[0], first[1])
    assert not torch.allclose(first[0], second[0])


def test_the_article_sees_the_picture_itself() -> None:
    images = torch.rand(2, 3, 9, 9)
    assert Views(Recipe(), ["a", "b"], 5, images).view(images, 3) is images


def test_gradients_of_a_view_are_exact() -> None:
    images = torch.rand(2, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    views = Views(ROBUST, ["a", "b"], 3, like())
    assert torch.autograd.gradcheck(lambda given: views.view(given, 1), images)


def test_numbers_drawn_are_uniform_and_promised() -> None:
    drawn = uniform("name", 10_000)
    assert drawn.dtype == np.float32 and 0 <= drawn.min() and drawn.max() < 1
    np.testing.assert_allclose(np.histogram(drawn, 10, (0, 1))[0], 1000, atol=120)
    np.testing.assert_array_equal(drawn[:5], uniform("name", 5))
    assert abs(np.corrcoef(drawn, uniform("names", 10_000))[0, 1]) < 0.05
