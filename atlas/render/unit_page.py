"""The page of a unit: its pictures, their evidence, and what it is related to.

Beside it, for each recipe, a page with nothing but the picture, for the frames of other sites.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from atlas.render import constants, evidence, provenance
from atlas.render.crops import crops_of
from atlas.render.frame import Frame
from atlas.render.outline import outline
from atlas.render.pictures import Look
from atlas.render.portrait import portrait
from atlas.render.related import Related
from atlas.render.relations import RELATED
from atlas.render.tuning import tuning_curves
from atlas.render.two_faces import two_faces
from atlas.render.units import SHOWN, Unit


class UnitPages:
    """Writes the pages of units; the arguments are those of ``Pages``."""

    def __init__(
        self,
        frame: Frame,
        looks: Mapping[str, Look],
        lossless_ranks: int,
        probe_files: Mapping[str, str],
        stimulus_files: Mapping[str, str],
    ) -> None:
        self._frame = frame
        self._looks = looks
        self._lossless_ranks = lossless_ranks
        self._probe_files = probe_files
        self._stimulus_files = stimulus_files

    def write(
        self, unit: Unit, before: Unit | None, after: Unit | None, shown: Mapping[str, Any]
    ) -> str:
        """Write what is shown of a unit that stands between two others; return the page's name."""
        called = unit.layer.called(unit.number)
        return self._frame.write(
            "unit",
            unit.href,
            recipes=unit.recipes,
            first=unit.first,
            topic=f"{unit.layer.name} unit {called}",
            description=f"The picture that excites unit {called} of {unit.layer.name}, rank "
            f"{unit.rank} of {unit.layer.units}: its growth, evidence and tuning.",
            image=unit.picture.image,
            before=before and before.href,
            after=after and after.href,
            previous_unit=before,
            next_unit=after,
            **shown,
        )

    def write_embedded(self, unit: Unit) -> None:
        """Write the pages that show its pictures alone, one for each recipe."""
        for view in unit.views(unit.recipes):
            self._frame.write(
                "embed",
                view.picture.embed,
                topic=unit.title,
                description=f"The picture that excites unit {unit.number} of {unit.layer.name}.",
                image=view.picture.image,
                unit=unit,
                layer=unit.layer,
                picture=view.picture,
            )

    def shown(self, unit: Unit) -> dict[str, Any]:
        """What the template of a unit shows."""
        catalog = self._frame.catalog
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
            "neighbors": _neighbors(unit.layer.pictured, place),
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
            "faces": two_faces(catalog, unit, self._probe_files),
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
        return Related(self._frame.catalog)


def _neighbors(pictured: Sequence[Unit], place: int) -> Sequence[Unit]:
    """The ten among which a unit stands: the first ten of its layer, the next ten, and so on."""
    first = place - place % SHOWN
    return pictured[first : first + SHOWN]
