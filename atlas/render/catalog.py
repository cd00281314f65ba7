"""What the site shows; the pages are written from this alone."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from atlas.recipe import Recipe, constants
from atlas.render import channels
from atlas.render.units import Layer, Unit
from atlas.run.network_schema import NetworkDescription
from atlas.run.schema import RunSettings
from atlas.run.tiles import tile_side

ARTICLE = asdict(Recipe())
"""Every constant of the article's recipe."""


@dataclass(frozen=True)
class Catalog:
    """Everything the pages show.

    ``recipes`` are those with pictures, in the order they were first asked for; the first is shown
    first. ``measured`` names the evidence that the run was asked for at all. ``classes`` are those
    of the network by number, as far as their names are known. ``alignment`` is the centered kernel
    alignment of pairs of layers.
    """

    settings: RunSettings
    network: NetworkDescription
    layers: list[Layer]
    recipes: list[str]
    measured: frozenset[str]
    probe_images: list[str]
    skipped: list[tuple[str, str]]
    classes: Mapping[int, str] = field(default_factory=dict)
    alignment: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def recipe(self) -> str:
        """The one shown first."""
        return self.recipes[0]

    @property
    def baseline(self) -> str:
        """The recipe that others are held against: the article's, where the run has it."""
        return "article" if "article" in self.recipes else self.along_depth[0]

    @cached_property
    def alike(self) -> list[str]:
        """The recipes that can be compared: those of one end, place and face of the units.

        That is what excites them anywhere, where the run has such pictures.
        """
        known = {name: Recipe(**constants) for name, constants in self.constants.items()}
        first = next((each for each in known.values() if each.plain), known[self.recipe])
        return [
            name
            for name, each in known.items()
            if (each.sign, each.position, each.face) == (first.sign, first.position, first.face)
        ]

    @cached_property
    def along_depth(self) -> list[str]:
        """The recipes that can be compared along depth: those tried in more than a single layer."""
        pictured = [layer for layer in self.layers if layer.pictured]
        return [
            recipe
            for recipe in self.alike
            if len(pictured) == 1 or sum(recipe in layer.recipes for layer in pictured) > 1
        ] or self.alike

    def made(self, units: Iterable[Unit], others: Iterable[str] = ()) -> list[str]:
        """The recipes by which any of these units is pictured, and others, in the run's order."""
        made = {recipe for unit in units for recipe in unit.recipes} | set(others)
        return [recipe for recipe in self.recipes if recipe in made]

    @cached_property
    def constants(self) -> dict[str, dict[str, Any]]:
        """Every constant of each recipe with pictures."""
        known = self.settings.identity.recipes
        return {name: constants(known[name]) for name in self.recipes}

    def constants_in(self, layer: Layer) -> dict[str, dict[str, Any]]:
        """Those that each recipe has in a layer: see ``for_field`` and ``for_sizes`` of Recipe."""
        return {
            name: asdict(
                Recipe(**known).for_field(layer.receptive_field).for_sizes(self.network.sizes)
            )
            for name, known in self.constants.items()
        }

    @property
    def slopes(self) -> tuple[float, float, float] | None:
        """Spectral slope of the probe images: lower quartile, median, upper quartile."""
        slopes = self.settings.probe.slope
        return (slopes[0], slopes[1], slopes[2]) if slopes else None

    @cached_property
    def pictured(self) -> list[Unit]:
        """All units with a page, by layer and rank."""
        return [unit for layer in self.layers for unit in layer.pictured]

    @cached_property
    def growing(self) -> tuple[int, int]:
        """How many pictures are not at their last size yet, and how many there are."""
        pictures = [picture for unit in self.pictured for picture in unit.pictures]
        return sum(picture.growing for picture in pictures), len(pictures)

    def class_name(self, number: int) -> str | None:
        """What a class of the network is called, if that is known."""
        return self.classes.get(number)

    @property
    def synthetic(self) -> bool:
        """Whether ranking and gain rest on drawn images instead of photographs."""
        return self.settings.probe.synthetic

    @property
    def probe_word(self) -> str:
        """What the images of the probe set are called."""
        if self.settings.probe.kind == "array":
            return "images"
        return "stimuli" if self.synthetic else "photographs"

    @property
    def strongest_image(self) -> str:
        """What the one that excites a unit most is called."""
        words = {"stimuli": "stimulus", "photographs": "photograph", "images": "image"}
        return f"strongest {words[self.probe_word]}"

    @property
    def weakest_image(self) -> str:
        """What the one that excites a unit least is called."""
        return self.strongest_image.replace("strongest", "weakest")

    @property
    def false_color(self) -> str | None:
        """What must be said of the colors of pictures, where they are none."""
        return channels.false_color(self.network)

    @property
    def channels(self) -> str:
        """The channels of the network's images, by name."""
        return channels.named(self.network)

    @property
    def remarks(self) -> list[str]:
        """What is true of the pictures because of the network's input."""
        return channels.remarks(self.network)

    @property
    def tile_side(self) -> int:
        """Side of a tile in pixels."""
        return tile_side(self.network.sizes)

    @property
    def notice(self) -> str | None:
        """What must be said of the weights wherever they are shown."""
        return self.settings.weights.notice
