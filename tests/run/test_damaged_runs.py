"""Whatever stands in the files of a run: its site is made, or one line says what is wrong where."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.run_fixture import LAYERS, make_run

from atlas.errors import AtlasError
from atlas.render.reading import read_catalog
from atlas.run.folder import Run
from atlas.run.plan import Item, Plan
from atlas.run.verification import refuse_damage

PICTURE = "units/article/conv1/0000.json"
KEPT = ["run.json", "plan.json", "network.json", "digests.json", PICTURE]
TABLES = ["probe", "skipped", "activations", "ranking", "strongest", "tuning", "examination"]
TABLES += ["identification"]

quickly = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run from before digests were kept, which alone find most damages."""
    path = tmp_path_factory.mktemp("whole") / "run"
    layers, names = [LAYERS[0], LAYERS[1]], [f"{i}.jpg" for i in range(12)]
    run = make_run(path, photographs=names, layers=layers, pictured=1, samples=2)
    items = [Item("article", layer["name"], 0, sample) for sample in (1, 2) for layer in layers]
    Plan((tuple(items),)).save(run)
    (path / "digests.json").write_text("{}")
    return run


@contextmanager
def replaced(path: Path, data: bytes) -> Iterator[None]:
    before = path.read_bytes()
    path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(before)


def is_taken(run: Run) -> bool:
    """Whether a run is read for its site; what it refuses, it refuses in one line about a file."""
    try:
        refuse_damage(run)
        read_catalog(run)
    except AtlasError as error:
        line = str(error)
        assert line.isprintable() and str(run.path) in line and len(line) < 1000
        return False
    return True


numbers = st.integers() | st.floats() | st.sampled_from([2**63, 10**30, -1, 0, 1, 1e300, 2**31])
words = st.text(max_size=5) | st.sampled_from(["", "ok", "a/b", "\ud800", "\0", "article", "conv1"])
scalars = st.none() | st.booleans() | numbers | words
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def ways(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (*before, key)
        if isinstance(inner, dict | list):
            yield from ways(inner, (*before, key))


def changed(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    """The value with another one at the end of the way, or none for Ellipsis."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in way[:-1]:
        inner = inner[key]
    if new is ...:
        del inner[way[-1]]
    else:
        inner[way[-1]] = new
    return copy


@pytest.mark.parametrize("name", KEPT)
def test_any_value_in_the_place_of_another_is_taken_or_named(whole: Run, name: str) -> None:
    path = whole.path / name
    value = json.loads(path.read_bytes())
    places = list(ways(value)) or [("run.json",)]

    @quickly
    @given(st.sampled_from(places), values | st.just(...))
    def check(way: tuple[Any, ...], new: Any) -> None:
        if new is ... and name == "digests.json":
            return
        text = json.dumps(changed(value, way, new))
        with replaced(path, text.encode("utf-8", "surrogatepass")):
            is_taken(whole)

    check()


@pytest.mark.parametrize("name", [*KEPT, *(f"{table}.csv" for table in TABLES)])
def test_any_bytes_in_the_place_of_others_are_taken_or_named(whole: Run, name: str) -> None:
    path = whole.path / name
    data = path.read_bytes()

    @quickly
    @given(st.integers(0, len(data)), st.integers(0, 8), st.binary(max_size=4))
    @example(0, len(data), b"")
    @example(0, len(data), b"[" * 100_000)
    @example(0, len(data), b'{"schema":' * 100_000)
    @example(0, len(data), b"\xef\xbb\xbf{}")
    @example(len(data) // 2, len(data), b"")
    def check(first: int, count: int, new: bytes) -> None:
        with replaced(path, data[:first] + new + data[first + count :]):
            is_taken(whole)

    check()


cells = st.one_of(
    numbers.map(str), words, st.sampled_from(["nan", "inf", "-inf", "true", "1e999", "1_0", "0x1"])
)


@pytest.mark.parametrize("name", TABLES)
def test_any_cell_in_the_place_of_another_is_taken_or_named(whole: Run, name: str) -> None:
    path = whole.path / f"{name}.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(), newline="")))

    @quickly
    @given(st.data())
    def check(data: st.DataObject) -> None:
        table = [row[:] for row in rows]
        row = data.draw(st.integers(0, len(table) - 1))
        match data.draw(st.sampled_from(["cell", "gone", "twice", "short"])):
            case "cell":
                table[row][data.draw(st.integers(0, len(rows[0]) - 1))] = data.draw(cells)
            case "gone":
                del table[row]
            case "twice":
                table.insert(row, table[row])
            case "short":
                del table[row][-1]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(table)
        with replaced(path, text.getvalue().encode("utf-8", "surrogatepass")):
            is_taken(whole)

    check()
