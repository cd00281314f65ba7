"""What "Go to" looks in: every unit with its rank, its pictures and what is known of it.

``data/find.js`` sets ``window.atlasIndex``. It is a script because pages that are opened as files
may load no other data, and it is loaded when somebody searches. In it are lists alone: as the key
of an object, a name from outside could be ``__proto__``.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from atlas._system.filenames import slug
from atlas.render import provenance
from atlas.render.catalog import Catalog
from atlas.render.unit_words import KINDS, Fact, UnitWords
from atlas.render.units import Layer

LAST = 9
"""How strongly something is said of a unit, at most; at least 0."""


def find_js(catalog: Catalog, words: UnitWords) -> str:
    """The index as a script."""
    recipes = catalog.recipes
    known: dict[tuple[int, str], int] = {}
    layers = [_layer(layer, recipes, words, known) for layer in catalog.layers]
    index = {
        "kinds": [kind.said for kind in KINDS],
        "facts": [list(fact) for fact in known],
        "recipes": [slug(recipe) for recipe in recipes],
        "commands": [provenance.command_of_recipe(catalog, recipe) for recipe in recipes],
        "layers": layers,
    }
    # ASCII alone: no character can end the script or a line of it, nor half a pair be lost.
    return f"window.atlasIndex={json.dumps(index, separators=(',', ':'), allow_nan=False)};\n"


def _layer(
    layer: Layer,
    recipes: Sequence[str],
    words: UnitWords,
    known: dict[tuple[int, str], int],
) -> list[Any]:
    """Of a layer: its folder, its units by rank, pictures, tiles, facts, and how to make more.

    A fact of a unit is one number: ten times its place among all facts, and how strongly it is
    said.
    """
    ranked = [row.unit for row in layer.table]
    facts = [
        [10 * known.setdefault((fact.kind, fact.text), len(known)) + fact.strength for fact in own]
        for own in (list(_distinct(words.of(layer, number))) for number in range(layer.units))
    ]
    first = layer.first.recipe if layer.pictured else recipes[0]
    return [
        layer.slug,
        ranked,
        [[unit.number, *_folders(unit.recipes, unit.first, recipes)] for unit in layer.pictured],
        sorted(layer.tiles),
        facts,
        recipes.index(first),
        *provenance.scope_of_layer(layer),
    ]


def _distinct(facts: Sequence[Fact]) -> Iterator[Fact]:
    """Facts with a strength that is a digit, none of them twice."""
    seen: set[tuple[int, str]] = set()
    for fact in facts:
        if (fact.kind, fact.text) not in seen:
            seen.add((fact.kind, fact.text))
            yield fact._replace(strength=min(max(fact.strength, 0), LAST))


def _folders(made: Sequence[str], first: str, recipes: Sequence[str]) -> list[int]:
    """By which recipes a unit is pictured, as places in a list of them; its first goes first."""
    return [recipes.index(name) for name in sorted(made, key=lambda name: name != first)]
