"""Damage in a run: files cut short or foreign are found, named, and removed to be made again.

A stage makes what is missing, so to mend a run is to remove what is damaged in it. Only what says
how the run was made (run.json and plan.json) cannot be made again, and is refused.
"""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from atlas.errors import AtlasError
from atlas.plan import Item, Plan
from atlas.records import FILES, parse_record
from atlas.store import COMMANDS, Run

STATISTICS = ("activations", "strongest", "tuning", "tasks", "probe", "skipped")
"""The tables of one measurement over the probe set: they are made together."""

COLUMNS = {
    "activations": ["layer", "unit", "mean", "std", "max", "active_fraction"],
    "strongest": ["layer", "unit", "place", "image", "mean", "peak", "row", "column"],
    "tuning": ["layer", "unit"],
    "tasks": ["layer", "unit", "task", "strong", "weak"],
    "probe": ["image"],
    "skipped": ["file", "reason"],
    "ranking": ["layer", "rank", "unit", "mean"],
    "examination": ["recipe", "layer", "unit", "sample"],
    "identification": ["recipe", "layer", "unit", "correct"],
}
"""With which columns each table begins."""

WHOLE_NUMBERS = ("unit", "place", "row", "column", "rank", "sample", "task", "strong", "weak")

WORKERS = 4


def mend(run: Run, say: Callable[[str], None]) -> None:
    """Remove what is damaged in a run, saying so, while no other process writes it.

    Raises AtlasError when that is damaged which says how the run was made.
    """
    pictured = any((run.path / "units").glob("*/*/*.json"))
    for name, others in (("run.json", pictured or run.has("plan.json")), ("plan.json", pictured)):
        if others and not run.has(name):
            raise AtlasError(
                f"{run.path} has pictures but no {name}, which says how they were made; "
                "put it back, or name another folder with --run"
            )
    if not run.has("run.json"):
        return
    known, plan = run.settings()["identity"]["recipes"], Plan.load(run)
    for recipe in {item.recipe for chunk in plan.chunks for item in chunk} - set(known):
        raise run.irreplaceable("run", f"identity.recipes.{recipe} is missing")
    for damaged in [*_described(run), *_tables(run), *_pictures(run, plan)]:
        say(
            f"{damaged.path} is damaged ({damaged.reason}): removed, to be made again by "
            f"'{damaged.command}'"
        )
        damaged.path.unlink(missing_ok=True)
        if damaged.record:
            damaged.record.unlink(missing_ok=True)
    if run.has("judge.npy") and not _is_array(run):
        say(f"{run.path}/judge.npy is damaged: removed, to be made again by 'atlas rank'")
        run.remove("judge.npy")
        run.remove("tuning.csv")
    if not all(run.has(f"{name}.csv") for name in STATISTICS):
        (run.path / "tuning.csv").unlink(missing_ok=True)  # the last of them: it says all are there


class Damage(NamedTuple):
    """A damaged file, why, the command that makes it again, and the record that vouched for it."""

    path: Path
    reason: str
    command: str
    record: Path | None = None


def _described(run: Run) -> Iterator[Damage]:
    """The JSON files that can be made again."""
    for name, read in (("network", run.network), ("timings", lambda: run.read_json("timings"))):
        if run.has(f"{name}.json"):
            try:
                read()
            except AtlasError:
                command = COMMANDS.get(name, "atlas build")
                yield Damage(run.path / f"{name}.json", "not what atlas writes", command)


def _is_array(run: Run) -> bool:
    try:
        return run.array("judge").ndim == 2
    except AtlasError:
        return False


def _tables(run: Run) -> Iterator[Damage]:
    for name in COLUMNS:
        path = run.path / f"{name}.csv"
        if path.exists():
            try:
                table = _read_table(path)
                if name in ("activations", "strongest", "tuning") and run.has("network.json"):
                    _check_units(table, run)
            except ValueError as error:
                yield Damage(path, " ".join(str(error).split()), COMMANDS[name])


def _read_table(path: Path) -> pd.DataFrame:
    """Read a table. Raises ValueError saying what is wrong with it."""
    text = path.read_bytes().decode("utf-8")
    if not text.endswith("\n"):
        raise ValueError("cut short")
    table = pd.read_csv(
        io.StringIO(text), keep_default_na=False, na_values=[""], dtype={"layer": str}
    )
    columns = COLUMNS[path.stem]
    if list(table.columns[: len(columns)]) != columns:
        raise ValueError(f"its columns are not {','.join(columns)}")
    for column in columns:
        if len(table) and column in WHOLE_NUMBERS and table[column].dtype.kind != "i":
            raise ValueError(f"its column {column} is not of whole numbers")
    return table


def _check_units(table: pd.DataFrame, run: Run) -> None:
    """Raise ValueError unless each unit of each layer has a row, or as many rows as the others."""
    try:
        units = {layer["name"]: layer["units"] for layer in run.network()["layers"]}
    except AtlasError:
        return  # without the network's description there is nothing to hold it against
    for layer, count in units.items():
        found = table.loc[table["layer"] == layer, "unit"].to_numpy()
        rows = max(len(found) // count, 1)
        if "place" not in table.columns:
            rows = 1
        if not np.array_equal(found, np.repeat(np.arange(count), rows)):
            raise ValueError(f"its rows are not the {count} units of {layer}")


def _pictures(run: Run, plan: Plan) -> Iterator[Damage]:
    items = [item for chunk in plan.chunks for item in chunk]
    with ThreadPoolExecutor(WORKERS) as pool:
        for item, fault in zip(items, pool.map(lambda item: _fault(run, item), items), strict=True):
            if fault is not None:
                record = run.picture_path(*item, suffix=".json")
                yield Damage(*fault, "atlas maximize", record)


def _fault(run: Run, item: Item) -> tuple[Path, str] | None:
    """Which of a picture's files is damaged and why; None for a whole one or one not made."""
    path = run.picture_path(*item, suffix=".json")
    if not path.exists():
        return None
    try:
        digests = parse_record(path.read_bytes(), item)["sha256"]
    except ValueError as error:
        return path, " ".join(str(error).split())
    for name, suffix in FILES.items():
        path = run.picture_path(*item, suffix=suffix)
        if not path.exists():
            return path, "missing"
        if sha256(path.read_bytes()).hexdigest() != digests[name]:
            return path, "not what its record says"
    return None
