"""What the classes are called: those of the network, and those of the probe images."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from atlas._system.display import display_name
from atlas._system.hand_written import read_rows, read_text
from atlas.errors import UsageError
from atlas.run.folder import Run

COLUMNS = ("number", "name")


def read_classes(path: Path, outputs: int) -> list[str]:
    """Names of classes that a user gives: a name a line, or a table (CSV) of number and name.

    Args:
        path: of the file.
        outputs: how many classes the network tells apart, each of which must have a name.

    Raises:
        UsageError: for a file that is no such thing, or has more or fewer.
    """
    first, *others = read_text(path).rstrip().split("\n")
    is_table = tuple(name.strip() for name in first.split(",")) == COLUMNS
    names = _numbered(path) if is_table else [first, *others]
    names = [display_name(name.strip()) for name in names]
    if not all(names):
        raise UsageError(f"{path} has no name for the class {names.index('')}")
    if len(names) != outputs:
        raise UsageError(
            f"{path} has {len(names)} names, and the network tells {outputs} classes apart; give "
            "one name for each, in the order of its outputs"
        )
    return names


def _numbered(path: Path) -> list[str]:
    """The names of a table, by their numbers. Raises UsageError unless these go from 0 upwards."""
    found: dict[int, str] = {}
    for line, row in read_rows(path, COLUMNS):
        number = row["number"]
        if not (number.isascii() and number.isdigit()) or int(number[:9]) in found:
            raise UsageError(
                f"{path}, line {line}: number is {number!r}; it must be a number of its own, from 0"
            )
        found[int(number[:9])] = row["name"]
    if missing := [number for number in range(len(found)) if number not in found]:
        raise UsageError(f"{path} has no name for the class {missing[0]}")
    return [found[number] for number in range(len(found))]


def write_class_names(run: Run, names: Sequence[str]) -> None:
    """Keep the names of the network's classes, in the order of its outputs."""
    run.write_table("classes", pd.DataFrame({"number": range(len(names)), "name": names}))


def class_names(run: Run) -> dict[int, str]:
    """The names of the network's classes by number; none where they are not known."""
    if not run.has("classes.csv"):
        return {}
    table = run.table("classes")
    return dict(zip(table["number"].tolist(), table["name"], strict=True))


def image_classes(run: Run) -> dict[str, str]:
    """The classes of the probe images by the images' names, of those that have one."""
    table = run.table("probe")
    if "label" not in table:
        return {}
    known = table[table["label"].notna()]
    return dict(zip(known["image"], known["label"], strict=True))
