"""A layer that sees few pixels has the constants for it; the others keep theirs, to the bit."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from atlas import RECIPES, Network, Recipe, Target, load_network, maximize_units
from atlas.maximize.loop import maximize_chunk
from atlas.recipe import FINE

CLEAR = RECIPES["clear"]
SHORT = replace(CLEAR, start_size=32, upscales=1, steps=3)


@pytest.fixture(scope="module")
def googlenet() -> Network:
    return load_network("googlenet", "bundled", precision="float32")


@pytest.mark.parametrize(
    ("layer", "fine"),
    [
        ("conv1", True),
        ("maxpool1", True),
        ("conv2", True),
        ("conv3", False),
        ("inception3a", False),
        ("inception5b", False),
        ("fc", False),
    ],
)
def test_clear_is_for_fine_patterns_where_googlenet_sees_less_than_the_jitter_spans(
    googlenet: Network, layer: str, fine: bool
) -> None:
    own = CLEAR.for_field(googlenet.layer(layer).receptive_field)
    changed = {name for name, value in asdict(own).items() if value != getattr(CLEAR, name)}
    differ = {name for name in FINE if getattr(CLEAR, name) != getattr(Recipe(), name)}
    assert changed == (differ if fine else set())
    assert all(getattr(own, name) == getattr(Recipe(), name) for name in changed)


def test_the_article_is_the_same_for_every_layer() -> None:
    for size in (1, 7, 16, 400, None):
        assert Recipe().for_field(size) == Recipe()


UNITS = [("inception3a", 3), ("conv1", 5), ("inception4a", 7), ("maxpool1", 2), ("conv3", 1)]


def test_each_part_of_a_batch_is_as_without_the_other_to_the_bit(googlenet: Network) -> None:
    scales = [0.5, 2.0, 1.0, 3.0, 0.7]
    targets = [Target(*unit) for unit in UNITS]
    together = maximize_chunk(googlenet, targets, SHORT, 0, scales=scales)
    assert [(picture.target.layer, picture.target.unit) for picture in together] == UNITS
    as_it_was = replace(SHORT, fine_below=0)
    fine = replace(as_it_was, **{name: getattr(Recipe(), name) for name in FINE})
    for recipe, places in ((as_it_was, [0, 2, 4]), (fine, [1, 3])):
        own = [targets[i] for i in places]
        apart = maximize_chunk(googlenet, own, recipe, 0, scales=[scales[i] for i in places])
        for i, picture in zip(places, apart, strict=True):
            np.testing.assert_array_equal(together[i].image, picture.image)
            np.testing.assert_array_equal(together[i].activations, picture.activations)


def test_starts_of_ones_own_go_to_their_units(googlenet: Network) -> None:
    starts = np.random.default_rng(1).random((5, 3, 32, 32))
    together = maximize_units(googlenet, UNITS, SHORT, init=starts)
    for i, unit in enumerate(UNITS):
        (alone,) = maximize_units(googlenet, [unit], SHORT, init=starts[i : i + 1])
        np.testing.assert_allclose(together[i].image, alone.image, atol=1e-3)
