"""What a recipe's name says: ``clear-center-negative`` is ``clear`` with two constants changed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from atlas.errors import UsageError
from atlas.recipe import Recipe

ENDS = {"position": "center", "sign": "negative"}
"""The constants that say of what a picture is, and how a recipe is called by what it has of them:
``clear-center-negative``."""


def split_name(name: str, known: Iterable[str] = ()) -> tuple[str, dict[str, str]]:
    """A recipe's name without what it says of ``ENDS``, as far as it is not known, and these."""
    ends: dict[str, str] = {}
    while name not in known:
        base, _, last = name.rpartition("-")
        constant = next((key for key, value in ENDS.items() if value == last), None)
        if not base or constant is None or constant in ends:
            break
        name, ends[constant] = base, last
    return name, ends


def recipe_of(
    name: str, known: Mapping[str, Recipe], ends: Mapping[str, str]
) -> tuple[str, Recipe]:
    """The recipe that a name stands for, and what it is called with these values of ``ENDS``.

    Raises UsageError for one that is not known.
    """
    base, named = split_name(name, known)
    if base not in known:
        raise UsageError(f"there is no recipe {name!r}; there are {', '.join(known)}")
    wanted = named | {key: value for key, value in ends.items() if value == ENDS[key]}
    new = [key for key, value in wanted.items() if getattr(known[base], key) != value]
    if not new:
        return base, known[base]
    called = "-".join([base, *(value for key, value in ENDS.items() if key in new)])
    if called in known:
        raise UsageError(f"{called} is a recipe of your own; rename it, or leave these options out")
    return called, replace(known[base], **wanted)
