"""Bytes of JSON as what they should be, or one line that says where they are not."""

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

Known = TypeVar("Known")
Step = str | int
"""A key of an object, or a place in a list."""

DIGITS = 1000
"""Of a whole number at most: Python neither reads nor prints thousands."""

SHOWN = 60
"""Characters of a key or a value in a message."""


def parse_json(data: bytes) -> Any:
    """JSON as RFC 8259 has it: in UTF-8, of finite numbers, no key of an object twice.

    Raises ValueError that says what is wrong.
    """
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_finite,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_as(kind: type[Known], value: object) -> Known:
    """A value of JSON as what it should be.

    Raises ValueError that names the first key that is missing or cannot be what it is.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(_in_words(str(error), kind, value)) from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key[:SHOWN]} is there twice")
        found[key] = value
    return found


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text[:SHOWN]} is no finite number")
    return value


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"it has a number of {len(text)} digits")
    return int(text)


KINDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "array": "list",
    "object": "object",
    "null": "null",
}
"""What msgspec calls a kind of value, and what we do."""

MESSAGE = re.compile(r"(.*?)(?: - at `\$([\w.\[\]]*)`)?", re.DOTALL)
STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\[(\.\.\.)\]")
EXPECTED = re.compile(r"Expected `([^`]+)`(?:, got `[^`]+`| (.+?)(?:, got \d+)?)")


def _in_words(message: str, kind: Any, value: Any) -> str:
    """What msgspec found in a value, in the words of whoever reads a log."""
    said, place = MESSAGE.fullmatch(message).groups()  # type: ignore[union-attr]  # fits all

    def is_refused(other: Any) -> bool:
        try:
            msgspec.convert(other, kind)
        except msgspec.ValidationError as error:
            return str(error) == message
        return False

    where = _written(_located(STEP.findall(place or ""), value, is_refused))
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", said):
        return f"{where}.{missing[1]} is missing" if where else f"{missing[1]} is missing"
    if said[0].islower():  # what a struct says of itself begins with the key
        return f"{where}.{said}" if where else said
    where = where or "it"
    if wrong := EXPECTED.fullmatch(said):
        wanted = " or ".join(KINDS.get(word, word) for word in wrong[1].split(" | "))
        form = re.sub(r"matching regex '\^(.*)\$'", r"of the form \1", wrong[2] or "")
        return f"{where} is no {wanted} {form}".rstrip()
    if other := re.fullmatch(r"Invalid enum value (.*)", said, re.DOTALL):
        return f"{where} cannot be {other[1][:SHOWN]}"
    return f"{where}: {said[0].lower()}{said[1:]}"


def _located(
    steps: Sequence[tuple[str, str, str]], value: Any, is_refused: Callable[[Any], bool]
) -> list[Step]:
    """The way to what was refused.

    msgspec does not say which of the keys of an object that may have any: it is the one that is
    refused when it is alone.
    """
    if not steps:
        return []
    (field, place, any_key), *rest = steps
    step: Step = field or int(place or 0)
    if any_key:
        step = next(key for key in value if is_refused({key: value[key]}))
        value = {step: value[step]}

    def is_refused_within(inner: Any) -> bool:
        around = value.copy()
        around[step] = inner
        return is_refused(around)

    return [step, *_located(rest, value[step], is_refused_within)]


def _written(steps: Sequence[Step]) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{step[:SHOWN]}" for step in steps)
    return "".join(parts).removeprefix(".")
