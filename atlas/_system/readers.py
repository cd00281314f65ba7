"""How a setting is read, from a word of the command line or a value of a TOML file.

Each reader returns what the setting then is, and raises ValueError that says what it wants.
"""

import ast
import json
import math
import re
from collections.abc import Callable
from typing import Any

from atlas._system.paths import expand
from atlas._system.web_address import site_address

Unit = tuple[str, int]
"""A layer and the number of a unit of it."""


def text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("a text that is not empty, without NUL")
    return value


def path(value: Any) -> str:
    """A path, with the home folder in place of ``~``."""
    return expand(text(value))


def names(value: Any) -> tuple[str, ...]:
    """Several names: a list, or a text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not parts:
        raise ValueError("names separated by commas")
    if not all(isinstance(part, str) and part.strip() for part in parts):
        raise ValueError("names separated by commas")
    return tuple(dict.fromkeys(part.strip() for part in parts))


def units(value: Any) -> tuple[Unit, ...]:
    """Units as LAYER:UNIT: a list, or a text with commas."""
    found = []
    for name in names(value):
        layer, _, unit = name.rpartition(":")
        if not layer or not re.fullmatch("[0-9]{1,18}", unit):
            raise ValueError("LAYER:UNIT separated by commas, such as inception4a:225")
        found.append((layer, int(unit)))
    return tuple(dict.fromkeys(found))


def shape(value: Any) -> str:
    """The shape of an image, as 1x28x28: of as many rows as columns."""
    match = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", text(value))
    if match is None:
        raise ValueError("channels, height and width, such as 1x28x28")
    if match[2] != match[3]:
        raise ValueError("as high as wide, since pictures of units are square")
    return value


def numbers(value: Any) -> tuple[float, ...]:
    """Several numbers: a list, or a text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    try:
        if any(isinstance(part, bool) for part in parts):
            raise ValueError
        found = tuple(float(part) for part in parts)
    except (TypeError, ValueError, OverflowError):
        found = ()
    if not found or not all(map(math.isfinite, found)):
        raise ValueError("numbers separated by commas, such as 0.485,0.456,0.406")
    return found


def positive(value: Any) -> tuple[float, ...]:
    """Several numbers above 0: a list, or a text with commas."""
    found = numbers(value)
    if min(found) <= 0:
        raise ValueError("numbers above 0, separated by commas")
    return found


def named_values(value: Any) -> tuple[tuple[str, Any], ...]:
    """Values by name: a table, or a text as ``depth=18,name=thin``.

    Of a text each value is read as Python writes it, and is a text where it is nothing else.
    """
    if isinstance(value, str):
        pairs = [part.partition("=") for part in re.split(r",(?=\s*[^\W\d]\w*\s*=)", value)]
        if not all(equals for _, equals, _ in pairs):
            raise ValueError("key=value separated by commas, such as depth=18,name=thin")
        value = {key.strip(): _literal(text.strip()) for key, _, text in pairs}
    if not isinstance(value, dict) or not all(map(str.isidentifier, value)):
        raise ValueError("key=value separated by commas, such as depth=18,name=thin")
    try:
        # As a run keeps them: a tuple becomes a list there, and what JSON lacks is refused.
        return tuple(json.loads(json.dumps(value, allow_nan=False)).items())
    except (TypeError, ValueError, RecursionError):
        raise ValueError("numbers, texts, true or false, and lists and tables of these") from None


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def whole(
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


def device(value: Any) -> str:
    """A device as torch names it, or ``auto``."""
    # Two digits are enough, and torch silently takes a number above 255 for another.
    if not re.fullmatch(r"auto|cpu|cuda(:(0|[1-9][0-9]?))?", text(value)):
        raise ValueError("auto, cpu, cuda or cuda:N")
    return value


def url(value: Any) -> str:
    """The address of a site."""
    site_address(text(value))
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def yes_or_no(value: Any) -> bool | None:
    """True or false, also as words; ``auto`` stands for None."""
    words = {"auto": None, "yes": True, "no": False}
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in words:
        raise ValueError("one of auto, yes, no")
    return words[value]


def one_of(*words: str) -> Callable[[Any], str]:
    """One of some words."""

    def read(value: Any) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return value

    return read
