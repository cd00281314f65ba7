"""Rounds: how far up its ladder every picture of a recipe climbs before any climbs further.

All pictures are to be seen early, and small ones cost little: up to its first look a picture takes,
of all its optimizer steps times pixels, a thirteenth by the article's recipe and an eighth by
``clear``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from atlas.network.sizes import Sizes
from atlas.recipe import TILES, Recipe
from atlas.run.folder import Run
from atlas.run.pictures import read_record
from atlas.run.plan import Item, Plan, is_made

FIRST_LOOK = {"article": 74}
"""Side in pixels of the first look, by recipe: the article's panels are as large."""

LARGEST_FIRST_LOOK = 100
"""That of any other recipe, at most."""


class Round(NamedTuple):
    """A recipe, and the side in pixels that its pictures reach in this round."""

    recipe: str
    size: int


TILE_ROUND = Round(TILES, LARGEST_FIRST_LOOK)
"""The last round, where it is asked for: a small picture of every unit."""


def all_rounds(recipes: Mapping[str, Recipe], sizes: Sizes) -> list[Round]:
    """The rounds of a build: the first look of every recipe, then the rest of every recipe.

    Args:
        recipes: by name, in the order asked.
        sizes: of the images that the network takes.
    """
    looks, ends = [], []
    for name, recipe in recipes.items():
        sides = [rung.size for rung in recipe.ladder(sizes)]
        limit = FIRST_LOOK.get(name, LARGEST_FIRST_LOOK)
        first = max((side for side in sides if side <= limit), default=sides[-1])
        looks.append(Round(name, first))
        if first < sides[-1]:
            ends.append(Round(name, sides[-1]))
    return [*looks, *ends]


def one_round(recipes: Mapping[str, Recipe], sizes: Sizes) -> list[Round]:
    """Every recipe to its last size at once; arguments as of ``all_rounds``."""
    return [Round(name, recipe.ladder(sizes)[-1].size) for name, recipe in recipes.items()]


def unfinished(plan: Plan, wanted: Sequence[Item], stop: Round, run: Run) -> list[tuple[Item, ...]]:
    """The chunks with a wanted item of which some picture has not come as far as the round goes."""
    asked = {item for item in wanted if item.recipe == stop.recipe}
    return [
        chunk
        for chunk in plan.chunks
        if asked.intersection(chunk) and any(side(item, run) < stop.size for item in chunk)
    ]


def side(item: Item, run: Run) -> int:
    """Side in pixels that a picture has in the run; 0 before it is made."""
    return read_record(run, item).size if is_made(item, run) else 0
