"""Paths as users write them. A ``~`` is expanded here only; everywhere else it is a plain name."""

import os
from pathlib import Path

from atlas.errors import AtlasError, UsageError


def expand(path: str) -> str:
    """A path with the home folder in place of a leading ``~`` or ``~user``.

    A folder that is really called so is given as ``./~``. Raises UsageError where nobody knows
    that home folder: what stands for it would be made where the program happens to run.
    """
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise UsageError(
            f"{path}: the home folder {path.partition('/')[0]} is unknown here; write the path "
            f"out, or ./{path} for a folder of that name"
        )
    return expanded


def as_path(path: str | os.PathLike[str]) -> Path:
    """The path that a text stands for, with ``~`` expanded; a path stays as it is."""
    return Path(expand(path) if isinstance(path, str) else path)


def home() -> Path | None:
    """The user's home folder; None for a user who has none, as in some containers."""
    try:
        return as_path("~")
    except UsageError:
        return None


def cache_folder() -> Path:
    """Where programs keep what they download (XDG Base Directory Specification).

    Raises AtlasError for a user without a home folder who names no other.
    """
    named, own = os.environ.get("XDG_CACHE_HOME", ""), home()
    if os.path.isabs(named):
        return Path(named)
    if own is None:
        raise AtlasError(
            "there is no home folder to keep a download in; set HOME or XDG_CACHE_HOME"
        )
    return own / ".cache"
