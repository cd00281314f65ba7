"""The pages: each writer brings together what one template shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from atlas.relate.responses import Responses
from atlas.render import (
    charts,
    constants,
    evidence,
    findings_page,
    front_page,
    layer_page,
    method,
    provenance,
)
from atlas.render.alike import alike_between
from atlas.render.blocks import Block, blocks_of
from atlas.render.catalog import ARTICLE, Catalog
from atlas.render.compare_page import made, write_compare
from atlas.render.data import SCHEMA
from atlas.render.first_shown import RULE
from atlas.render.frame import Frame
from atlas.render.pictures import Look
from atlas.render.unit_card import write_card
from atlas.render.unit_page import UnitPages
from atlas.render.units import Layer, Unit, stand_ins
from atlas.render.wall import Wall


@dataclass
class Pages:
    """Writes all pages of one site.

    Args:
        frame: writes each of them.
        looks: what was measured on each picture, by its stem.
        sheets: width and height of the contact sheets, by their name in the site.
        lossless_ranks: how many of a layer's pictures are there to be downloaded losslessly.
        probe_files: files of the probe images that are shown, by image name.
        stimulus_files: files of the stimuli that are shown beside them, by name.
        wall: every unit at its place on the first page.
        responses: of all units to the probe images, where the run knows relatives by them.
    """

    frame: Frame
    looks: Mapping[str, Look]
    sheets: Mapping[str, tuple[int, int]]
    lossless_ranks: int
    probe_files: Mapping[str, str]
    stimulus_files: Mapping[str, str]
    wall: Wall
    responses: Responses | None

    @property
    def catalog(self) -> Catalog:
        """What the pages show."""
        return self.frame.catalog

    def write(self) -> None:
        """Write every page, and the sitemap where the address is known."""
        written = [self._index()]
        layers = self.catalog.layers
        for before, layer, after in _neighbors(layers):
            written.append(self._layer(layer, before, after))
        for before, unit, after in _neighbors(self.catalog.pictured):
            written.append(self._unit(unit, before, after))
        written += [self._compare(), self._findings(), self._about()]
        self._not_found()
        self.frame.write_sitemap(written)

    def _index(self) -> str:
        count = len(self.catalog.pictured)
        return self.frame.write(
            "index",
            "index.html",
            description=f"What {count} units of {self.frame.network_name} look for: "
            "pictures made by activation maximization, layer by layer.",
            **front_page.shown(self.catalog, self.wall),
        )

    def _layer(self, layer: Layer, before: Layer | None, after: Layer | None) -> str:
        marked = {f"unit {layer.called(unit.number)}": unit.mean for unit in layer.shown}
        recipes = self._made(layer.shown, layer.sheets)
        constants = self.catalog.constants_in(layer)
        own = {recipe: constants[recipe] for recipe in recipes}
        chart = charts.distribution(
            _means(layer),
            marked,
            self._axis,
            f"Mean activation of the {layer.units} units of {layer.name}; "
            f"{len(marked)} of them marked",
        )
        return self.frame.write(
            "layer",
            layer.href,
            recipes=recipes,
            first=layer.first_of(recipes) if recipes else None,
            rule=RULE,
            topic=f"{layer.name}",
            description=f"The {len(layer.shown)} most active units of {layer.name} with their "
            f"pictures, and the statistics of all {layer.units}.",
            image=layer.shown[0].picture.image if layer.shown else None,
            before=before and before.href,
            after=after and after.href,
            layer=layer,
            previous_layer=before,
            next_layer=after,
            distribution=chart,
            sketch=charts.receptive_field(layer.receptive_field, self.catalog.network.input),
            sheets=[
                (recipe, shown, layer.sheet(recipe), self.sheets[layer.sheet(recipe)])
                for recipe, shown in stand_ins(recipes, layer.sheets).items()
            ],
            unrectified=None if layer.rectified else method.unrectified(own),
            **layer_page.shown(layer),
        )

    def _unit(self, unit: Unit, before: Unit | None, after: Unit | None) -> str:
        shown = self._units.shown(unit)
        write_card(self.frame, unit, made(self.catalog, self._blocks), self.looks, shown)
        self._units.write_embedded(unit)
        return self._units.write(unit, before, after, shown)

    def _compare(self) -> str:
        return write_compare(
            self.frame,
            self._blocks,
            alike_between(self._blocks, self.responses),
            self._axis,
            self.responses is not None,
        )

    def _findings(self) -> str:
        told, files = self._found
        for name, content in files.items():
            self.frame.folder.write(name, content)
        return self.frame.write(
            "findings",
            "findings.html",
            topic="Findings",
            description="How often a picture tells what its unit responds to, by recipe; and what "
            "changes from the first layer to the last.",
            **told,
        )

    def _about(self) -> str:
        return self.frame.write(
            "about",
            "about.html",
            topic="Method",
            description="How the pictures are made: formulas, every constant, probe set, weights, "
            "versions, and how to make them again.",
            accounts=method.accounts(self.catalog),
            constants=constants.columns(self.catalog),
            defaults=ARTICLE,
            explained=(explained := constants.explained(self.catalog)),
            shared=[name for name in ARTICLE if name not in explained],
            likeness=evidence.LIKENESS,
            judge=evidence.judge(self.catalog),
            own_recipes=list(dict.fromkeys(constants.tables(self.catalog).values())),
            schema=SCHEMA,
            commands=provenance.build_commands(self.catalog),
            compared=self._found[0]["differ"],
            lossless_ranks=self.lossless_ranks,
            has_more_pictures=any(
                len(layer.pictured) > self.lossless_ranks for layer in self.catalog.layers
            ),
        )

    def _not_found(self) -> None:
        # A server shows this page at whatever depth was asked for, where relative links lead
        # nowhere: they start at the site's root, where that is known.
        root = urlsplit(self.frame.base_url).path if self.frame.base_url else ""
        self.frame.write(
            "404",
            "404.html",
            topic="Not found",
            description="There is no such page in this atlas.",
            root=root,
        )

    def _made(self, units: Iterable[Unit], others: Iterable[str] = ()) -> list[str]:
        """The recipes by which any of these units is pictured, and others, in the site's order."""
        return self.catalog.made(units, others)

    @cached_property
    def _found(self) -> tuple[dict[str, Any], dict[str, str]]:
        """What the page of findings shows, and the files beside it."""
        return findings_page.shown(self.catalog, self.looks, self.probe_files)

    @cached_property
    def _blocks(self) -> list[Block]:
        return blocks_of(self.catalog, self.looks)

    @cached_property
    def _units(self) -> UnitPages:
        return UnitPages(
            self.frame, self.looks, self.lossless_ranks, self.probe_files, self.stimulus_files
        )

    @cached_property
    def _axis(self) -> charts.LogAxis:
        """One axis of mean activation for the whole site, so that layers can be compared."""
        return charts.LogAxis.over(
            [mean for layer in self.catalog.layers for mean in _means(layer)]
        )


def _neighbors(items: list[Any]) -> list[tuple[Any, Any, Any]]:
    """Each item between the one before and the one after it."""
    padded = [None, *items, None]
    return [(a, b, c) for (a, b), (_, c) in pairwise(list(pairwise(padded)))]


def _means(layer: Layer) -> list[float]:
    return [row.mean for row in layer.table]
