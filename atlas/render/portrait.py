"""A unit by one recipe, as its page shows it."""

from dataclasses import dataclass

from markupsafe import Markup

from atlas.render import charts, evidence, method, provenance
from atlas.render.catalog import Catalog
from atlas.render.picture import Picture
from atlas.render.units import Unit, View


@dataclass(frozen=True)
class Portrait:
    """What a unit's page shows of the recipe's first picture and of its samples."""

    view: View
    samples: list[Picture]
    likeness: float | None
    curve: Markup
    dips: str
    unrectified: str | None
    command: str


def portrait(catalog: Catalog, unit: Unit, view: View) -> Portrait:
    """Bring together what is shown of a unit by the recipe of this view."""
    picture, rectified = view.picture, unit.layer.rectified
    own = catalog.constants_in(unit.layer)[picture.recipe]
    steps = own["steps"]
    sizes = len(picture.activations) // steps if steps else 0
    samples = unit.by(picture.recipe)
    return Portrait(
        view=view,
        samples=samples,
        likeness=evidence.likeness(samples),
        curve=charts.activation_curve(picture.activations, picture.stages, sizes),
        dips=method.dips(own),
        unrectified=None if rectified else method.unrectified({picture.recipe: own}),
        command=provenance.unit_command(catalog, unit, picture),
    )
