"""Names that people give, as files of theirs: read whole, or refused in one line."""

from pathlib import Path

import pytest

from atlas.errors import UsageError
from atlas.run.classes import class_names, read_classes, write_class_names
from atlas.run.folder import Run
from atlas.run.notes import LONGEST, kept_notes, read_notes, write_notes

UNITS = {"conv1": 64, "head, 1": 3}


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "names"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "tench\ngreat white shark, white shark\ncrane\ncrane",
        "\ufefftench\r\ngreat white shark, white shark\r\n crane \r\ncrane\r\n\r\n",
        'number,name\n3,crane\n0,tench\n1,"great white shark, white shark"\n2,crane\n',
    ],
)
def test_classes_are_read_from_lines_or_a_table(tmp_path: Path, text: str) -> None:
    names = read_classes(written(tmp_path, text), 4)
    assert names == ["tench", "great white shark, white shark", "crane", "crane"]
    write_class_names(Run(tmp_path / "run"), names)
    assert class_names(Run(tmp_path / "run")) == dict(enumerate(names))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no name for the class 0"),
        ("tench\n\ncrane", "has no name for the class 1"),
        ("tench\ncrane", "has 2 names, and the network tells 3 classes apart"),
        ("a\nb\nc\nd", "has 4 names, and the network tells 3"),
        ("number,name\n1,tench\n2,crane\n3,hen\n", "has no name for the class 0"),
        ("number,name\n0,tench\n0,crane\n2,hen\n", "line 3: number is '0'; it must be a number of"),
        ("number,name\nn01440764,tench\n", "line 2: number is 'n01440764'"),
        ("number,name\n0,a\n1\n", "line 3: it has 1 values and not 2"),
        (b"tench\nh\xe9ron\ncrane", "is not in UTF-8"),
    ],
)
def test_wrong_classes_are_refused_in_one_line(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_classes(written(tmp_path, text), 3)
    assert reason in str(caught.value) and "\n" not in str(caught.value)


def test_notes_are_read_and_the_last_of_a_unit_counts(tmp_path: Path) -> None:
    text = 'text,layer,unit\n"edges,\n  dark above",conv1,7\nNA,"head, 1",2\nother,conv1,07\n'
    notes = read_notes(written(tmp_path, text), UNITS)
    assert notes == {("conv1", 7): "other", ("head, 1", 2): "NA"}
    first = read_notes(written(tmp_path, "".join(text.splitlines(True)[:3])), UNITS)
    assert first == {("conv1", 7): "edges, dark above"}
    write_notes(Run(tmp_path / "run"), notes)
    assert kept_notes(Run(tmp_path / "run")) == notes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("layer,unit\nconv1,7\n", "has no column text; its first line must be layer,unit,text"),
        ("layer,unit,text\nconv2,7,x\n", "line 2: there is no layer 'conv2' in the run; it has"),
        ("layer,unit,text\nconv1,64,x\n", "conv1 has no unit '64'; its units are 0 to 63"),
        ("layer,unit,text\nconv1,-1,x\n", "conv1 has no unit '-1'"),
        ("layer,unit,text\nconv1,1.0,x\n", "conv1 has no unit '1.0'"),
        ("layer,unit,text\nconv1," + "9" * 5000 + ",x\n", "conv1 has no unit '999"),
        ("layer,unit,text\nconv1,\u0663,x\n", "conv1 has no unit"),
        ("layer,unit,text\nconv1,7,  \n", "line 2: the text is empty"),
        (f"layer,unit,text\nconv1,7,{'x' * (LONGEST + 1)}\n", "it may have 500"),
        (b"layer,unit,text\nconv1,7,\xff\n", "is not in UTF-8"),
    ],
)
def test_wrong_notes_are_refused_in_one_line(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_notes(written(tmp_path, text), UNITS)
    assert reason in str(caught.value) and "\n" not in str(caught.value)
