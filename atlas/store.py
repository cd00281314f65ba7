"""The run folder: everything a build computed, as files that are whole or not there.

Every file is written beside its final name and renamed into place, so an interrupted
build leaves no half file. Later stages read from here what earlier ones computed.
"""

import errno
import io
import json
import os
import weakref
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.errors import AtlasError
from atlas.filenames import slug
from atlas.shape import misfit

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
    "tasks": "atlas rank",
    "judge": "atlas rank",
    "plan": "atlas maximize",
    "examination": "atlas examine",
    "identification": "atlas examine",
}
"""The command that makes each file, by its name without suffix."""


PART = ".atlas-", ".part"
"""How the names begin and end of files that are being written."""

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
"""How a file is opened that must not be there yet."""

ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room and start again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "name a folder that you may write"),
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR), "a file is in its way: name another folder"),
    errno.ENOENT: "the folder has vanished; start again",
}
"""What to do about what a file system answers."""


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Turn what the file system answers within into one line: what, where, what to do."""
    try:
        yield
    except OSError as error:
        advice = ADVICE.get(error.errno or 0, "see to it and start again")
        raise AtlasError(
            f"{path} cannot be written ({error.strerror or error}); {advice}"
        ) from error


TEXTS: dict[Hashable, type[str]] = dict.fromkeys(
    ("layer", "image", "family", "recipe", "file", "reason"), str
)
"""The columns that hold texts, in whatever table."""


class Ground:
    """The folder at ``path``, made when the first file is written into it, and then held.

    A folder that is removed in the midst is gone: it does not come back with the next file, and
    what another build begins in its place gets none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: int | None = None

    def write(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """Write ``data`` to ``path`` so that the file is complete or not there at all.

        ``durable`` waits until it is on the disk and would survive a loss of power. Raises
        AtlasError when it cannot be written.
        """
        name = path.relative_to(self.path)
        part = name.with_name(token_hex(8).join(PART))
        with one_line(path):
            root = self._hold()
            try:
                handle = os.open(part, NEW, dir_fd=root)
            except FileNotFoundError:
                for folder in reversed(name.parents[:-1]):
                    with suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=root)
                handle = os.open(part, NEW, dir_fd=root)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    os.fchmod(file.fileno(), 0o644)
                    if durable:
                        file.flush()
                        os.fsync(file.fileno())
                os.replace(part, name, src_dir_fd=root, dst_dir_fd=root)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part, dir_fd=root)
                raise

    def _hold(self) -> int:
        if self._held is None:
            self.path.mkdir(parents=True, exist_ok=True)
            self._held = os.open(self.path, os.O_RDONLY)
            weakref.finalize(self, os.close, self._held)
        return self._held


TEXT = (str, NoneType)
SETTINGS = {
    "asked": dict,
    "requests": [dict],
    "identity": {
        **dict.fromkeys(("network", "weights", "precision", "device", "probe"), str),
        "recipes": dict,
        "seed": int,
    },
    "weights": {"source": str, "name": str, "sha256": str, "classes": int, "notice": TEXT},
    "probe": {
        **dict.fromkeys(("kind", "name", "sha256"), str),
        **dict.fromkeys(("images", "skipped"), int),
        "synthetic": bool,
    },
    "batch": int,
    "threads": int,
    "versions": dict,
    "warnings": [str],
}
"""The shape of ``run.json``; ``requests`` are all there were, ``asked`` is the latest."""

BRANCHES = [{"name": str, "first": int, "units": int}]
NETWORK = {
    "network": str,
    **dict.fromkeys(("input", "smallest_input"), int),
    **{"mean": [float], "std": [float]},
    "layers": [
        {
            **dict.fromkeys(("units", "height", "width"), int),
            **dict.fromkeys(("stride", "receptive_field"), (int, NoneType)),
            **{"name": str, "center": (list, NoneType), "rectified": bool, "branches": BRANCHES},
        }
    ],
    "graph": [
        {
            **{"name": str, "kind": str, "units": int, "size": int, "layer": bool},
            **{"stride": (int, NoneType), "branches": BRANCHES},
        }
    ],
}
"""The shape of ``network.json``."""


class Run:
    """A run folder at ``path``; nothing is read or made before it is asked for."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._ground = Ground(self.path)

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
        except (ValueError, RecursionError) as error:
            if name in ("run", "plan"):
                raise self.irreplaceable(name, " ".join(str(error).split())) from None
            raise self._damaged(path, error) from None
        return value

    def table(self, name: str) -> pd.DataFrame:
        """Read ``NAME.csv``. Raises AtlasError when it is missing or damaged."""
        path = self._existing(name, ".csv")
        try:
            # Opened here, as pandas takes a folder called ~ for the user's home. And a name such
            # as "NA", "007" or "true" must stay a name.
            with path.open("rb") as file:
                return pd.read_csv(file, keep_default_na=False, na_values=[""], dtype=TEXTS)
        except (ValueError, pd.errors.ParserError) as error:
            raise self._damaged(path, error) from None

    def array(self, name: str) -> NDArray[Any]:
        """Read ``NAME.npy``. Raises AtlasError when it is missing or damaged."""
        path = self._existing(name, ".npy")
        try:
            with path.open("rb") as file:
                return np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise self._damaged(path, error) from None

    def settings(self) -> dict[str, Any]:
        """What was asked and what was resolved: ``run.json``."""
        kept = self.read_json("run")
        if kept.get("schema") != SCHEMA:
            raise AtlasError(
                f"{self.path}/run.json is of another version of atlas; "
                "name another folder with --run"
            )
        # A run from before all requests were kept knows its latest.
        kept["requests"] = kept.get("requests") or [kept.get("asked")]
        found = misfit(kept, SETTINGS) or misfit(
            kept, {"identity": {"recipes": dict.fromkeys(kept["identity"]["recipes"], dict)}}
        )
        if not found and min(kept["batch"], kept["threads"]) < 1:
            found = "batch and threads are not at least 1"
        if found:
            raise self.irreplaceable("run", found)
        return kept

    def digests(self) -> dict[str, str]:
        """SHA-256 of the files that ``keep`` wrote, by their path in the run: ``digests.json``."""
        if not self.has("digests.json"):
            return {}
        kept = self.read_json("digests")
        if found := misfit(kept, dict.fromkeys(kept, str)):
            raise self._damaged(self.path / "digests.json", ValueError(found))
        return kept

    def network(self) -> dict[str, Any]:
        """The layers and the graph for the drawing: ``network.json``."""
        described = self.read_json("network")
        if found := misfit(described, NETWORK):
            raise self._damaged(self.path / "network.json", ValueError(found))
        return described

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write ``NAME.json``, indented for a reader."""
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
        # A path that is no UTF-8 holds lone surrogates; backslashed they are JSON's own escapes.
        data = f"{text}\n".encode("utf-8", "backslashreplace")
        write = self.keep if name == "network" else self.write
        write(self.path / f"{name}.json", data)

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Write ``NAME.csv``; numbers with nine significant digits, which float32 needs."""
        text = table.to_csv(index=False, float_format="%.9g", lineterminator="\n")
        self.keep(self.path / f"{name}.csv", text.encode())

    def write(self, path: Path, data: bytes) -> None:
        """Write a file of the run, whole or not at all. Raises AtlasError when it cannot be."""
        self._ground.write(path, data)

    def keep(self, path: Path, data: bytes) -> None:
        """Write a file of the run, and its SHA-256, by which a change of it is found.

        Whenever the process ends, the file has its own digest or none.
        """
        name, digest = path.relative_to(self.path).as_posix(), sha256(data).hexdigest()
        kept = self.digests()
        if kept.get(name, digest) != digest:
            del kept[name]
            self.write_json("digests", kept)
        self.write(path, data)
        self.vouch({name: digest})

    def vouch(self, digests: Mapping[str, str]) -> None:
        """Add to the digests of the run."""
        kept = self.digests()
        known = {**kept, **digests}
        if known != kept:
            self.write_json("digests", dict(sorted(known.items())))

    def write_array(self, name: str, array: NDArray[Any]) -> None:
        """Write ``NAME.npy``."""
        data = io.BytesIO()
        np.save(data, array, allow_pickle=False)
        self.keep(self.path / f"{name}.npy", data.getvalue())

    def remove(self, name: str) -> None:
        """Remove the file ``name`` (with its suffix) if the run has it."""
        with one_line(self.path / name):
            (self.path / name).unlink(missing_ok=True)

    def picture_path(
        self, recipe: str, layer: str, unit: int, sample: int = 1, suffix: str = ".png"
    ) -> Path:
        """Where a unit's picture, record (``.json``) or growth (``.stages.png``) lies."""
        stem = f"{unit:04d}" if sample == 1 else f"{unit:04d}-{sample}"
        return self.path / "units" / slug(recipe) / slug(layer, "layer") / f"{stem}{suffix}"

    def sheet_path(self, recipe: str, layer: str) -> Path:
        """Where the contact sheet of a layer lies."""
        return self.path / "sheets" / slug(recipe) / f"{slug(layer, 'layer')}.png"

    def irreplaceable(self, name: str, reason: str) -> AtlasError:
        """That ``NAME.json`` is damaged, without which nobody knows how the run was made."""
        return AtlasError(
            f"{self.path / name}.json is damaged ({reason}); put back a copy of it, or name "
            "another folder with --run"
        )

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
