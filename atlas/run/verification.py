"""Damage in a run: files cut short or foreign are found, named, and removed to be made again.

A stage makes what is missing, so to mend a run is to remove what is damaged in it. Only what says
how the run was made (run.json and plan.json) cannot be made again, and is refused.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from msgspec import UNSET, to_builtins

from atlas.errors import AtlasError, reason_of
from atlas.run.array_checks import ARRAYS, RESPONSES, is_right
from atlas.run.folder import Run
from atlas.run.network_schema import LayerDescription
from atlas.run.pictures import FILES, SHOWN, parse_record
from atlas.run.plan import Item, Plan
from atlas.run.schema import RunSettings
from atlas.run.table_checks import OF_EVERY_UNIT, check_table
from atlas.run.table_files import parse_table
from atlas.run.tables import BY_HAND, COMMANDS, TABLES
from atlas.run.tiles import RECIPE, read_tile_file

STATISTICS = (
    "activations",
    "strongest",
    "tuning",
    "tasks",
    "probe",
    "skipped",
    "thresholds",
    "weakest",
    "responses",
)
"""The tables of one measurement over the probe set: they are made together."""

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
    items = [item for chunk in plan.chunks for item in chunk]
    _check_plan(run, settings, items)
    planned = {run.picture_path(*item, suffix=".json") for item in items}
    if foreign := sorted(set(records) - planned):
        raise AtlasError(
            f"{foreign[0]} is of no picture in {run.path}/plan.json ({len(foreign)} such files); "
            "move it out of the run"
        )
    yield from _described(run, settings.identity.network)
    yield from _kept(run)
    yield from _tables(run, settings)
    yield from _arrays(run, settings)
    yield from _pictures(run, items, settings.identity.seed)
    yield from _tiles(run)


def _check_plan(run: Run, settings: RunSettings, items: Sequence[Item]) -> None:
    """Raise AtlasError unless the run says how each of its pictures was made, and has its unit."""
    for recipe in {item.recipe for item in items} - settings.identity.recipes.keys():
        raise run.irreplaceable("run", f"identity.recipes.{recipe} is missing")
    layers = _layers(run)
    for item in items:
        if layers and (item.layer not in layers or item.unit >= layers[item.layer].units):
            reason = f"{item.layer}:{item.unit} is no unit of network.json"
            raise run.irreplaceable("plan", reason)


def _vouch(run: Run) -> None:
    """Add the digests of files without: of an older atlas, or written just before an interrupt."""
    known, found = run.digests(), {}
    for path in _digestible(run):
        name = path.relative_to(run.path).as_posix()
        if name not in known:
            found[name] = sha256(path.read_bytes()).hexdigest()
    run.vouch(found)


def _digestible(run: Run) -> list[Path]:
    """The files that ``Run.keep`` writes, as far as the run has them."""
    arrays = (f"{name}.npy" for name in ARRAYS)
    tables = (f"{name}.csv" for name in TABLES if name != BY_HAND)
    names = ("network.json", *arrays, *tables)
    sheets = (run.path / "sheets").glob("*/*.png")
    return [path for name in names if (path := run.path / name).is_file()] + sorted(sheets)


def _is_measured(run: Run) -> bool:
    """Whether the run has all files of one measurement, and not parts of two."""
    if not all(run.has(f"{name}.csv") for name in STATISTICS):
        return False
    there = [name for name in OF_EVERY_UNIT if run.has(f"{name}.csv")]
    layers = [set(run.table(name)["layer"]) for name in there]
    identifies = run.settings().judge and len(run.table("tasks"))
    arrays = ["judge"] if identifies else []
    arrays += [name for name in RESPONSES if run.has(f"{name}.csv")]
    return all(each == layers[0] for each in layers) and all(
        run.has(f"{name}.npy") for name in arrays
    )


def _described(run: Run, network: str) -> Iterator[Damage]:
    """The JSON files that can be made again; ``network`` is the name of that of the run."""

    def read_network() -> None:
        if run.network().network != network:
            raise AtlasError("it is of another network")

    for name, read in (
        ("network", read_network),
        ("timings", run.timings),
        ("relations", run.relations),
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
    layers = _layers(run)
    for name in TABLES:
        path = run.path / f"{name}.csv"
        if path.exists() and _digest_of(run, path.name) is None:
            try:
                table = parse_table(name, path.read_bytes())
                check_table(run, name, table, settings, layers)
            except ValueError as error:
                if name == BY_HAND:
                    raise AtlasError(
                        f"{path} is damaged ({reason_of(error)}); mend it, or delete it"
                    ) from None
                yield Damage(path, reason_of(error), COMMANDS[name])


def _layers(run: Run) -> dict[str, LayerDescription]:
    """The layers of the run; none where their description is missing or damaged."""
    digest = _digest_of(run, "network.json")
    try:
        layers = {layer.name: layer for layer in run.network().layers}
    except AtlasError:
        return {}
    data = (run.path / "network.json").read_bytes()
    return layers if digest in (None, sha256(data).hexdigest()) else {}


def _channels(run: Run) -> int:
    """Channels of the network's images; three where its description is missing or damaged."""
    try:
        return run.network().channels
    except AtlasError:
        return SHOWN


def _arrays(run: Run, settings: RunSettings) -> Iterator[Damage]:
    """The arrays that are of other images or units, in runs of which there is no digest."""
    for name, purpose in ARRAYS.items():
        file = f"{name}.npy"
        if run.has(file) and _digest_of(run, file) is None and not is_right(run, name, settings):
            yield Damage(run.path / file, f"not {purpose}", COMMANDS[name])


def _pictures(run: Run, items: list[Item], seed: int) -> Iterator[Damage]:
    with ThreadPoolExecutor(WORKERS) as pool:
        all_channels = _channels(run) > SHOWN
        faults = pool.map(lambda item: _fault(run, item, seed, all_channels), items)
        for item, fault in zip(items, faults, strict=True):
            if fault is not None:
                record = run.picture_path(*item, suffix=".json")
                yield Damage(*fault, COMMANDS["plan"], record)


def _tiles(run: Run) -> Iterator[Damage]:
    for path in sorted((run.path / "units" / RECIPE).glob("*/tiles/*.npz")):
        try:
            read_tile_file(path)
        except ValueError as error:
            yield Damage(path, str(error), "atlas maximize --tiles")


def _fault(run: Run, item: Item, seed: int, all_channels: bool) -> tuple[Path, str] | None:
    """Which of a picture's files is damaged and why; None for a whole one or one not made.

    ``all_channels`` is whether it has a file of all channels besides.
    """
    path = run.picture_path(*item, suffix=".json")
    if not path.exists():
        return None
    try:
        record = parse_record(path.read_bytes(), item)
    except ValueError as error:
        return path, reason_of(error)
    if record.seed != seed:
        return path, f"it is of the seed {record.seed}"
    if all_channels and record.sha256.channels is UNSET:
        return path, "sha256.channels is missing"
    grown = sum(stage.size for stage in record.stages)
    widths = {"picture": record.size, "stages": grown}
    digests = to_builtins(record.sha256)
    for name in (name for name in FILES if name in digests):
        file = run.picture_path(*item, suffix=FILES[name])
        if not file.exists():
            return file, "missing"
        data = file.read_bytes()
        if sha256(data).hexdigest() != digests[name]:
            return file, "not what its record says"
        if name in widths and _size(data) != (widths[name], record.size):
            return path, f"its {name} is of another size"
    return None


def _size(png: bytes) -> tuple[int, int]:
    """Width and height of a picture, as the header of its file has them."""
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])
