"""A unit by one recipe, as its page shows it."""

from dataclasses import dataclass

from markupsafe import Markup

from atlas.render import charts, ends, evidence, method, provenance
from atlas.render.catalog import Catalog
from atlas.render.ends import Headline
from atlas.render.picture import Picture
from atlas.render.units import Unit, View


@dataclass(frozen=True)
class Portrait:
    """What a unit's page shows of the recipe's first picture and of its samples.

    ``captions`` say of each stage how large it is and how often it was enlarged.
    """

    view: View
    samples: list[Picture]
    likeness: float | None
    captions: list[str]
    curve: Markup
    dips: str
    unrectified: str | None
    command: str
    shows: str
    counted: str
    headline: Headline


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
        captions=_captions(picture, sizes),
        curve=charts.activation_curve(picture.activations, picture.stages, sizes),
        dips=method.dips(own),
        unrectified=None
        if rectified or picture.minimum
        else method.unrectified({picture.recipe: own}),
        command=provenance.unit_command(catalog, unit, picture),
        shows=ends.shows(picture, unit.layer),
        counted=ends.counted(picture),
        headline=ends.headline(catalog, picture),
    )


def _captions(picture: Picture, sizes: int) -> list[str]:
    """What stands below a picture of which as many sizes were climbed, stage by stage."""
    found = []
    for upscale, size in picture.stages:
        before = max(upscale - (picture.stages[-1][0] + 1 - sizes), 0)
        times = {0: "not enlarged yet", 1: "enlarged once"}.get(before, f"enlarged {before} times")
        found.append(f"{size} × {size} pixels, {times}")
    if picture.growing:
        found[-1] = f"{picture.size} of {picture.last_size} pixels, still growing"
    return found or [f"{picture.size} × {picture.size} pixels"]
