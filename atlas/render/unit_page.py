"""The page of a unit: its pictures, their evidence, and what it is related to."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from atlas.render import constants, evidence, provenance
from atlas.render.catalog import Catalog
from atlas.render.crops import crops_of
from atlas.render.outline import outline
from atlas.render.pictures import Look
from atlas.render.portrait import portrait
from atlas.render.related import Related
from atlas.render.relations import RELATED
from atlas.render.tuning import tuning_curves
from atlas.render.units import SHOWN, Unit


class UnitPages:
    """Brings together what the pages of units show; the arguments are those of ``Pages``."""

    def __init__(
        self,
        catalog: Catalog,
        looks: Mapping[str, Look],
        lossless_ranks: int,
        probe_files: Mapping[str, str],
        stimulus_files: Mapping[str, str],
    ) -> None:
        self._catalog = catalog
        self._looks = looks
        self._lossless_ranks = lossless_ranks
        self._probe_files = probe_files
        self._stimulus_files = stimulus_files

    def shown(self, unit: Unit) -> dict[str, Any]:
        """What the template of a unit shows."""
        catalog = self._catalog
        views = unit.views(unit.recipes)
        place = unit.layer.pictured.index(unit)
        crops = crops_of(unit, catalog.network.input)
        return {
            "unit": unit,
            "layer": unit.layer,
            "portraits": [portrait(catalog, unit, view) for view in views],
            "evidence": evidence.evidence_rows(catalog, unit, views, self._looks),
            "lossless": place < self._lossless_ranks,
            "comparable": place < SHOWN,
            "strongest": [
                (
                    image,
                    self._probe_files.get(image.name),
                    outline(unit.layer, image, catalog.network.input),
                    crops.get(image.name),
                )
                for image in unit.strongest
            ],
            "weakest": [(image, self._probe_files.get(image.name)) for image in unit.weakest],
            "stimuli": [
                (stimulus, self._stimulus_files[stimulus.name])
                for stimulus in unit.stimuli
                if stimulus.name in self._stimulus_files
            ],
            "twins": self._related.twins(unit),
            "relatives": self._related.relatives(unit),
            "connections": self._related.connections(unit),
            "related_most": RELATED,
            "tuning": tuning_curves(unit, catalog.network.channels),
            "own_recipes": constants.tables(catalog),
            "likeness": evidence.LIKENESS,
            "commands": len(provenance.build_commands(catalog)),
        }

    @cached_property
    def _related(self) -> Related:
        return Related(self._catalog)
