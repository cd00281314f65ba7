"""Brings together what the page of findings shows, and its numbers as files."""

from collections.abc import Mapping
from typing import Any

from atlas.examine.intervals import DRAWS, DRAWS_OF_FEW, FEW, FEWEST
from atlas.render import contents, findings, guesses, pairs
from atlas.render.alignment import align
from atlas.render.catalog import Catalog
from atlas.render.figures import Looks
from atlas.render.headlined import described, headlined
from atlas.render.omissions import omissions
from atlas.render.recognition import recognition


def shown(
    catalog: Catalog, looks: Looks, photographs: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the template shows, and the files beside it by their names.

    ``photographs`` are the files of probe images that may be shown.
    """
    changes = guesses.changes(catalog, looks)
    # A recipe of that layer alone is told there.
    tabled = [changes.layer] if changes else []
    compared = [each for each in pairs.compare(catalog, looks) if each.layers != tabled]
    told = findings.chapters(catalog, looks, compared)
    guessed = guesses.guesses(catalog, looks)
    counts = {
        sum(bool(unit.by(recipe)) for unit in layer.pictured)
        for layer in catalog.layers
        for recipe in catalog.along_depth
        if recipe in layer.recipes
    }
    by_number = any("units" in request for request in catalog.settings.requests)
    context = {
        "recognition": recognition(catalog, looks, photographs),
        "chapters": told,
        "alignment": align(catalog),
        "guesses": guessed,
        "changes": changes,
        "titles": contents.of_findings(told, guessed, changes),
        "several": bool(compared or changes),
        "differ": bool(compared),
        "headlined": described(headlined(catalog.layers)),
        "ranked": counts.pop() if len(counts) == 1 and not by_number else None,
        "samples": max(
            (len(unit.by(r)) for unit in catalog.pictured for r in unit.recipes), default=1
        ),
        "omissions": omissions(catalog, looks),
        "fewest": FEWEST,
        "few": FEW,
        "draws": [f"{count:,}".replace(",", "\u202f") for count in (DRAWS_OF_FEW, DRAWS)],
    }
    files = {"data/findings.csv": findings.table(catalog, told)}
    if compared:
        files["data/differences.csv"] = pairs.table(compared)
    return context, files
