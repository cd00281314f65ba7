"""Settings as people give them: by name, checked one by one, or in a file."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from atlas.errors import UsageError
from atlas.settings import DESCRIPTIONS


def read(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check settings by name. Raises UsageError that names the first wrong one."""
    checked = {}
    for name, value in values.items():
        if name not in DESCRIPTIONS:
            near = get_close_matches(name, DESCRIPTIONS, n=1, cutoff=0)
            raise UsageError(
                f"{where}: there is no setting {_shown(name)}; the nearest is {near[0]!r}"
            )
        try:
            checked[name] = DESCRIPTIONS[name].read(value)
        except ValueError as error:
            raise UsageError(f"{where}: {name} is {_shown(value)}; it must be {error}") from None
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
    return checked


def check_request(values: Mapping[str, Any], where: str) -> None:
    """Check that settings are as a run keeps them. Raises UsageError that names the first wrong."""
    for name, value in read(values, where).items():
        if not DESCRIPTIONS[name].computed:
            raise UsageError(f"{where}: {name} is nothing that a run keeps")
        if isinstance(value, tuple) and isinstance(values[name], str):
            raise UsageError(f"{where}: {name} is {_shown(values[name])}; it must be a list")


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
