"""By which recipe a layer is shown first: the one asked for first, unless another reads it better.

A recipe that makes pictures easier to read pays with activation, and in a layer that sees few
pixels it may pay too much: its pictures are then of something that barely excites the unit.
"""

from collections.abc import Sequence
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

from atlas.target import OF_THE_UNIT

if TYPE_CHECKING:
    from atlas.render.units import Layer, Unit

MARGIN = 1.5
"""How many times as much pictures must excite their units, in the median, to be shown first."""

FEWEST = 5
"""Units that must have pictures by both recipes."""

RULE = (
    "A layer is shown first by the recipe that was asked for first, unless the pictures of another "
    f"excite its units at least {MARGIN:g} times as much, in the median, and identify them as well."
)


class Choice(NamedTuple):
    """The recipe that a layer is shown by first, and why where it is not the first asked for."""

    recipe: str
    reason: str | None = None


def choose(units: Sequence["Unit"], recipes: Sequence[str]) -> Choice:
    """Which recipe the units of a layer are shown by first.

    Args:
        units: of the layer, those with pictures.
        recipes: those by which it has pictures, in the order asked for; at least one.
    """
    first, *others = recipes
    better: dict[str, float] = {}
    for other in others:
        if not _same_end(units, first, other):
            continue
        pairs = [pair for unit in units if (pair := _gains(unit, other, first))]
        known = [unit.identified for unit in units if {first, other} <= unit.identified.keys()]
        worse = known and fmean(each[other] - each[first] for each in known) < 0
        if len(pairs) >= FEWEST and not worse:
            better[other] = median(gain / reference for gain, reference in pairs)
    best = max(better, key=better.__getitem__, default=first)
    if better.get(best, 0) < MARGIN:
        return Choice(first)
    times = f"{better[best]:.1f}"
    return Choice(
        best, f"{best}, whose pictures excite these units {times} times as much as those of {first}"
    )


def first_of_all(layers: Sequence["Layer"], recipes: Sequence[str]) -> str | None:
    """The recipe that layers are shown by first; None where that differs among them."""
    firsts = {layer.first_of(recipes) for layer in layers}
    return firsts.pop() if len(firsts) == 1 else None


def exceptions(layers: Sequence["Layer"], recipes: Sequence[str]) -> dict[str, list[str]]:
    """The layers that are shown first by another recipe than the first asked, by that recipe."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        if (first := layer.first_of(recipes)) != recipes[0]:
            found.setdefault(first, []).append(layer.short)
    return found


def _same_end(units: Sequence["Unit"], *recipes: str) -> bool:
    """Whether pictures by two recipes show the same end of units, and as much of their maps."""
    ends = {
        (picture.minimum, picture.alone, picture.face)
        for unit in units
        for recipe in recipes
        for picture in unit.by(recipe)
    }
    return len(ends) == 1


def _gains(unit: "Unit", *recipes: str) -> tuple[float, ...]:
    """Gain of a unit's first picture by each recipe; none where one is unfinished or undefined."""
    pictures = [next(iter(unit.by(recipe)), None) for recipe in recipes]
    gains = tuple(
        picture.evidence.gain_rms
        for picture in pictures
        if picture and picture.evidence and picture.status in OF_THE_UNIT and not picture.growing
        if picture.evidence.gain_rms
    )
    return gains if len(gains) == len(recipes) else ()
