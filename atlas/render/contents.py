"""What long pages begin with: their titles, by the ids they have there."""

from collections.abc import Iterable, Sequence

from atlas.render.findings import Chapter
from atlas.render.guesses import Changes, Guess


def of_findings(
    told: Iterable[Chapter], guessed: Sequence[Guess], changes: Changes | None
) -> dict[str, str]:
    """What the page of findings holds after its beginning: its titles, by their ids."""
    titles = {chapter.key: chapter.title for chapter in told}
    if guessed:
        titles["guesses"] = "The article's two guesses"
    if changes:
        titles["changes"] = f"{changes.layer.short} by recipe"
    return titles | {"intervals": "How to read the intervals"}
