"""What is alike stands together on the wall and on the map, and always at the same place."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness
from support.related import draw, respond
from threadpoolctl import threadpool_limits

from atlas.relate.components import components
from atlas.relate.correlation import FEWEST_IMAGES, standardized
from atlas.relate.layout import layout
from atlas.relate.order import heights
from atlas.relate.responses import Responses

UNITS = {"a": 20, "pool": 20, "b": 30, "c": 15}
POOLS = {"pool": "a"}


def every(responses: Responses) -> Mapping[str, range]:
    return {layer: range(count) for layer, count in responses.units.items()}


def line(layers: Mapping[str, int]) -> tuple[Responses, dict[str, NDArray[np.float64]]]:
    """Units tuned to places along a line, in a shuffled order; and where their places are."""
    generator = np.random.Generator(np.random.PCG64(0))
    shown = generator.uniform(size=(300, 1))
    places = {layer: generator.permutation(count) / count for layer, count in layers.items()}
    return respond(
        {layer: np.exp(-(((shown - own) / 0.15) ** 2)) for layer, own in places.items()}
    ), places


def test_units_stand_evenly_in_their_layer_and_layers_that_pool_are_left_out() -> None:
    responses = draw(100, UNITS)
    table = layout(responses, every(responses), POOLS)
    assert [*table.columns] == ["layer", "unit", "height", "x", "y"]
    assert [*table["layer"].unique()] == ["a", "b", "c"]
    for layer, part in table.groupby("layer"):
        count = UNITS[str(layer)]
        assert [*part["unit"]] == list(range(count))
        right = (np.arange(count) + 0.5) / count
        assert np.sort(part["height"].to_numpy(float)) == pytest.approx(right, abs=1e-6)
    for side in ("x", "y"):
        assert (table[side].min(), table[side].max()) == (0, 1)


def test_of_each_layer_those_are_placed_that_were_asked_for() -> None:
    table = layout(draw(100, UNITS), {"a": [7, 3], "pool": [3], "b": [], "c": [9]}, POOLS)
    assert [*zip(table["layer"], table["unit"], strict=True)] == [("a", 7), ("a", 3), ("c", 9)]


def test_units_along_a_line_stand_in_its_order_in_every_layer() -> None:
    responses, places = line({"a": 12, "b": 25, "c": 40})
    table = layout(responses, every(responses), {}).set_index("layer")
    found = [table.loc[layer, "height"].to_numpy(float) for layer in places]
    turns = [
        np.corrcoef(own, height)[0, 1] for own, height in zip(places.values(), found, strict=True)
    ]
    assert np.abs(turns).min() > 0.95
    assert len(set(np.sign(turns))) == 1  # the same way up in each


def test_what_stands_side_by_side_is_more_alike_than_by_the_first_component() -> None:
    responses = draw(400, {"a": 40, "b": 40, "c": 40}, causes=12)
    layers = [standardized(responses, layer) for layer in responses.units]
    start = np.split(components(np.concatenate(layers, axis=1))[:, 0], 3)

    def alike(found: list[NDArray[np.float64]]) -> tuple[float, float, float]:
        """Correlation of those below each other, and at one height; how far relatives stand."""
        ordered = [layer[:, np.argsort(own)] for layer, own in zip(layers, found, strict=True)]
        below = [(layer[:, 1:] * layer[:, :-1]).sum(axis=0) for layer in ordered]
        beside = [(ordered[i] * ordered[i + 1]).sum(axis=0) for i in range(2)]
        apart = [
            np.abs(found[i] - found[i + 1][(layers[i].T @ layers[i + 1]).argmax(axis=1)])
            for i in range(2)
        ]
        return float(np.mean(below)), float(np.mean(beside)), float(np.mean(apart))

    below, beside, apart = alike(heights(layers, start))
    plainly_below, plainly_beside, _ = alike(start)
    assert below > 1.5 * plainly_below
    assert beside > 1.5 * plainly_beside
    assert apart < 0.2  # by chance 1/3


def test_the_map_keeps_neighbors_together() -> None:
    responses = draw(400, {"a": 100, "b": 100}, causes=5)
    table = layout(responses, every(responses), {})
    units = np.concatenate([standardized(responses, layer) for layer in responses.units], axis=1).T
    assert trustworthiness(units, table[["x", "y"]].to_numpy(float), n_neighbors=10) > 0.9


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_a_few_units_have_their_places_too(seed: int, counts: list[int]) -> None:
    responses = draw(30, {f"layer{i}": count for i, count in enumerate(counts)}, seed)
    table = layout(responses, every(responses), {})
    assert len(table) == sum(counts)
    places = table[["height", "x", "y"]].to_numpy(float)
    assert ((0 <= places) & (places <= 1)).all()


@pytest.mark.parametrize("count", [2, 30])
def test_units_that_answer_all_images_alike_have_places(count: int) -> None:
    responses = draw(50, {"a": count, "b": count})
    values = responses.values.copy()
    values[:, 1:] = 0
    some = replace(responses, values=values)
    none = replace(responses, values=np.zeros_like(values))
    for each in (some, none):
        table = layout(each, every(each), {})
        assert len(table) == 2 * count
        assert np.isfinite(table[["height", "x", "y"]].to_numpy(float)).all()
    assert (table[["x", "y"]].to_numpy(float) == 0.5).all()


def test_over_a_handful_of_images_no_place_is_given() -> None:
    few = draw(FEWEST_IMAGES - 1, {"a": 5, "b": 5})
    assert layout(few, every(few), {}).empty
    assert layout(draw(50, {"a": 5}), {"a": []}, {}).empty


def test_the_same_bytes_twice_whatever_the_number_of_threads() -> None:
    responses = draw(300, {"a": 150, "b": 300})
    printed = []
    for threads in (1, 4):
        with threadpool_limits(threads):
            printed.append(layout(responses, every(responses), {}).to_csv())
    assert printed[0] == printed[1]
