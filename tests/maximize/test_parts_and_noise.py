"""Views that show a part, in a frame, under noise; and the last steps, which see no view."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from atlas import UsageError
from atlas.maximize.seeding import white_noise
from atlas.maximize.transformations import Views
from atlas.network.sizes import Sizes
from atlas.recipe import Recipe, read_recipe

EVERYTHING = Recipe(jitter=3, zoom=0.2, rotate=15, crop=0.6, pad=2, noise=0.3)


def like() -> torch.Tensor:
    return torch.empty(0, dtype=torch.float64)


def test_a_view_shows_a_part_of_the_picture_anywhere_in_it_as_large_as_the_whole() -> None:
    side, places = 41, torch.arange(41.0).double()
    rows, columns = places[:, None].expand(side, side), places.expand(side, side)
    views = Views(Recipe(crop=0.3), ["a"], 300, like())
    parts, corners = [], []
    for step in range(300):
        down, right = views.view(torch.stack([rows, columns])[None], step)[0]
        part = right[20].diff()[10:30].mean().item()
        assert part == pytest.approx(down[:, 20].diff()[10:30].mean().item(), abs=1e-9), "a square"
        middle = (down[20, 20].item() - 20, right[20, 20].item() - 20)
        room = (1 - part) * side / 2
        assert max(map(abs, middle)) <= room + 1e-9, "within the picture"
        parts.append(part)
        corners.append(np.array(middle) / room)
    assert 0.3 <= min(parts) < 0.32 and 0.97 < max(parts) <= 1
    assert stats.kstest(parts, stats.uniform(0.3, 0.7).cdf).pvalue > 0.01
    for axis in np.transpose(corners):
        assert stats.kstest(axis, stats.uniform(-1, 2).cdf).pvalue > 0.01


@pytest.mark.parametrize("rotate", [0, 30])
def test_a_frame_is_of_the_networks_mean_color_and_around_the_whole_picture(rotate: int) -> None:
    images = 1 + torch.rand(1, 3, 12, 12, dtype=torch.float64)
    views = Views(Recipe(pad=5, rotate=rotate), ["a"], 20, like())
    for step in range(20):
        view = views.view(images, step)
        assert view.shape == (1, 3, 22, 22)
        assert view[..., 0].abs().max() == view[..., -1, :].abs().max() == 0
        assert view[..., 8:-8, 8:-8].min() >= 1 - 1e-9
        if not rotate:
            torch.testing.assert_close(view[..., 5:-5, 5:-5], images)
            assert view.sum().item() == pytest.approx(images.sum().item())


def test_a_network_of_one_size_sees_no_frame() -> None:
    framed = Recipe(start_size=100, upscales=0, pad=9, jitter=4)
    assert framed.for_sizes(Sizes()) == framed
    assert framed.for_sizes(Sizes(50, 50)) == Recipe(start_size=100, upscales=0, jitter=2)


def test_noise_is_white_and_normal_and_as_strong_as_is_said() -> None:
    images = torch.zeros(2, 3, 60, 60, dtype=torch.float64)
    views = Views(Recipe(noise=0.5), ["a", "b"], 3, like())
    seen = torch.stack([views.view(images, step) for step in range(3)]).numpy()
    assert stats.kstest(seen.ravel() / 0.5, "norm").pvalue > 0.01
    flat = seen.reshape(6, -1)
    assert np.abs(np.corrcoef(flat) - np.eye(6)).max() < 0.04, "steps and pictures have their own"
    for axis in (-1, -2, -3):
        once, next_to = (np.take(seen, range(i, seen.shape[axis] - 1 + i), axis) for i in (0, 1))
        assert abs(np.corrcoef(once.ravel(), next_to.ravel())[0, 1]) < 0.02


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4), st.integers(1, 999))
def test_noise_is_drawn_for_each_key_alone_and_alike_in_every_precision(
    keys: list[int], count: int
) -> None:
    exact = white_noise(torch.tensor(keys), count, like())
    assert exact.shape == (len(keys), count) and exact.isfinite().all()
    rounded = white_noise(torch.tensor(keys), count, like().float())
    torch.testing.assert_close(rounded.double(), exact, rtol=1e-3, atol=1e-5)
    for key, own in zip(keys, exact, strict=True):
        assert torch.equal(white_noise(torch.tensor([key]), count, like())[0], own)


def test_the_last_steps_see_the_picture_itself() -> None:
    images = torch.rand(2, 3, 9, 9, dtype=torch.float64)
    views = Views(Recipe(jitter=3, noise=1, pad=2, plain_steps=2), ["a", "b"], 5, images)
    assert [views.view(images, step) is images for step in range(5)] == [False] * 3 + [True] * 2


@settings(max_examples=20)
@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6), st.integers(0, 9))
def test_views_of_all_kinds_depend_on_the_pictures_own_name_alone(
    names: list[str], step: int
) -> None:
    images = torch.rand(len(names), 3, 10, 10, dtype=torch.float64)
    together = Views(EVERYTHING, names, 10, like()).view(images, step)
    for i, name in enumerate(names):
        alone = Views(EVERYTHING, [name], 10, like()).view(images[i : i + 1], step)
        torch.testing.assert_close(together[i], alone[0], rtol=0, atol=1e-12)


def test_another_kind_of_view_leaves_those_there_are_as_they_were() -> None:
    images = torch.rand(1, 3, 10, 10, dtype=torch.float64)
    moved = Views(Recipe(jitter=3, zoom=0.1), ["a"], 9, like()).view(images, 4)
    noisy = Views(Recipe(jitter=3, zoom=0.1, noise=1e-9), ["a"], 9, like()).view(images, 4)
    torch.testing.assert_close(moved, noisy, rtol=0, atol=1e-7)


def test_gradients_of_all_of_it_are_exact() -> None:
    images = torch.rand(2, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    views = Views(EVERYTHING, ["a", "b"], 3, like())
    assert torch.autograd.gradcheck(lambda given: views.view(given, 1), images)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"rotate": 46}, "a rotate in 0..45"),
        ({"rotate": -1}, "a rotate in 0..45"),
        ({"crop": 0}, "a crop in 0.05..1"),
        ({"crop": 1.5}, "a crop in 0.05..1"),
        ({"pad": -1}, "a pad in 0..4096"),
        ({"pad": 0.5}, "pad is 0.5; it must be a whole number"),
        ({"noise": -0.1}, "a noise of at least 0"),
        ({"plain_steps": 21}, "plain_steps in 0..steps"),
        ({"basis": "phases"}, "the basis phases needs the color_range sigmoid and the color_axes"),
        ({"basis": "phases", "color_range": "sigmoid"}, "the color_axes decorrelated"),
        ({"basis": "fourier"}, "it must be pixels, cosines or phases"),
    ],
)
def test_a_constant_that_cannot_be_is_refused_in_a_line(table: dict, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_recipe("mine", table)
    assert said in str(caught.value) and "\n" not in str(caught.value)
