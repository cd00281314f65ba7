"""Relatives against a plain correlation of every pair, in float64."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from support.related import draw, respond

from atlas.relate import relatives as module
from atlas.relate.correlation import FEWEST_IMAGES, chance
from atlas.relate.relatives import relatives
from atlas.relate.responses import Responses

UNITS = {"a": 20, "pool": 20, "b": 30, "c": 15}
POOLS = {"pool": "a"}
DISTINCT = ("a", "b", "c")


def every(responses: Responses) -> Mapping[str, range]:
    return {layer: range(count) for layer, count in responses.units.items()}


def pooled(seed: int = 0) -> Responses:
    """Responses in which a layer pools another: much the same, but not quite."""
    responses = draw(200, UNITS, seed)
    values = responses.values.copy()
    own, copies = responses.columns("a"), responses.columns("pool")
    values[:, copies] = values[:, own] + values[:, copies] / 8
    return replace(responses, values=values)


def expected(
    responses: Responses, layer: str, unit: int, kind: str
) -> dict[tuple[str, int], float]:
    """All units of a kind by the correlation in float64, the most alike first."""
    values = responses.values.astype(np.float64)
    origin = POOLS.get(layer, layer)
    place = DISTINCT.index(origin)
    others = {
        "same": [layer],
        "before": list(DISTINCT[max(place - 1, 0) : place]),
        "after": list(DISTINCT[place + 1 : place + 2]),
        "any": list(DISTINCT),
    }[kind]
    own = values[:, responses.columns(layer)][:, unit]
    found = {
        (other, number): float(np.corrcoef(own, column)[0, 1])
        for other in others
        for number, column in enumerate(values[:, responses.columns(other)].T)
        if (POOLS.get(other, other), number) != (origin, unit)
    }
    least = chance(len(values), len(found) or 1)
    best = sorted(found, key=lambda key: -found[key])[:12]
    return {key: found[key] for key in best if found[key] > least + 0.01}


@pytest.mark.parametrize("block", [1024, 7])
def test_relatives_are_the_units_of_the_highest_correlation(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    responses = pooled()
    table = relatives(responses, every(responses), POOLS)
    rows: dict[tuple[str, int, str], list[tuple[str, int, float]]] = {}
    for layer, unit, kind, place, *relative in table.itertuples(index=False, name=None):
        listed = rows.setdefault((layer, unit, kind), [])
        listed.append((relative[0], relative[1], relative[2]))
        assert place == len(listed) <= 12
    for layer, count in UNITS.items():
        for unit in range(count):
            for kind in ("same", "before", "after", "any"):
                right = expected(responses, layer, unit, kind)
                listed = rows.get((layer, unit, kind), [])
                assert [value for *_, value in listed[: len(right)]] == pytest.approx(
                    list(right.values()), abs=2e-4
                )
                for other, number, value in listed:
                    assert right.get((other, number), value) == pytest.approx(value, abs=2e-4)


def test_a_layer_that_pools_has_the_neighbors_of_the_pooled_one() -> None:
    responses = pooled()
    table = relatives(responses, {"b": [0], "pool": [3]}, POOLS)
    kinds = table.groupby(["layer", "kind"])["other_layer"].unique().map(list).to_dict()
    assert kinds["b", "before"] == ["a"]
    assert kinds["pool", "same"] == ["pool"]
    assert kinds["pool", "after"] == ["b"]
    assert ("pool", "before") not in kinds


def test_the_same_channel_before_and_after_a_pooling_is_no_relative() -> None:
    responses = pooled()
    table = relatives(responses, every(responses), POOLS)
    origin = table["layer"].replace(POOLS) + table["unit"].astype(str)
    other = table["other_layer"].replace(POOLS) + table["other_unit"].astype(str)
    assert not np.any(origin.to_numpy() == other.to_numpy())
    assert "pool" not in set(table.loc[table["kind"] == "any", "other_layer"])


def test_a_unit_that_answers_all_images_alike_is_related_to_none() -> None:
    responses = pooled()
    values = responses.values.copy()
    dead, flat = responses.columns("b").start, responses.columns("b").start + 1
    values[:, dead], values[:, flat] = 0, 0.731  # over all images, over those that are kept
    table = relatives(replace(responses, values=values), every(responses), POOLS)
    named = {
        *zip(table["layer"], table["unit"], strict=True),
        *zip(table["other_layer"], table["other_unit"], strict=True),
    }
    assert not {("b", 0), ("b", 1)} & named
    assert {("b", 2), ("b", 3)} <= named
    correlations = table["correlation"].to_numpy(float)
    assert 0 < correlations.min() <= correlations.max() <= 1


def test_units_alike_to_the_last_bit_come_in_the_order_of_depth_and_number() -> None:
    generator = np.random.Generator(np.random.PCG64(0))
    column = generator.normal(size=(300, 1))
    table = relatives(
        respond({"a": np.tile(column, 30), "b": np.tile(column, 20)}), {"b": [1], "a": [4]}, {}
    )
    any_of_b = table[(table["layer"] == "b") & (table["kind"] == "any")]
    assert [*any_of_b["other_unit"]] == list(range(12))
    assert {*any_of_b["other_layer"]} == {"a"}
    same = table[(table["layer"] == "a") & (table["kind"] == "same")]
    assert [*same["other_unit"]] == [0, 1, 2, 3, *range(5, 13)]


def test_unrelated_units_are_no_relatives() -> None:
    generator = np.random.Generator(np.random.PCG64(0))
    noise: NDArray[np.float64] = generator.normal(size=(400, 200))
    table = relatives(respond({"a": noise}), {"a": range(200)}, {})
    # One unit in twenty may have one by chance, and then the other has it too.
    assert len(table[table["kind"] == "same"]) <= 2 * 200 * 0.05


def test_over_a_handful_of_images_nothing_is_said() -> None:
    few = draw(FEWEST_IMAGES - 1, {"a": 5, "b": 5})
    table = relatives(few, every(few), {})
    assert table.empty
    enough = draw(FEWEST_IMAGES, {"a": 30, "b": 30}, causes=1)
    assert list(relatives(enough, every(enough), {}).columns) == list(table.columns)
    assert len(relatives(enough, every(enough), {}))


def test_a_single_unit_alone_has_no_relatives() -> None:
    assert relatives(draw(50, {"a": 1}), {"a": [0]}, {}).empty


def test_relatives_are_the_same_twice() -> None:
    responses = pooled()
    once, again = (relatives(responses, every(responses), POOLS) for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
