"""Reads the page of findings as tests need it."""

import csv
import html
import io
import re
from pathlib import Path


def section(findings: str, key: str) -> str:
    text = findings[findings.index(f'id="{key}">') :]
    return html.unescape(text[: text.index("</section>")])


def part(findings: str, key: str) -> str:
    """Of a section with several charts, what belongs to one."""
    text = section(findings, key)
    return text[: text.index("<h3", 5)] if "<h3" in text[5:] else text


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text())))


def forests(findings: str, key: str) -> list[str]:
    """The plots of a section's first measure, one a recipe."""
    text = section(findings, key)
    return re.findall(r'<svg class="chart forest".*?</svg>', text, re.DOTALL)


def changes_of(findings: str) -> dict[str, str]:
    """What each recipe makes of 5b, by recipe."""
    cards = section(findings, "changes").split("<h3>")[1:]
    return {card[: re.search(r"\W", card).start()]: card for card in cards}  # type: ignore[union-attr]
