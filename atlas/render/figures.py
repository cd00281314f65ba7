"""What is compared along depth: each figure of a unit's pictures, and how units are summed up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from atlas.examine.intervals import Range, Statistic, estimate
from atlas.render.catalog import Catalog
from atlas.render.method import maximizers
from atlas.render.picture import Picture
from atlas.render.pictures import Look
from atlas.render.units import Layer, Unit
from atlas.run.evidence_columns import Evidence
from atlas.target import OF_THE_UNIT

Looks = Mapping[str, Look]


@dataclass(frozen=True)
class Measure:
    """A figure that every recipe gives for a unit.

    Args:
        key, title: its name, and the heading of its chart.
        said: what is measured, in a sentence or two.
        unit: of the figure as printed.
        of: the figure of one picture of a unit.
        statistic: sums up the units of a layer.
        factor: from the figure to its unit.
        log: whether it is a ratio, averaged and compared as logarithm.
        better: whether more is better; else neither more nor less is.
    """

    key: str
    title: str
    said: str
    unit: str
    of: Callable[[Unit, Picture, Look], float | None]
    statistic: Statistic = np.mean
    factor: float = 1.0
    log: bool = False
    better: bool = False

    def value(self, unit: Unit, recipe: str, looks: Looks) -> float | None:
        """The figure of a unit under a recipe; None where it has none.

        Over its samples that came out well: what a silent or a broken picture shows is not what
        its unit looks for. Pages say how many units are left out so.
        """
        found = [
            self.of(unit, picture, looks[picture.stem])
            for picture in unit.by(recipe)
            if picture.status in OF_THE_UNIT
        ]
        known = [value for value in found if value is not None and (value > 0 or not self.log)]
        if not known:
            return None
        if self.log:
            return float(np.exp(np.mean(np.log(known))))
        return self.factor * float(np.mean(known))

    def over(self, layer: Layer, recipe: str, looks: Looks) -> Range:
        """Summed up over a layer's units, with its interval."""
        values = [self.value(unit, recipe, looks) for unit in layer.pictured]
        return estimate([value for value in values if value is not None], self.statistic)


def evidence(name: str) -> Callable[[Unit, Picture, Look], float | None]:
    """A figure of the evidence, by its name."""
    assert hasattr(Evidence, name)
    return lambda unit, picture, look: getattr(picture.evidence, name) if picture.evidence else None


def measures(catalog: Catalog) -> list[Measure]:
    """Everything that recipes are compared on."""
    return [
        Measure("identification", "Identification",
                "How often the judge, a network of its own that sees only a unit's pictures, picks "
                f"the one of two {catalog.probe_word} that excites the unit. Mean over units.",
                "%", lambda unit, picture, look: unit.identified.get(picture.recipe),
                factor=100, better=True),
        Measure("robustness", "Robustness",
                "Activation that is left when the picture is disturbed: mean over four ways to do "
                "it, and over units.",
                "%", evidence("robustness"), factor=100, better=True),
        *(
            Measure(key, f"Left after {what}", "", "%", evidence(key), factor=100, better=True)
            for key, what in PARTS.items()
        ),
        Measure("gain", "Gain, RMS",
                "How many times as active (RMS) the unit is on its picture as on its "
                f"{catalog.strongest_image}. Median over units.{maximizers(catalog, 'RMS')}",
                "×", evidence("gain_rms"), np.median, log=True, better=True),
        Measure("gain_mean", "Gain, mean",
                "The same for the mean over all positions, which a few strong positions lift less."
                f"{maximizers(catalog, 'mean')}",
                "×", evidence("gain_mean"), np.median, log=True, better=True),
        Measure("frequency", "Spatial frequency",
                "How fine the pattern of a picture is: 0.5 changes sign with every pixel. Median "
                "over units.",
                "cycles/pixel", lambda unit, picture, look: look.frequency, np.median),
        Measure("slope", "Slope of the spectrum",
                "How fast a picture's power falls with spatial frequency, both logarithmic: 0 is "
                "noise, lower smoother. Median over units.",
                "", evidence("slope"), np.median),
        Measure("colorfulness", "Colorfulness",
                "0 is gray, 33 moderately and 109 extremely colorful. Median over units.",
                "", lambda unit, picture, look: look.colorfulness, np.median),
        Measure("specific", "Specificity",
                "Share of pictures that lift no unit of the layer as far above its usual "
                "activation as the unit they were made for.",
                "%", _specific, factor=100, better=True),
    ]  # fmt: skip


PARTS = {
    "shift": "a shift by 8 pixels",
    "blur": "a blur",
    "jpeg": "JPEG at quality 50",
    "rescale": "rescaling by 10 %",
}
"""The ways to disturb a picture whose mean is its robustness."""


def slope_nearness(images: float, word: str) -> Measure:
    """How near a picture's spectrum is to that of the probe set: 0 where it is the same."""
    slope = evidence("slope")

    def nearness(unit: Unit, picture: Picture, look: Look) -> float | None:
        value = slope(unit, picture, look)
        return None if value is None else -abs(value - images)

    return Measure("nearness", f"Slope, nearness to the {word}", "", "", nearness, better=True)


def _specific(unit: Unit, picture: Picture, look: Look) -> float | None:
    standing = picture.evidence.standing if picture.evidence else None
    return None if standing is None else float(standing == 1)
