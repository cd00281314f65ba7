"""The run folder: everything a build computed, as files that are whole or not there.

Every file is written beside its final name and renamed into place, so an interrupted
build leaves no half file. Later stages read from here what earlier ones computed.
"""

import io
import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from msgspec import Struct, to_builtins
from numpy.typing import NDArray
from PIL import Image

from atlas._system.atomic_files import Ground, one_line
from atlas._system.filenames import slug
from atlas._system.images import decode_png
from atlas.errors import AtlasError, reason_of
from atlas.run.json_types import Seconds, Sha256
from atlas.run.network_schema import NetworkDescription
from atlas.run.requests import check_requests
from atlas.run.schema import SCHEMA, Relations, RunSettings
from atlas.run.table_files import parse_table
from atlas.run.tables import BY_HAND, COMMANDS
from atlas.run.typed_json import parse_json, read_as

Known = TypeVar("Known")


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
            value = parse_json(path.read_bytes())
            if not isinstance(value, dict):
                raise ValueError("it holds no object")
        except ValueError as error:
            if name in ("run", "plan"):
                raise self.irreplaceable(name, reason_of(error)) from None
            raise self._damaged(path, error) from None
        return value

    def table(self, name: str) -> pd.DataFrame:
        """Read ``NAME.csv``. Raises AtlasError when it is missing or damaged."""
        path = self._existing(name, ".csv")
        try:
            return parse_table(name, path.read_bytes())
        except ValueError as error:
            raise self._damaged(path, error) from None

    def array(self, name: str) -> NDArray[Any]:
        """Read ``NAME.npy``. Raises AtlasError when it is missing or damaged."""
        path = self._existing(name, ".npy")
        try:
            with path.open("rb") as file:
                return np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise self._damaged(path, error) from None

    @property
    def ranking(self) -> pd.DataFrame:
        """The most active units of every layer: layer, rank, unit, mean."""
        return self.table("ranking")

    @property
    def activations(self) -> pd.DataFrame:
        """All units over the probe set: layer, unit, mean, std, max, active_fraction."""
        return self.table("activations")

    @property
    def strongest(self) -> pd.DataFrame:
        """The nine strongest images of every unit."""
        return self.table("strongest")

    def picture(
        self, layer: str, unit: int, *, recipe: str | None = None, sample: int = 1
    ) -> Image.Image:
        """A finished picture, which shows itself in a notebook.

        Args:
            layer, unit: of which it is.
            recipe: by which it was made; by default the first that the run was asked for.
            sample: which of the unit's pictures, from 1.

        Raises AtlasError when the run does not have it.
        """
        recipe = recipe or next(iter(self.settings().identity.recipes))
        path = self.picture_path(recipe, layer, unit, sample)
        if not path.is_file():
            raise AtlasError(
                f"{self.path} has no picture of {layer}:{unit} by {recipe}; "
                f"'atlas maximize --units {layer}:{unit}' makes it"
            )
        try:
            return Image.fromarray(decode_png(path.read_bytes()))
        except ValueError as error:
            raise AtlasError(
                f"{path} is damaged ({error}); 'atlas maximize' makes it again"
            ) from None

    def settings(self) -> RunSettings:
        """What was asked and what was resolved: ``run.json``.

        Raises AtlasError when it is missing, damaged, or of another version.
        """
        kept = self.read_json("run")
        if kept.get("schema") != SCHEMA:
            raise AtlasError(
                f"{self.path}/run.json is of another version of atlas; "
                "name another folder with --run"
            )
        # A run from before all requests were kept knows its latest.
        if "asked" in kept:
            kept.setdefault("requests", [kept["asked"]])
        try:
            settings = read_as(RunSettings, kept)
            check_requests(settings)
            return settings
        except ValueError as error:
            raise self.irreplaceable("run", str(error)) from None

    def digests(self) -> dict[str, str]:
        """SHA-256 of the files that ``keep`` wrote, by their path in the run: ``digests.json``."""
        return self._read_as("digests", dict[str, Sha256]) if self.has("digests.json") else {}

    def timings(self) -> dict[str, float]:
        """Seconds that every stage took in all: ``timings.json``."""
        return self._read_as("timings", dict[str, Seconds]) if self.has("timings.json") else {}

    def relations(self) -> Relations:
        """What the relations of the units were made of: ``relations.json``."""
        return self._read_as("relations", Relations) if self.has("relations.json") else Relations()

    def network(self) -> NetworkDescription:
        """The layers and the graph for the drawing: ``network.json``."""
        return self._read_as("network", NetworkDescription)

    def _read_as(self, name: str, kind: type[Known]) -> Known:
        value = self.read_json(name)
        try:
            return read_as(kind, value)
        except ValueError as error:
            raise self._damaged(self.path / f"{name}.json", error) from None

    def write_json(self, name: str, value: Mapping[str, Any] | Struct) -> None:
        """Write ``NAME.json``, indented for a reader."""
        text = json.dumps(to_builtins(value), indent=1, ensure_ascii=False, allow_nan=False)
        # A path that is no UTF-8 holds lone surrogates; backslashed they are JSON's own escapes.
        data = f"{text}\n".encode("utf-8", "backslashreplace")
        write = self.keep if name == "network" else self.write
        write(self.path / f"{name}.json", data)

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Write ``NAME.csv``; numbers with nine significant digits, which float32 needs."""
        text = table.to_csv(index=False, float_format="%.9g", lineterminator="\n")
        write = self.write if name == BY_HAND else self.keep
        write(self.path / f"{name}.csv", text.encode())

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
        self.keep(self.path / f"{name}.npy", as_npy(array))

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
        """The error for a damaged ``NAME.json`` that no command can make again."""
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
        command = COMMANDS.get(path.stem, "atlas build")
        return AtlasError(
            f"{path} is damaged ({reason_of(error)}); delete it and run '{command}' again"
        )


def version_of(values: Any) -> str:
    """A SHA-256 by which plain values are known again."""
    return sha256(json.dumps(values).encode()).hexdigest()


def as_npy(array: NDArray[Any]) -> bytes:
    """An array as NumPy keeps it in a file."""
    data = io.BytesIO()
    np.save(data, array, allow_pickle=False)
    return data.getvalue()
