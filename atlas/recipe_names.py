"""What a recipe's name says: ``clear-center-negative`` is ``clear`` with two constants changed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from atlas.errors import UsageError
from atlas.recipe import Recipe

ENDS = {
    "face1": ("face", "first"),
    "face2": ("face", "second"),
    "center": ("position", "center"),
    "negative": ("sign", "negative"),
}
"""The constants that say of what a picture is, by what a recipe is called that has them, in this
order: ``clear-center-negative``."""


def split_name(name: str, known: Iterable[str] = ()) -> tuple[str, dict[str, str]]:
    """A recipe's name without what it says of ``ENDS``, as far as it is not known, and these."""
    ends: dict[str, str] = {}
    while name not in known:
        base, _, last = name.rpartition("-")
        constant, value = ENDS.get(last, ("", ""))
        if not base or not constant or constant in ends:
            break
        name, ends[constant] = base, value
    return name, ends


def recipe_of(
    name: str, known: Mapping[str, Recipe], ends: Mapping[str, str]
) -> tuple[str, Recipe]:
    """The recipe that a name stands for, and what it is called with these constants of ``ENDS``.

    Raises UsageError for one that is not known.
    """
    base, named = split_name(name, known)
    if base not in known:
        raise UsageError(f"there is no recipe {name!r}; there are {', '.join(known)}")
    asked = {*named.items(), *ends.items()}
    said = {last: end for last, end in ENDS.items() if end in asked}
    new = {
        last: (constant, value)
        for last, (constant, value) in said.items()
        if getattr(known[base], constant) != value
    }
    if not new:
        return base, known[base]
    called = "-".join([base, *new])
    if called in known:
        raise UsageError(f"{called} is a recipe of your own; rename it, or leave these options out")
    return called, replace(known[base], **dict(new.values()))
