"""The shape of what is kept as JSON: which keys there are, and of what type."""

from collections.abc import Mapping
from types import NoneType
from typing import Any

WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    list: "list",
    dict: "object",
    NoneType: "null",
}


def misfit(value: Any, shape: Any, name: str = "it") -> str | None:
    """What is wrong with a value, in words that name the key; None when nothing is.

    A shape is a type; a tuple of types; a list of one shape, that of each element; or a mapping
    from keys that must be there to their shapes.
    """
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            return f"{name} is no object"
        for key, inner in shape.items():
            whole = key if name == "it" else f"{name}.{key}"
            if key not in value:
                return f"{whole} is missing"
            if found := misfit(value[key], inner, whole):
                return found
        return None
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{name} is no list"
        found = (misfit(each, shape[0], f"{name}[{i}]") for i, each in enumerate(value))
        return next(filter(None, found), None)
    kinds = shape if isinstance(shape, tuple) else (shape,)
    if type(value) in kinds or (float in kinds and type(value) is int):
        return None
    return f"{name} is no {' or '.join(WORDS[kind] for kind in kinds)}"
