"""A file of JSON that is wrong is told by the key that is wrong."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas.run.network_schema import NetworkDescription
from atlas.run.schema import Identity, PlanFile, Record
from atlas.run.typed_json import parse_json, read_as

SHA = "0f" * 32
IDENTITY = {
    "network": "googlenet",
    "weights": SHA,
    "recipes": {"article": {"steps": 20}, "clear": {}},
    "seed": 0,
    "precision": "float32",
    "device": "cpu",
    "probe": SHA,
}
RECORD = {
    "layer": "conv1",
    "unit": 3,
    "sample": 1,
    "seed": 0,
    "attempt": 0,
    "status": "ok",
    "size": 44,
    "stages": [{"upscale": 0, "size": 28}, {"upscale": 9, "size": 44}],
    "terms": {"activation": 4.5, "loss": None},
    "activations": [0.5, None, 4],
    "sha256": {"stages": SHA, "picture": SHA},
}
BRANCH = {"name": "branch1", "first": 0, "units": 8}
LAYER = {
    "name": "conv1",
    "units": 8,
    "stride": 2,
    "receptive_field": 7,
    "center": [1.0, 1.0],
    "height": 112,
    "width": 112,
    "rectified": True,
    "branches": [BRANCH],
}
NETWORK = {
    "network": "googlenet",
    "input": 224,
    "smallest_input": 15,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
    "layers": [LAYER],
    "graph": [],
}

names = st.text(max_size=4)
tables = st.dictionaries(names, st.dictionaries(names, st.lists(st.integers()), min_size=1))


@given(tables, st.data())
def test_the_place_of_what_is_wrong_is_told(tables: dict[str, Any], data: st.DataObject) -> None:
    assert read_as(dict[str, dict[str, list[int]]], tables) == tables
    if not tables:
        return
    outer = data.draw(st.sampled_from(sorted(tables)))
    inner = data.draw(st.sampled_from(sorted(tables[outer])))
    tables[outer][inner].append("3")
    place = f"{outer}.{inner}[{len(tables[outer][inner]) - 1}]"
    with pytest.raises(ValueError) as refused:
        read_as(dict[str, dict[str, list[int]]], tables)
    assert str(refused.value) == f"{place} is no whole number"


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Identity, {"recipes": {"article": {}, "clear": None}}, "recipes.clear is no object"),
        (Identity, {"weights": SHA[1:]}, "weights is no text of the form [0-9a-f]{64}"),
        (Identity, {"weights": f"{SHA}\n"}, "weights is no text"),
        (Identity, {"seed": -1}, "seed is no whole number >= 0"),
        (Identity, {"seed": 2**63}, "seed is no whole number <="),
        (Identity, {"device": "tpu"}, "device cannot be 'tpu'"),
        (Identity, {"device": "x' - at `$.seed`"}, "device cannot be "),
        (Record, {"status": "fine"}, "status cannot be 'fine'"),
        (Record, {"unit": -1}, "unit is no whole number >= 0"),
        (Record, {"sample": 0}, "sample is no whole number >= 1"),
        (Record, {"attempt": True}, "attempt is no whole number"),
        (Record, {"size": 45}, "size is not that of the last of stages"),
        (Record, {"stages": [*RECORD["stages"][::-1]]}, "stages do not ascend"),
        (Record, {"stages": []}, "stages is no list of length >= 1"),
        (Record, {"stages": [{"size": 3}]}, "stages[0].upscale is missing"),
        (Record, {"terms": {"loss": 1}}, "terms.activation is missing"),
        (Record, {"terms": {"loss": 1, "pixel": "x"}}, "terms.pixel is no number or null"),
        (Record, {"terms": {"loss": 10**400}}, "terms.loss: number out of range"),
        (Record, {"activations": [1, "2"]}, "activations[1] is no number or null"),
        (Record, {"activations": [1, -2]}, "activations[1] is no number >= 0"),
        (Record, {"sha256": {"stages": SHA}}, "sha256.picture is missing"),
        (NetworkDescription, {"std": [1, 1, 0]}, "std[2] is no number > 0"),
        (NetworkDescription, {"mean": [1]}, "mean has 1 numbers, of 3 channels"),
        (NetworkDescription, {"channels": 1}, "mean has 3 numbers, of 1 channels"),
        (NetworkDescription, {"layers": [LAYER, LAYER]}, "layers have a name twice"),
        (
            NetworkDescription,
            {"layers": [LAYER | {"units": 9}]},
            "layers[0].branches have 8 units, of 9",
        ),
        (
            NetworkDescription,
            {"layers": [LAYER | {"branches": [BRANCH | {"first": 1}]}]},
            "layers[0].branches do not follow each other",
        ),
    ],
)
def test_what_a_file_cannot_say_is_told_by_its_key(
    kind: Any, value: dict[str, Any], said: str
) -> None:
    whole = {Identity: IDENTITY, Record: RECORD, NetworkDescription: NETWORK}[kind]
    assert read_as(kind, whole)
    with pytest.raises(ValueError) as refused:
        read_as(kind, whole | value)
    assert str(refused.value).startswith(said)


def test_a_plan_of_what_are_no_pictures_is_told_by_their_place() -> None:
    chunks = [[["article", "conv1", 0, 1]], [["article", "conv1", 1, 1], ["article", "conv1", 2]]]
    with pytest.raises(ValueError, match=r"^chunks\[1\]\[1\] is no list of length 4$"):
        read_as(PlanFile, {"chunks": chunks})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "Expecting value"),
        (b"\xff{}", "utf-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": NaN}', "NaN is no finite number"),
        (b'{"a": -Infinity}', "-Infinity is no finite number"),
        (b'{"a": 1e999}', "1e999 is no finite number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of 5000 digits"),
        (b'{"a": {"b": 1, "b": 2}}', "b is there twice"),
    ],
)
def test_bytes_that_are_no_json_are_refused_in_words(text: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_json(text)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_what_is_json_is_read_as_it_is(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
