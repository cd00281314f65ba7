"""A layer and its units, as the site shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from atlas._system.filenames import slug
from atlas.render.first_shown import Choice, choose
from atlas.render.picture import Picture
from atlas.render.relations import Relations
from atlas.render.unit_facts import Faces, Label, ProbeImage, RankedImage, Statistics
from atlas.run.network_schema import BranchDescription

SHOWN = 10
"""How many pictures of a layer are shown side by side; the others are behind its table."""


def stand_ins(recipes: Sequence[str], there: Sequence[str]) -> dict[str, list[str]]:
    """For what recipes each that is there is shown: itself, and the first also for the missing."""
    missing = [recipe for recipe in recipes if recipe not in there]
    return {
        recipe: [recipe, *(missing if place == 0 else ())] for place, recipe in enumerate(there)
    }


class View(NamedTuple):
    """A picture of a unit, and the recipes in whose view of the site it stands for the unit."""

    picture: Picture
    recipes: list[str]


@dataclass(frozen=True)
class Unit:
    """A unit that has pictures, and with them a page.

    ``pictures`` are in the order of the site's recipes, then of samples; ``identified`` is the
    fraction of two-choice tasks solved with the pictures of a recipe, or with the photographs.
    ``stimuli`` are the strongest, where ``strongest`` are not stimuli themselves; ``weakest`` are
    the probe images that excite it least, where it can be less than silent; ``faces`` what the
    judge finds the strongest to have in common, where there is a judge.
    """

    layer: "Layer"
    statistics: Statistics
    pictures: list[Picture]
    strongest: list[ProbeImage]
    tuning: dict[str, float]
    identified: dict[str, float] = field(default_factory=dict)
    stimuli: list[RankedImage] = field(default_factory=list)
    weakest: list[RankedImage] = field(default_factory=list)
    relations: Relations = field(default_factory=Relations)
    faces: Faces | None = None

    @property
    def number(self) -> int:
        """Which channel of the layer it is, from 0."""
        return self.statistics.unit

    @property
    def rank(self) -> int:
        """Place in the layer by mean activation, from 1."""
        return self.statistics.rank

    @property
    def mean(self) -> float:
        """Mean activation over the probe set."""
        return self.statistics.mean

    @property
    def picture(self) -> Picture:
        """The one the site shows first."""
        return self.by(self.first)[0]

    @property
    def first(self) -> str:
        """The recipe it is shown by first: its layer's, where it has a picture by that."""
        first = self.layer.first.recipe
        return first if first in self.recipes else self.recipes[0]

    @property
    def recipes(self) -> list[str]:
        """The recipes it has pictures by."""
        return list(dict.fromkeys(picture.recipe for picture in self.pictures))

    def by(self, recipe: str) -> list[Picture]:
        """Its pictures by one recipe, sample by sample."""
        return [picture for picture in self.pictures if picture.recipe == recipe]

    def views(self, recipes: Sequence[str]) -> list[View]:
        """Its first picture by each recipe, that which is shown first before the others.

        It stands in for recipes without a picture. A unit without any of them is shown by a recipe
        that it has.
        """
        there = [recipe for recipe in recipes if recipe in self.recipes] or self.recipes[:1]
        there.sort(key=lambda recipe: recipe != self.first)
        stands = stand_ins(recipes, there)
        return [View(self.by(recipe)[0], shown) for recipe, shown in stands.items()]

    @property
    def class_name(self) -> str | None:
        """The class that it stands for, where its layer's units are classes with names."""
        return self.layer.classes.get(self.number)

    @property
    def labels(self) -> list[Label]:
        """What it tells from all others well enough to be said, the best first."""
        return self.layer.labels.get(self.number, [])

    @property
    def note(self) -> str | None:
        """What a person wrote of it."""
        return self.layer.notes.get(self.number)

    @property
    def title(self) -> str:
        """Layer, number and class, as a heading has them: ``fc 207 golden retriever``."""
        return f"{self.layer.name} {self.layer.called(self.number)}"

    @property
    def name(self) -> str:
        """Layer and number, as options and comparisons write them."""
        return f"{self.layer.name}:{self.number}"

    @property
    def href(self) -> str:
        """Its page."""
        return f"units/{self.layer.slug}/{self.number:04d}.html"

    @property
    def branch(self) -> str | None:
        """The branch it comes from, where the layer concatenates several."""
        return self.layer.branch_of(self.number)


@dataclass(eq=False)
class Layer:
    """A layer: its place in the network, the statistics of all units, the units with pages."""

    name: str
    index: int
    units: int
    stride: int | None
    receptive_field: int | None
    field_known: bool
    center: tuple[float, float] | None
    height: int
    width: int
    rectified: bool
    branches: list[BranchDescription]
    order: list[str]
    """The recipes of the run, as they were asked for."""
    table: list[Statistics]
    pictured: list[Unit]
    sheets: list[str] = field(default_factory=list)
    """The recipes of which it has a contact sheet."""
    tiles: dict[int, str] = field(default_factory=dict)
    """The units that have a tile, and how each ended: ok, silent or broken."""
    pools: str | None = None
    """The earlier layer of the run whose channels these are, after a pooling."""
    classifies: bool = False
    """Whether its units are the classes that the network tells apart."""
    classes: Mapping[int, str] = field(default_factory=dict)
    """Their names by unit, where they are known."""
    labels: Mapping[int, list[Label]] = field(default_factory=dict)
    """What its units tell from all others, well enough to be said."""
    notes: Mapping[int, str] = field(default_factory=dict)
    """What people wrote of its units."""

    @cached_property
    def slug(self) -> str:
        """The name as part of a file name."""
        return slug(self.name, "layer")

    @property
    def one_position(self) -> bool:
        """Whether its maps have a single position, whatever is shown."""
        return self.stride is None and (self.height, self.width) == (1, 1)

    @property
    def href(self) -> str:
        """Its page."""
        return f"layers/{self.slug}.html"

    def sheet(self, recipe: str) -> str:
        """Its contact sheet of one recipe."""
        return f"images/sheets/{slug(recipe)}/{self.slug}.webp"

    def tile(self, unit: int) -> str:
        """The small picture of a unit, where there is one."""
        return f"images/tiles/{self.slug}/{unit:04d}.webp"

    @property
    def short(self) -> str:
        """The name as the drawing and the charts print it: ``4a`` for ``inception4a``."""
        return self.name.removeprefix("inception")

    @property
    def shown(self) -> list[Unit]:
        """The first units with a picture, by rank."""
        return self.pictured[:SHOWN]

    @cached_property
    def by_number(self) -> dict[int, Unit]:
        """The units with a picture, by their number."""
        return {unit.number: unit for unit in self.pictured}

    @cached_property
    def first(self) -> Choice:
        """The recipe that it is shown by first, and why."""
        return choose(self.pictured, [recipe for recipe in self.order if recipe in self.recipes])

    def first_of(self, recipes: Sequence[str]) -> str:
        """Which of some recipes it is shown by first."""
        return self.first.recipe if self.first.recipe in recipes else recipes[0]

    @cached_property
    def recipes(self) -> frozenset[str]:
        """The recipes by which units of it are pictured."""
        return frozenset(recipe for unit in self.pictured for recipe in unit.recipes)

    @property
    def silent_units(self) -> int | None:
        """Units that no probe image excites; None where activations may be negative."""
        return sum(row.max <= 0 for row in self.table) if self.rectified else None

    def called(self, unit: int) -> str:
        """The number of a unit, and the class that it stands for."""
        return f"{unit} {self.classes[unit]}" if unit in self.classes else str(unit)

    def branch_of(self, unit: int) -> str | None:
        """The branch that gives this unit."""
        for branch in self.branches:
            if branch.first <= unit < branch.first + branch.units:
                return branch.name
        return None
