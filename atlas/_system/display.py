"""Names of files, which may be any bytes, as pages, tables and logs show them."""

import os
import shlex
import unicodedata

TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Directions of the characters that make a name look like another (Unicode Annex 9)."""


def display_name(path: str) -> str:
    """A path as valid Unicode on one line; one that is so already stays as it is."""
    return "".join(_escaped(c) if _is_odd(c) else c for c in _as_unicode(path))


def shell_word(text: str) -> str:
    """A text as a shell reads it back: in quotes where it must be, one line, valid Unicode."""
    if not any(map(_is_odd, text := _as_unicode(text))):
        return shlex.quote(text)
    parts = (_in_bytes(c) if _is_odd(c) else f"\\{c}" if c in "\\'" else c for c in text)
    return f"$'{''.join(parts)}'"


def _as_unicode(path: str) -> str:
    """Decode a path alike in every locale: a byte that is not UTF-8 becomes a lone surrogate."""
    try:
        return os.fsencode(path).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # no path, but another text
        return path


def _is_odd(character: str) -> bool:
    """Whether a character ends a line, is not valid, or turns the direction of the text."""
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(character) in TURNING


def _escaped(character: str) -> str:
    return _in_bytes(character) if _is_byte(character) else ascii(character)[1:-1]


def _in_bytes(character: str) -> str:
    kept = character.encode("utf-8", "surrogateescape" if _is_byte(character) else "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in kept)


def _is_byte(character: str) -> bool:
    return "\udc80" <= character <= "\udcff"
