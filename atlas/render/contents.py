"""What long pages begin with: their titles, by the ids they have there."""

from collections.abc import Iterable, Sequence

from atlas.render.alignment import Alignment
from atlas.render.findings import Finding
from atlas.render.guesses import Changes, Guess
from atlas.render.pairs import Comparison


def of_findings(
    found: Iterable[Finding],
    against: Iterable[Comparison],
    aligned: Alignment | None,
    guessed: Sequence[Guess],
    changes: Changes | None,
) -> dict[str, str]:
    """What the page of findings holds: its titles, by the ids they have there."""
    titles = {finding.key: finding.title for finding in found}
    for place, each in enumerate(against, 1):
        titles[f"against-{place}"] = f"{each.recipe} against {each.baseline}"
    if aligned:
        titles["alignment"] = "Alignment of the layers"
    if guessed:
        titles["guesses"] = "The article's two guesses"
    if changes:
        titles["changes"] = f"What each recipe makes of {changes.layer.short}"
    return titles | {"numbers": "All numbers"}
