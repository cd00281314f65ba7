"""Damage in a run: files cut short or foreign are found, named, and removed to be made again.

A stage makes what is missing, so to mend a run is to remove what is damaged in it. Only what says
how the run was made (run.json and plan.json) cannot be made again, and is refused.
"""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from atlas.errors import AtlasError, UsageError
from atlas.rank.places import STRONGEST
from atlas.recipe import Recipe
from atlas.run.folder import Run
from atlas.run.pictures import FILES, parse_record
from atlas.run.plan import Item, Plan
from atlas.run.schema import RunSettings
from atlas.run.tables import COMMANDS, TABLES, TEXTS

STATISTICS = ("activations", "strongest", "tuning", "tasks", "probe", "skipped")
"""The tables of one measurement over the probe set: they are made together."""

FIRST_COLUMNS = {"strongest": 8, "examination": 4}
"""How many columns a run of an earlier version has at least; all by default."""

OF_EVERY_UNIT = ("activations", "strongest", "tuning")
"""The tables with as many rows of each unit of a layer."""

WORKERS = 4


class Damage(NamedTuple):
    """A damaged file, why, the command that makes it again, and the record that vouched for it."""

    path: Path
    reason: str
    command: str
    record: Path | None = None


def mend(run: Run, say: Callable[[str], None]) -> None:
    """Remove what is damaged in a run, saying so, while no other process writes it.

    Raises AtlasError when that is damaged which says how the run was made.
    """
    for damaged in list(_damages(run)):
        say(
            f"{damaged.path} is damaged ({damaged.reason}): removed, to be made again by "
            f"'{damaged.command}'"
        )
        damaged.path.unlink(missing_ok=True)
        if damaged.record:
            damaged.record.unlink(missing_ok=True)
    if run.has("run.json"):
        _vouch(run)
        if not _is_measured(run):
            (run.path / "tuning.csv").unlink(missing_ok=True)  # the last: it says all are there


def refuse_damage(run: Run) -> None:
    """Raise AtlasError that names the first damaged file of a run; nothing is changed."""
    for damaged in _damages(run):
        raise AtlasError(
            f"{damaged.path} is damaged ({damaged.reason}); '{damaged.command}' makes it again"
        )


def _damages(run: Run) -> Iterator[Damage]:
    """What is damaged in a run. Raises AtlasError where it cannot be made again."""
    # Before the plan is read, which has every picture before it is made, by whatever process.
    records = list((run.path / "units").glob("*/*/*.json"))
    for name, others in (("run.json", records or run.has("plan.json")), ("plan.json", records)):
        if others and not run.has(name):
            raise AtlasError(
                f"{run.path} has pictures but no {name}, which says how they were made; "
                "put it back, or name another folder with --run"
            )
    if not run.has("run.json"):
        return
    settings, plan = run.settings(), Plan.load(run)
    _check_recipes(run, settings.identity.recipes, plan)
    items = [item for chunk in plan.chunks for item in chunk]
    planned = {run.picture_path(*item, suffix=".json") for item in items}
    if foreign := sorted(set(records) - planned):
        raise AtlasError(
            f"{foreign[0]} is of no picture in {run.path}/plan.json ({len(foreign)} such files); "
            "move it out of the run"
        )
    yield from _described(run)
    yield from _kept(run)
    yield from _tables(run, settings)
    yield from _features(run, settings)
    yield from _pictures(run, items, settings.identity.seed)


def _check_recipes(run: Run, kept: dict[str, Any], plan: Plan) -> None:
    """Raise AtlasError unless the run says how each of its pictures was made."""
    for recipe in {item.recipe for chunk in plan.chunks for item in chunk} - set(kept):
        raise run.irreplaceable("run", f"identity.recipes.{recipe} is missing")
    for name, constants in kept.items():
        try:
            Recipe(**constants)
        except (UsageError, TypeError) as error:
            reason = str(error).replace("Recipe.__init__() ", "")
            raise run.irreplaceable("run", f"identity.recipes.{name}: {reason}") from None


def _vouch(run: Run) -> None:
    """Take the digests of the files that have none: made before digests were, or just before."""
    known, found = run.digests(), {}
    for path in _digestible(run):
        name = path.relative_to(run.path).as_posix()
        if name not in known:
            found[name] = sha256(path.read_bytes()).hexdigest()
    run.vouch(found)


def _digestible(run: Run) -> list[Path]:
    """The files that ``Run.keep`` writes, as far as the run has them."""
    names = ("network.json", "judge.npy", *(f"{name}.csv" for name in TABLES))
    sheets = (run.path / "sheets").glob("*/*.png")
    return [path for name in names if (path := run.path / name).is_file()] + sorted(sheets)


def _is_measured(run: Run) -> bool:
    """Whether the run has all that one measurement leaves, and not the parts of two."""
    if not all(run.has(f"{name}.csv") for name in STATISTICS):
        return False
    layers = [set(run.table(name)["layer"]) for name in OF_EVERY_UNIT]
    identifies = run.settings().judge and len(run.table("tasks"))
    return layers[0] == layers[1] == layers[2] and (run.has("judge.npy") or not identifies)


def _described(run: Run) -> Iterator[Damage]:
    """The JSON files that can be made again."""
    for name, read in (
        ("network", run.network),
        ("timings", run.timings),
        ("digests", run.digests),
    ):
        if run.has(f"{name}.json") and _digest_of(run, f"{name}.json") is None:
            try:
                read()
            except AtlasError:
                command = COMMANDS.get(name, "atlas build")
                yield Damage(run.path / f"{name}.json", "not what atlas writes", command)


def _kept(run: Run) -> Iterator[Damage]:
    """The files that are not what their digest says."""
    for path in _digestible(run):
        name = path.relative_to(run.path).as_posix()
        # Another process may be at work: then the digest goes before the file is replaced.
        before, digest = _digest_of(run, name), sha256(path.read_bytes()).hexdigest()
        if before not in (None, digest) and _digest_of(run, name) == before:
            yield Damage(path, "not what was written", _command(path))


def _digest_of(run: Run, name: str) -> str | None:
    try:
        return run.digests().get(name)
    except AtlasError:
        return None  # damaged itself


def _command(path: Path) -> str:
    return COMMANDS["plan"] if path.suffix == ".png" else COMMANDS[path.stem]


def _tables(run: Run, settings: RunSettings) -> Iterator[Damage]:
    """The tables that are not as atlas writes them, in runs of which there is no digest."""
    for name in TABLES:
        path = run.path / f"{name}.csv"
        if path.exists() and _digest_of(run, path.name) is None:
            try:
                table = _read_table(path)
                if name in OF_EVERY_UNIT and run.has("network.json"):
                    _check_units(table, run, settings.probe.images)
                if name == "strongest_stimuli" and run.has("network.json"):
                    _check_units(table, run, STRONGEST)
                if name == "ranking":
                    _check_ranks(table)
                if name == "probe" and len(table) < settings.probe.images:
                    raise ValueError("its rows are not the images of run.json")
            except ValueError as error:
                yield Damage(path, " ".join(str(error).split()), COMMANDS[name])


def _read_table(path: Path) -> pd.DataFrame:
    """Read a table. Raises ValueError saying what is wrong with it."""
    text = path.read_bytes().decode("utf-8")
    if not text.endswith("\n"):
        raise ValueError("cut short")
    table = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""], dtype=TEXTS)
    schema = TABLES[path.stem]
    begin = schema.names[: FIRST_COLUMNS.get(path.stem)]
    if list(table.columns[: len(begin)]) != begin:
        raise ValueError(f"its columns are not {','.join(begin)}")
    if path.stem == "probe" or table.empty:  # what parameters a stimulus has is its own affair
        return table
    whole = {column.name for column in schema.columns if column.kind == "whole"}
    for column in table.columns.difference(list(TEXTS)):
        values = table[column]
        if column in whole and values.dtype.kind != "i":
            raise ValueError(f"its column {column} is not of whole numbers")
        if values.dtype.kind not in "if":
            raise ValueError(f"its column {column} is not of numbers")
        if not schema.gaps and not np.isfinite(values).all():
            raise ValueError(f"its column {column} lacks a number")
    return table


def _check_units(table: pd.DataFrame, run: Run, images: int) -> None:
    """Raise ValueError unless each unit of each layer has all its rows."""
    try:
        units = {layer.name: layer.units for layer in run.network().layers}
    except AtlasError:
        return  # without the network's description there is nothing to hold it against
    rows = min(STRONGEST, images) if "place" in table.columns else 1
    for layer, count in units.items():
        found = table.loc[table["layer"] == layer, "unit"].to_numpy()
        if not np.array_equal(found, np.repeat(np.arange(count), rows)):
            raise ValueError(f"its rows are not the {count} units of {layer}")


def _check_ranks(table: pd.DataFrame) -> None:
    """Raise ValueError unless every layer has ranks from 1, and as many as its units allow."""
    for layer, ranks in table.groupby("layer")["rank"]:
        if ranks.tolist() != list(range(1, len(ranks) + 1)):
            raise ValueError(f"its ranks of {layer} are not 1 to {len(ranks)}")


def _features(run: Run, settings: RunSettings) -> Iterator[Damage]:
    """The judge's features of the probe images, when they are of other images or no features."""
    if run.has("judge.npy") and _digest_of(run, "judge.npy") is None:
        try:
            array = run.array("judge")
            right = array.ndim == 2 and array.dtype == np.float16
            if right and len(array) == settings.probe.images:
                return
        except AtlasError:
            pass
        yield Damage(run.path / "judge.npy", "not features of the images", COMMANDS["judge"])


def _pictures(run: Run, items: list[Item], seed: int) -> Iterator[Damage]:
    with ThreadPoolExecutor(WORKERS) as pool:
        faults = pool.map(lambda item: _fault(run, item, seed), items)
        for item, fault in zip(items, faults, strict=True):
            if fault is not None:
                record = run.picture_path(*item, suffix=".json")
                yield Damage(*fault, COMMANDS["plan"], record)


def _fault(run: Run, item: Item, seed: int) -> tuple[Path, str] | None:
    """Which of a picture's files is damaged and why; None for a whole one or one not made."""
    path = run.picture_path(*item, suffix=".json")
    if not path.exists():
        return None
    try:
        record = parse_record(path.read_bytes(), item)
    except ValueError as error:
        return path, " ".join(str(error).split())
    if record.seed != seed:
        return path, f"it is of the seed {record.seed}"
    for name, suffix in FILES.items():
        path = run.picture_path(*item, suffix=suffix)
        if not path.exists():
            return path, "missing"
        if sha256(path.read_bytes()).hexdigest() != getattr(record.sha256, name):
            return path, "not what its record says"
    return None
