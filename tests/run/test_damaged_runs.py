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
from atlas.render.site import render
from atlas.run.folder import Run
from atlas.run.plan import Item, Plan
from atlas.run.verification import refuse_damage

PICTURE = "units/article/conv1/0000.json"
KEPT = ["run.json", "plan.json", "network.json", "digests.json", PICTURE]
TABLES = ["probe", "skipped", "activations", "ranking", "strongest", "tuning", "examination"]
TABLES += ["identification", "relatives", "connections", "regions", "alignment", "weakest"]
TABLES += ["clarity"]

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


@pytest.mark.parametrize(
    ("name", "way", "new", "said"),
    [
        ("run.json", ("identity", "recipes"), {"clear": None}, "identity.recipes.clear is no"),
        ("run.json", ("identity", "recipes"), {}, "recipe article is none of identity.recipes"),
        ("run.json", ("requests",), [], "requests is no list of length >= 1"),
        ("run.json", ("requests",), 0, "requests is no list"),
        ("run.json", ("requests",), [None], "requests[0] is no object"),
        ("run.json", ("requests",), [{"a": 1}], "requests[0]: there is no setting 'a'"),
        ("run.json", ("requests",), [{"seed": 7}], "requests[0]: seed is not identity.seed"),
        ("run.json", ("requests",), [{"recipe": "article"}], "requests[0]: recipe is 'article'"),
        ("run.json", ("requests",), [{"recipe": ["x"]}], "requests[0]: recipe x is none of"),
        ("run.json", ("asked",), None, "asked is no object"),
        ("run.json", ("asked", "top"), -3, "asked: top is -3; it must be"),
        ("run.json", ("asked", "site"), "elsewhere", "asked: site is nothing that a run keeps"),
        ("run.json", ("weights", "sha256"), "0" * 64, "weights.sha256 is not identity.weights"),
        ("run.json", ("probe", "slope"), [1, 0, 2], "probe.slope does not ascend"),
        ("run.json", ("threads",), 10**6, "threads is no whole number <= 4096"),
        ("run.json", ("versions",), {}, "versions.atlas is missing"),
        ("plan.json", ("chunks", 0, 0, 2), -1, "chunks[0][0][2] is no whole number >= 0"),
        ("plan.json", ("chunks", 0, 0, 2), 99, "conv1:99 is no unit of network.json"),
        ("plan.json", ("chunks", 0, 0, 2), 10**300, "chunks[0][0][2] is no whole number"),
        ("plan.json", ("chunks", 0, 1), ["article", "conv1", 0, 1], "chunks[0][1] is there twice"),
        ("network.json", ("network",), "other", "not what atlas writes"),
        (PICTURE, ("unit",), 1, "it is of conv1:1"),
        (PICTURE, ("seed",), 1, "it is of the seed 1"),
        (PICTURE, ("stages", 0, "size"), 27, "its stages is of another size"),
    ],
)
def test_what_cannot_be_is_named_by_its_key(
    whole: Run, name: str, way: tuple[Any, ...], new: Any, said: str
) -> None:
    path = whole.path / name
    text = json.dumps(changed(json.loads(path.read_bytes()), way, new))
    with replaced(path, text.encode()), pytest.raises(AtlasError) as refused:
        refuse_damage(whole)
    assert f"{path} is damaged (" in str(refused.value) and said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("activations", "conv1,1,", "conv1,0,", "a row of the same layer, unit twice"),
        ("activations", "conv1,1,", "conv1,1.0,", "its column unit is not of whole numbers"),
        ("activations", "conv1,1,", "conv1,,", "its column unit lacks a number"),
        ("activations", "conv1,1,", ",1,", "its column layer lacks a name"),
        ("activations", "conv1,1,", "conv1,1,0,", "its line 3 has 7 values"),
        ("activations", "conv1,0,", "conv1,0,1e30\nconv1,0,", "its line 2 has 3 values"),
        ("activations", "conv1,0,", "conv1,0,9", "it has a mean above its max"),
        ("activations", "conv1,0,", "conv1,0,-", "it has a mean below 0 of a rectified layer"),
        ("ranking", "conv1,2,1,", "conv1,3,1,", "its ranks of conv1 are not 1 to 12"),
        ("ranking", "conv1,2,1,", "conv1,2,1,9", "its means of conv1 are not ranked"),
        ("ranking", "conv1,2,1,", "conv1,2,12,", "it has a unit 12 of conv1, which has 12"),
        ("strongest", "conv1,0,2,", "conv1,0,1,", "a row of the same layer, unit, place twice"),
        ("strongest", "conv1,0,9,", "conv1,0,10,", "its column place has a number"),
        ("strongest", "conv1,0,1,", "conv1,0,1,x", "which probe.csv has not"),
        ("tuning", "hue:30", "hue:0", "its column hue:0 is there twice"),
        ("examination", "article,conv1,0,1,", "article,conv1,0,0,", "its column sample has a"),
        ("examination", "article,conv1,0,1,", "other,conv1,0,1,", "it has a recipe other"),
        ("examination", "article,conv1,0,1,", "article,conv9,0,1,", "it has a layer conv9"),
        ("examination", ",shift,", ",sift,", "its column"),
        ("identification", "article,conv1,0,0", "article,conv1,0,7", "its column correct has a"),
        ("clarity", ",2 4 9", ",2 4 1", "it has a second group that is none"),
        ("probe", "image\n", "image\nmore.jpg\n", "its rows are not the images of run.json"),
        ("skipped", "file,reason\n", "file,reason\na,b\n", "are not the skipped files of run.json"),
    ],
)
def test_a_table_that_cannot_be_is_named_with_what_is_wrong(
    whole: Run, name: str, before: str, after: str, said: str
) -> None:
    path = whole.path / f"{name}.csv"
    text = path.read_text()
    assert before in text
    with (
        replaced(path, text.replace(before, after, 1).encode()),
        pytest.raises(AtlasError) as refused,
    ):
        refuse_damage(whole)
    assert f"{path} is damaged (" in str(refused.value) and said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "way", "new"),
    [
        ("run.json", ("weights", "notice"), "\ud800\0\n"),
        ("run.json", ("probe", "name"), "\udc80"),
        ("run.json", ("asked", "weights"), "/album/\udce9.pt"),
        ("network.json", ("graph", 0, "kind"), "</script>"),
        ("network.json", ("graph",), []),
        (PICTURE, ("terms", "loss"), 1e308),
        (PICTURE, ("activations", 0), 1e308),
        (PICTURE, ("attempt",), 2**63 - 1),
    ],
)
def test_what_is_taken_is_rendered(
    whole: Run, tmp_path: Path, name: str, way: tuple[Any, ...], new: Any
) -> None:
    path = whole.path / name
    text = json.dumps(changed(json.loads(path.read_bytes()), way, new))
    with replaced(path, text.encode()):
        assert is_taken(whole)
        render(whole, tmp_path / "site")
    assert (tmp_path / "site" / "units" / "conv1" / "0000.html").is_file()
