"""The run folder: everything a build computed, as files that are whole or not there.

Every file is written beside its final name and renamed into place, so an interrupted
build leaves no half file. Later stages read from here what earlier ones computed.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from atlas.errors import AtlasError

SCHEMA = 1
"""The version of the run folder, in ``run.json``."""

COMMANDS = {
    "run": "atlas rank",
    "network": "atlas rank",
    "probe": "atlas rank",
    "skipped": "atlas rank",
    "activations": "atlas rank",
    "ranking": "atlas rank",
    "strongest": "atlas rank",
    "tuning": "atlas rank",
    "plan": "atlas maximize",
    "examination": "atlas examine",
}
"""The command that makes each file, by its name without suffix."""


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write ``data`` to ``path`` so that the file is complete or not there at all.

    ``durable`` waits until it is on the disk and would survive a loss of power.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), 0o644)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Run:
    """A run folder at ``path``; nothing is read or made before it is asked for."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def has(self, name: str) -> bool:
        """Whether the file ``name`` (with its suffix) is in the run."""
        return (self.path / name).is_file()

    def read_json(self, name: str) -> dict[str, Any]:
        """Read ``NAME.json``. Raises AtlasError when it is missing or damaged."""
        path = self._existing(name, ".json")
        try:
            value = json.loads(path.read_text("utf-8"))
            if not isinstance(value, dict):
                raise ValueError("it holds no object")
        except ValueError as error:
            raise self._damaged(path, error) from None
        return value

    def table(self, name: str) -> pd.DataFrame:
        """Read ``NAME.csv``. Raises AtlasError when it is missing or damaged."""
        path = self._existing(name, ".csv")
        try:
            # The only texts are names; one such as "NA" or "null" must stay a name.
            return pd.read_csv(path, keep_default_na=False, na_values=[""])
        except (ValueError, pd.errors.ParserError) as error:
            raise self._damaged(path, error) from None

    def settings(self) -> dict[str, Any]:
        """What was asked and what was resolved: ``run.json``."""
        kept = self.read_json("run")
        if kept.get("schema") != SCHEMA:
            raise AtlasError(
                f"{self.path}/run.json is of another version of atlas; "
                "name another folder with --run"
            )
        return kept

    def network(self) -> dict[str, Any]:
        """The layers and the graph for the drawing: ``network.json``."""
        return self.read_json("network")

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write ``NAME.json``, indented for a reader."""
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
        # A path that is no UTF-8 holds lone surrogates; backslashed they are JSON's own escapes.
        write_atomically(
            self.path / f"{name}.json", f"{text}\n".encode("utf-8", "backslashreplace")
        )

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Write ``NAME.csv``; numbers with nine significant digits, which float32 needs."""
        text = table.to_csv(index=False, float_format="%.9g", lineterminator="\n")
        write_atomically(self.path / f"{name}.csv", text.encode())

    def picture_path(
        self, recipe: str, layer: str, unit: int, sample: int = 1, suffix: str = ".png"
    ) -> Path:
        """Where a unit's picture, record (``.json``) or growth (``.stages.png``) lies."""
        stem = f"{unit:04d}" if sample == 1 else f"{unit:04d}-{sample}"
        return self.path / "units" / recipe / layer / f"{stem}{suffix}"

    def sheet_path(self, recipe: str, layer: str) -> Path:
        """Where the contact sheet of a layer lies."""
        return self.path / "sheets" / recipe / f"{layer}.png"

    def _existing(self, name: str, suffix: str) -> Path:
        path = self.path / f"{name}{suffix}"
        if not path.is_file():
            command = COMMANDS.get(name, "atlas build")
            raise AtlasError(f"{self.path} has no {path.name}; '{command}' makes it")
        return path

    def _damaged(self, path: Path, error: Exception) -> AtlasError:
        reason = " ".join(str(error).split())
        command = COMMANDS.get(path.stem, "atlas build")
        return AtlasError(f"{path} is damaged ({reason}); delete it and run '{command}' again")
