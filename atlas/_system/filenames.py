"""Names of recipes and layers as file names that are valid and distinct on every system.

A run or a site is copied and unpacked anywhere: where case or Unicode's normal forms do not count,
where a dot at the end is dropped, and where ``con`` and ``aux.txt`` are devices.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from atlas.errors import UsageError

LONGEST = 100
"""Characters that a name may have; a file system takes 255 bytes, and appends to them."""

DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.ASCII | re.IGNORECASE)
"""What Windows keeps for itself, with any extension ("Naming Files, Paths, and Namespaces")."""


def slug(name: str, otherwise: str = "recipe") -> str:
    """A name as a file or folder. If some system would not take it, a hash is added."""
    plain = re.fullmatch(r"\w([\w.\-]*[\w\-])?", name, re.ASCII)
    if plain and len(name) <= LONGEST and not is_device(name):
        return name
    readable = re.sub(r"[^\w\-]+", "-", name, flags=re.ASCII).strip("-")[:LONGEST]
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable or otherwise}-{digest[:8]}"


def is_device(name: str) -> bool:
    """Whether Windows takes a name for one of its devices."""
    return DEVICES.fullmatch(name) is not None


def refuse_twins(names: Iterable[str], advice: str) -> None:
    """Raise UsageError, with advice, if two names are one folder on systems that ignore case."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(slug(name).lower(), name)
        if other != name:
            raise UsageError(
                f"{other!r} and {name!r} would share a folder where case does not count; {advice}"
            )
