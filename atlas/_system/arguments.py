"""Checks of what a caller hands over: wrong kinds and ranges are refused before anything starts."""

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from atlas.errors import UsageError

Kind = TypeVar("Kind")


def instance(name: str, value: Any, kind: type[Kind], wanted: str) -> Kind:
    """Return the value if it is of this kind. Raises UsageError, which says what is wanted."""
    if not isinstance(value, kind):
        raise wrong(name, value, wanted)
    return value


def whole(name: str, value: Any, smallest: int, largest: int = 2**63 - 1) -> int:
    """Return a whole number, of Python or NumPy, in this range. Raises UsageError otherwise."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or not smallest <= number <= largest:
        span = f"from {smallest}" if largest == 2**63 - 1 else f"from {smallest} to {largest}"
        raise wrong(name, value, f"a whole number {span}")
    return number


def numbers(name: str, value: Any, count: int, *, positive: bool = False) -> tuple[float, ...]:
    """Return exactly ``count`` finite numbers. Raises UsageError otherwise.

    ``positive`` asks that all be above 0.
    """
    try:
        found = tuple(float(number) for number in value)
    except (TypeError, ValueError, OverflowError):
        found = ()
    right = len(found) == count and all(map(math.isfinite, found))
    if not right or (positive and min(found) <= 0):
        raise wrong(name, value, f"{count} numbers{' above 0' if positive else ''}")
    return found


def names(name: str, value: Any) -> Sequence[str]:
    """Return several names, and not the letters of a single one. Raises UsageError otherwise."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise wrong(name, value, "several names, such as ['conv1']")
    found = list(value)
    if not found or not all(isinstance(each, str) for each in found):
        raise wrong(name, value, "several names, such as ['conv1']")
    return found


def wrong(name: str, value: Any, wanted: str) -> UsageError:
    """The error that says what an argument is and what it must be."""
    shown = ascii(value) if isinstance(value, str | int | float | tuple | list) else ""
    if not shown or len(shown) > 60:
        shown = f"of the type {type(value).__name__}"
    return UsageError(f"{name} is {shown}; it must be {wanted}")
