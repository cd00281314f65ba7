"""Settings: from the command line, over a file, over the defaults; checked in one place."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from atlas._system.filenames import is_device, refuse_twins
from atlas._system.paths import expand
from atlas._system.web_address import site_address
from atlas.errors import UsageError
from atlas.recipe import PHOTOGRAPHS, RECIPES, Recipe, read_recipe

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
    recipes: tuple[tuple[str, Recipe], ...] = ()
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
        self.recipes_asked()  # raises UsageError for what no recipe can have
        self._refuse_contradictions()

    def recipes_asked(self) -> dict[str, Recipe]:
        """The recipes asked for by name, built in or of one's own, with the upscales and steps."""
        known = RECIPES | dict(self.recipes)
        for name in self.recipe:
            if name not in known:
                raise UsageError(f"there is no recipe {name!r}; there are {', '.join(known)}")
        asked = {"upscales": self.upscales, "steps": self.steps}
        changes = {name: value for name, value in asked.items() if value is not None}
        return {name: replace(known[name], **changes) for name in self.recipe}

    def _refuse_contradictions(self) -> None:
        for layer, unit in self.units or ():
            if self.layers and not any(fnmatchcase(layer, pattern) for pattern in self.layers):
                raise UsageError(
                    f"units asks for {layer}:{unit} and layers leaves out {layer}; add it there, "
                    "or leave layers out"
                )

    def as_json(self) -> dict[str, Any]:
        """The settings as a run keeps them, in the form a file gives them."""
        kept = {name: value for name, value in asdict(self).items() if name not in LOCAL}
        if self.units is not None:
            kept["units"] = [f"{layer}:{unit}" for layer, unit in self.units]
        kept["top"] = self.top or "all"
        kept["batch"] = self.batch or "auto"
        kept["recipes"] = {name: asdict(recipe) for name, recipe in self.recipes}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in kept.items()
            if value is not None
        }


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("a text that is not empty, without NUL")
    return value


def _path(value: Any) -> str:
    return expand(_text(value))


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
        if not layer or not re.fullmatch("[0-9]{1,18}", unit):
            raise ValueError("LAYER:UNIT separated by commas, such as inception4a:225")
        found.append((layer, int(unit)))
    return tuple(dict.fromkeys(found))


def _recipes(value: Any) -> tuple[tuple[str, Recipe], ...]:
    """Tables of constants by the name of the recipe, which is also that of a folder."""
    if not isinstance(value, dict) or not all(isinstance(table, dict) for table in value.values()):
        raise ValueError("tables such as [recipes.mine], with the constants of each recipe")
    for name in value:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
            raise ValueError(f"tables named in letters, digits, _ and -, which {name!r} is not")
        if name.lower() in (*RECIPES, PHOTOGRAPHS):
            raise ValueError(
                f"tables with names of their own, which {name!r} is not: atlas uses it itself"
            )
        if is_device(name):
            raise ValueError(f"tables named as folders can be, which {name!r} is not on Windows")
    refuse_twins(value, "rename one of these recipes")
    return tuple((name, read_recipe(name, table)) for name, table in value.items())


def _whole(
    smallest: int, word: str | None = None, largest: int | None = None
) -> Callable[[Any], int | None]:
    """A whole number in a range, or the word, which stands for None."""
    span = f"from {smallest}" if largest is None else f"from {smallest} to {largest}"
    wanted = f"a whole number {span}" + (f", or {word!r}" if word else "")
    most = 2**63 - 1 if largest is None else largest

    def read(value: Any) -> int | None:
        if word is not None and value == word:
            return None
        if isinstance(value, str) and re.fullmatch("[0-9]{1,19}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= most:
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
    site_address(_text(value))
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "network": _text,
    "weights": _path,
    "probe": _path,
    "layers": _names,
    "units": _units,
    "top": _whole(1, "all"),
    "recipe": _names,
    "recipes": _recipes,
    "samples": _whole(1, largest=1000),
    "upscales": _whole(0),
    "steps": _whole(1, largest=10_000),
    "seed": _whole(0),
    "device": _device,
    "precision": _precision,
    "batch": _whole(1, "auto", largest=10_000),
    "run": _path,
    "site": _path,
    "templates": _path,
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
            raise UsageError(
                f"{where}: there is no setting {_shown(name)}; the nearest is {near[0]!r}"
            )
        try:
            checked[name] = READERS[name](value)
        except ValueError as error:
            raise UsageError(f"{where}: {name} is {_shown(value)}; it must be {error}") from None
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    return checked


def _shown(value: Any) -> str:
    """A value for a message, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python prints no number of thousands of digits
        text = "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:77]}..."


def read_file(path: Path) -> dict[str, Any]:
    """Read a settings file. Raises UsageError when it is missing or wrong."""
    try:
        # Editors of Windows begin a text with a byte order mark, which is none of TOML's.
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"there is no settings file {path}") from None
    except RecursionError:
        raise UsageError(f"{path} cannot be read as TOML: it is nested too deeply") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} cannot be read as TOML: it is not in UTF-8; save it so") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from None
    return read(values, str(path))
