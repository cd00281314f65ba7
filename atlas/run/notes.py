"""Notes: what people write of units, by hand."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from atlas._system.display import display_name
from atlas._system.hand_written import read_rows
from atlas.errors import UsageError
from atlas.run.folder import Run
from atlas.run.tables import TABLES

LONGEST = 500
"""Characters that a note may have."""

Notes = dict[tuple[str, int], str]
"""Texts by layer and unit."""


def read_notes(path: Path, units: Mapping[str, int]) -> Notes:
    """The notes of a table (CSV) of the columns layer, unit, text; the last of a unit counts.

    Args:
        path: of the table.
        units: how many units each layer has.

    Raises:
        UsageError: for a file that is no such table, a unit that there is not, or a text that is
            empty or too long.
    """
    found: Notes = {}
    for line, row in read_rows(path, TABLES["notes"].names):
        where, layer, unit = f"{path}, line {line}", row["layer"], row["unit"]
        if layer not in units:
            raise UsageError(
                f"{where}: there is no layer {layer!r} in the run; it has {', '.join(units)}"
            )
        if not (unit.isascii() and unit.isdigit()) or int(unit[:9]) >= units[layer]:
            raise UsageError(
                f"{where}: {layer} has no unit {unit!r}; its units are 0 to {units[layer] - 1}"
            )
        text = display_name(" ".join(row["text"].split()))
        if not text:
            raise UsageError(f"{where}: the text is empty; write one, or leave the line out")
        if len(text) > LONGEST:
            raise UsageError(f"{where}: the text has {len(text)} characters; it may have {LONGEST}")
        found[layer, int(unit)] = text
    return found


def kept_notes(run: Run) -> Notes:
    """The notes that a run keeps."""
    if not run.has("notes.csv"):
        return {}
    table = run.table("notes")
    keys = zip(table["layer"], table["unit"].tolist(), strict=True)
    return dict(zip(keys, table["text"], strict=True))


def write_notes(run: Run, notes: Notes) -> None:
    """Keep notes in a run."""
    rows = [(layer, unit, text) for (layer, unit), text in notes.items()]
    run.write_table("notes", pd.DataFrame(rows, columns=TABLES["notes"].names))
