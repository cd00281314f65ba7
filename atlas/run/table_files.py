"""Bytes of CSV as a table of the run, or one line that says what is wrong with it."""

import csv
import io
from collections.abc import Hashable

import pandas as pd

from atlas.run.columns import Column, Table
from atlas.run.tables import TABLES, TEXTS

FIRST_COLUMNS = {"strongest": 8, "examination": 4}
"""How many columns a run of an earlier version has at least; all by default."""


def parse_table(name: str, data: bytes) -> pd.DataFrame:
    """A table as ``Run.write_table`` writes it.

    Raises ValueError that says what is wrong: with the text, the columns, a value, or the key.
    """
    schema = TABLES[name]
    text = data.decode("utf-8")
    if not text.endswith("\n"):
        raise ValueError("cut short")
    header = _header(text)
    begin = schema.names[: FIRST_COLUMNS.get(name)]
    if header[: len(begin)] != begin:
        raise ValueError(f"its columns are not {','.join(begin)}")
    if twice := {column for column in header if header.count(column) > 1}:
        raise ValueError(f"its column {min(twice)} is there twice")
    if schema.others is None and (unknown := {*header} - {*schema.names}):
        raise ValueError(f"its column {min(unknown)} is none of {name}.csv")
    # A name such as "NA", "007" or "true" must stay a name.
    table = pd.read_csv(
        io.StringIO(text),
        keep_default_na=False,
        na_values=[""],
        dtype=TEXTS,
        low_memory=False,
    )
    if table.empty:
        return table
    known: dict[Hashable, Column] = {column.name: column for column in schema.columns}
    for column, values in table.items():
        if column in known:
            _check(values, known[column], schema)
        elif name != "probe":  # what parameters a stimulus has is its own affair
            _check(values, Column(str(column), "number", ""), schema)
    if table.duplicated(list(schema.key)).any():
        raise ValueError(f"it has a row of the same {', '.join(schema.key)} twice")
    return table


def _header(text: str) -> list[str]:
    """The names of the columns. Raises ValueError unless every row has a value of each."""
    try:
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(rows)
        for row in rows:
            if len(row) != len(header):
                raise ValueError(f"its line {rows.line_num} has {len(row)} values")
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return header


def _check(values: pd.Series, column: Column, schema: Table) -> None:
    """Raise ValueError unless the values of a column can be what it is of."""
    missing = values.isna()
    if missing.any() and (not schema.gaps or column.kind == "text" or column.name in schema.key):
        kind = "name" if column.kind == "text" else "number"
        raise ValueError(f"its column {column.name} lacks a {kind}")
    if column.kind == "text":
        return
    if values.dtype.kind not in "if" and not missing.all():
        raise ValueError(f"its column {column.name} is not of numbers")
    found = values.dropna().to_numpy(float)
    # Where none is missing they are whole in text too: 3.0 is no number of a unit.
    gapless = column.kind == "whole" and not missing.any() and values.dtype.kind != "i"
    if gapless or (column.kind == "whole" and not (found == found.round()).all()):
        raise ValueError(f"its column {column.name} is not of whole numbers")
    if not ((found >= column.least) & (found <= column.most)).all():
        raise ValueError(f"its column {column.name} has a number that it cannot")
