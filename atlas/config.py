"""Settings: from the command line, over a file, over the defaults; checked in one place."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from atlas.errors import UsageError
from atlas.recipe import RECIPES, Recipe

Unit = tuple[str, int]

PRECISIONS = ("auto", "float32", "bfloat16", "float64")

LOCAL = ("run", "site", "templates", "base_url", "publish_probe_images", "quiet")
"""Settings that say nothing of what is computed."""


@dataclass(frozen=True)
class Settings:
    """Everything a build can be asked; each field is an option and a key of ``atlas.toml``."""

    network: str = "googlenet"
    weights: str = "auto"
    probe: str = "stimuli"
    layers: tuple[str, ...] | None = None
    units: tuple[Unit, ...] | None = None
    top: int | None = 10
    recipe: tuple[str, ...] = ("article",)
    samples: int = 1
    upscales: int | None = None
    steps: int | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    batch: int | None = None
    run: str = "runs/default"
    site: str = "site"
    templates: str | None = None
    base_url: str | None = None
    publish_probe_images: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        self.recipes()  # raises UsageError for upscales or steps that no recipe can have

    def recipes(self) -> dict[str, Recipe]:
        """The recipes asked for by name, with the upscales and steps asked for."""
        asked = {"upscales": self.upscales, "steps": self.steps}
        changes = {name: value for name, value in asked.items() if value is not None}
        return {name: replace(RECIPES[name], **changes) for name in self.recipe}

    def as_json(self) -> dict[str, Any]:
        """The settings as a run keeps them, in the form a file gives them."""
        kept = {name: value for name, value in asdict(self).items() if name not in LOCAL}
        if self.units is not None:
            kept["units"] = [f"{layer}:{unit}" for layer, unit in self.units]
        kept["top"] = self.top or "all"
        kept["batch"] = self.batch or "auto"
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in kept.items()
            if value is not None
        }


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("a text that is not empty, without NUL")
    return value


def _names(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not parts:
        raise ValueError("names separated by commas")
    if not all(isinstance(part, str) and part.strip() for part in parts):
        raise ValueError("names separated by commas")
    return tuple(dict.fromkeys(part.strip() for part in parts))


def _units(value: Any) -> tuple[Unit, ...]:
    found = []
    for name in _names(value):
        layer, _, unit = name.rpartition(":")
        if not layer or not (unit.isascii() and unit.isdigit()):
            raise ValueError("LAYER:UNIT separated by commas, such as inception4a:225")
        found.append((layer, int(unit)))
    return tuple(dict.fromkeys(found))


def _recipes(value: Any) -> tuple[str, ...]:
    names = _names(value)
    if not set(names) <= set(RECIPES):
        raise ValueError(f"recipes of {', '.join(RECIPES)}")
    return names


def _whole(smallest: int, word: str | None = None) -> Callable[[Any], int | None]:
    """A whole number from ``smallest``, or the word, which stands for None."""
    wanted = f"a whole number from {smallest}" + (f", or {word!r}" if word else "")

    def read(value: Any) -> int | None:
        if word is not None and value == word:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value < 2**63:
            raise ValueError(wanted)
        return value

    return read


def _precision(value: Any) -> str:
    if value not in PRECISIONS:
        raise ValueError(f"one of {', '.join(PRECISIONS)}")
    return value


def _device(value: Any) -> str:
    # Two digits are enough, and torch silently takes a number above 255 for another.
    if not re.fullmatch(r"auto|cpu|cuda(:(0|[1-9][0-9]?))?", _text(value)):
        raise ValueError("auto, cpu, cuda or cuda:N")
    return value


def _url(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise ValueError("an address that begins with https:// or http://")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "network": _text,
    "weights": _text,
    "probe": _text,
    "layers": _names,
    "units": _units,
    "top": _whole(1, "all"),
    "recipe": _recipes,
    "samples": _whole(1),
    "upscales": _whole(0),
    "steps": _whole(1),
    "seed": _whole(0),
    "device": _device,
    "precision": _precision,
    "batch": _whole(1, "auto"),
    "run": _text,
    "site": _text,
    "templates": _text,
    "base_url": _url,
    "publish_probe_images": _flag,
    "quiet": _flag,
}
"""How each setting is read; a reader raises ValueError saying what it wants."""

assert set(READERS) == {field.name for field in fields(Settings)}


def read(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check settings by name. Raises UsageError that names the first wrong one."""
    checked = {}
    for name, value in values.items():
        if name not in READERS:
            near = get_close_matches(name, READERS, n=1, cutoff=0)
            raise UsageError(f"{where}: there is no setting {name!r}; the nearest is {near[0]!r}")
        try:
            checked[name] = READERS[name](value)
        except ValueError as error:
            raise UsageError(f"{where}: {name} is {value!r}; it must be {error}") from None
    return checked


def read_file(path: Path) -> dict[str, Any]:
    """Read a settings file. Raises UsageError when it is missing or wrong."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no settings file {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from None
    return read(values, str(path))
