"""What the compare page shows of a unit beside others: a file that it asks for when it needs it.

A page opened from the disk may not read other files, but it may run scripts that lie beside it. So
each card is a script that hands over a piece of a page.
"""

import json
from collections.abc import Sequence
from typing import Any

from atlas.render import evidence
from atlas.render.figures import Looks
from atlas.render.frame import Frame
from atlas.render.tuning import FAMILIES
from atlas.render.units import Unit

MOST_FAMILIES = 6
"""Families of stimuli on a card, on which there is no room for the chart of all."""


def card_name(unit: Unit) -> str:
    """The file of a unit's card in the site."""
    return f"cards/{unit.layer.slug}/{unit.number:04d}.js"


def write_card(
    frame: Frame, unit: Unit, recipes: Sequence[str], looks: Looks, shown: dict[str, Any]
) -> None:
    """Write the card of a unit.

    Args:
        frame: of the site.
        unit: with a page.
        recipes: by which one can switch on the compare page.
        looks: what was measured on each picture.
        shown: what the unit's page shows.
    """
    views = unit.views(recipes)
    context = {
        **shown,
        "root": "",
        "page": {"recipes": recipes},
        "catalog": frame.catalog,
        "input_size": frame.catalog.network.input,
        "views": views,
        "curves": [curve for curve in shown["tuning"] if curve[0] != FAMILIES],
        "families": _families(unit),
        "evidence": evidence.evidence_rows(frame.catalog, unit, views, looks),
    }
    text = frame.templates.page("card.html.j2", context)
    frame.folder.write(card_name(unit), f"atlas.card({_quoted(text)});\n")


def _families(unit: Unit) -> list[tuple[str, float]]:
    """Those that the unit answers most, and its mean response."""
    prefix = "family:"
    found = [(name, value) for name, value in unit.tuning.items() if name.startswith(prefix)]
    found.sort(key=lambda each: -each[1])
    return [(name.removeprefix(prefix), value) for name, value in found[:MOST_FAMILIES]]


def _quoted(text: str) -> str:
    """As a string of a script: in ASCII, and free of what would end an element."""
    return json.dumps(text).replace("<", "\\u003c")
