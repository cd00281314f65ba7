"""What the figures of a run do without: pictures that failed, units without a value."""

from dataclasses import dataclass

from atlas.render.catalog import Catalog
from atlas.render.figures import Looks, Measure, measures

COUNTED = ("identification", "robustness", "gain")
"""The measures that a unit can be without though it has a picture."""


@dataclass(frozen=True)
class Omissions:
    """Of a recipe: how many pictures there are, and how many are left out, and why.

    ``without`` are the units that have no value, by the title of the measure.
    """

    recipe: str
    pictures: int
    silent: int
    broken: int
    outweighed: int
    without: dict[str, tuple[int, int]]


def omissions(catalog: Catalog, looks: Looks) -> list[Omissions]:
    """Every recipe that is compared, empty where none lacks anything."""
    known = [measure for measure in measures(catalog) if measure.key in COUNTED]
    found = [_of(catalog, looks, recipe, known) for recipe in catalog.alike]
    lacking = any(each.silent or each.broken or each.outweighed or each.without for each in found)
    return found if lacking else []


def _of(catalog: Catalog, looks: Looks, recipe: str, known: list[Measure]) -> Omissions:
    statuses = [picture.status for unit in catalog.pictured for picture in unit.by(recipe)]
    units = [unit for unit in catalog.pictured if unit.by(recipe)]
    without = {
        measure.title: sum(measure.value(unit, recipe, looks) is None for unit in units)
        for measure in known
    }
    return Omissions(
        recipe,
        len(statuses),
        statuses.count("silent"),
        statuses.count("broken"),
        statuses.count("outweighed"),
        {title: (count, len(units)) for title, count in without.items() if 0 < count < len(units)},
    )
