"""What ranking keeps to relate units by: responses to images drawn by lot, and high activations."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from atlas.rank import high_activations, statistics, tables
from atlas.rank.high_activations import HighActivations, sampled_positions
from tests.rank.test_ranking import LAYERS, NETWORK, SIDE, Images, activations

PIXELS = np.random.default_rng(3).integers(0, 256, (40, SIDE, SIDE, 3), dtype=np.uint8)


def measured(images: Images) -> Any:
    return statistics.measure(NETWORK, images, LAYERS)


def test_the_responses_are_those_of_every_image_in_standard_deviations() -> None:
    images = Images(PIXELS)
    names, values = tables.responses_table(measured(images), images.names)
    assert names == images.names
    means = [maps.mean((2, 3)) for maps in activations(NETWORK, PIXELS).values()]
    expected = np.concatenate([(each - each.mean(0)) / each.std(0) for each in means], axis=1)
    np.testing.assert_allclose(values, expected, atol=3e-3)


def test_of_many_images_the_same_ones_are_kept_whatever_the_batches() -> None:
    images, kept = Images(PIXELS), []
    with patch.object(statistics, "MOST_IMAGES", 15):
        for batch in (1, 7, 40):
            with patch.dict(statistics.BATCH, cpu=batch):
                kept.append(tables.responses_table(measured(images), images.names))
    assert len(kept[0][0]) == 15
    assert kept[0][0] != images.names[:15]
    for names, values in kept[1:]:
        assert names == kept[0][0]
        np.testing.assert_allclose(values, kept[0][1], atol=3e-3)


def test_images_that_cannot_be_read_have_no_row() -> None:
    images = Images(PIXELS, unreadable=[0, 5])
    names, values = tables.responses_table(measured(images), images.names)
    assert names == [name for name in images.names if name not in ("0.png", "5.png")]
    assert len(values) == 38


def test_a_unit_that_answers_all_alike_keeps_no_rounding() -> None:
    images = Images(np.repeat(PIXELS[:1], 30, 0))
    _, values = tables.responses_table(measured(images), images.names)
    assert (values == 0).all()


def test_the_threshold_is_the_quantile_where_all_positions_are_looked_at() -> None:
    images = Images(PIXELS)
    table = tables.thresholds_table(measured(images))
    for layer, maps in activations(NETWORK, PIXELS).items():
        every = maps.transpose(0, 2, 3, 1).reshape(-1, maps.shape[1])
        expected = np.sort(every, axis=0)[::-1][-(-len(every) // 100) - 1]
        found = table.set_index("layer").loc[layer, "high"]
        np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(("images", "positions"), [(300, 3136), (20_000, 196), (7, 12_544)])
def test_a_sample_finds_about_the_quantile_of_all_positions(images: int, positions: int) -> None:
    # The activation grows along the map, and with the images.
    slope = torch.linspace(0, 1, positions, dtype=torch.float64)
    rise = torch.linspace(0, 0.5, images, dtype=torch.float64)
    found = HighActivations(images)
    for first in range(0, images, 100):
        indices = torch.arange(first, min(first + 100, images))
        places = sampled_positions(indices, images, positions)
        assert places.min() >= 0
        assert places.max() < positions
        values = slope[places] + rise[indices, None]
        found.update(values[:, :, None])
    every = slope[:, None] + rise[torch.linspace(0, images - 1, min(images, 99)).long()]
    assert found.threshold.item() == pytest.approx(np.quantile(every, 0.99), abs=0.02)


@given(
    st.lists(st.lists(st.integers(-5, 5), min_size=3, max_size=3), min_size=1, max_size=60),
    st.integers(1, 9),
)
def test_the_highest_are_kept_whatever_the_order_and_the_batches(
    rows: list[list[int]], batch: int
) -> None:
    with patch.object(high_activations, "SETTLED", 4), patch.object(high_activations, "RARE", 5):
        found = HighActivations(len(rows))
        for part in torch.tensor(rows, dtype=torch.float64).split(batch):
            found.update(part[:, :, None])
        expected = sorted((value for row in rows for value in row), reverse=True)
        assert found.threshold.item() == expected[-(-len(expected) // 5) - 1]


def test_the_weakest_images_of_each_unit_are_named_in_their_order() -> None:
    images = Images(PIXELS)
    table = tables.weakest_table({"5": measured(images)["5"]}, images.names)
    responses = activations(NETWORK, PIXELS)["5"].mean((2, 3))
    for unit in range(3):
        own = table[table["unit"] == unit]
        order = np.argsort(responses[:, unit])[:9]
        assert own["image"].tolist() == [images.names[image] for image in order]
        assert own["place"].tolist() == list(range(1, 10))
        np.testing.assert_allclose(own["mean"].tolist(), responses[order, unit], rtol=1e-6)
