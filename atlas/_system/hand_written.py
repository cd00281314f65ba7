"""Files that people write by hand, in UTF-8: texts and tables, or one line on what is wrong."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from atlas.errors import UsageError, reason_of


class Row(NamedTuple):
    """A row of a table: the line on which it ends, and the values by column, stripped."""

    line: int
    values: dict[str, str]


def read_text(path: Path) -> str:
    """The text of a file. Raises UsageError when it cannot be read, or is not in UTF-8."""
    try:
        # Editors of Windows begin a text with a byte order mark.
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not in UTF-8; save it so") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or reason_of(error)
        raise UsageError(f"{path} cannot be read ({reason.lower()}); name a file") from None


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """The rows of a table (CSV) whose first line names some columns; others are passed over.

    Raises UsageError when it cannot be read, lacks a column, or has a line of other values.
    """
    text = read_text(path)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [name.strip() for name in next(rows, [])]
        if missing := [name for name in columns if name not in head]:
            raise UsageError(
                f"{path} has no column {missing[0]}; its first line must be {','.join(columns)}"
            )
        found = []
        for values in rows:
            if not values:
                continue  # an empty line
            if len(values) != len(head):
                raise UsageError(
                    f"{path}, line {rows.line_num}: it has {len(values)} values and not "
                    f"{len(head)}; a text with a comma in it goes between quotes"
                )
            by_name = zip(head, values, strict=True)
            found.append(Row(rows.line_num, {name: each.strip() for name, each in by_name}))
    except csv.Error as error:
        raise UsageError(f"{path}, line {rows.line_num}: it is no CSV ({error})") from None
    return found
