"""The evidence of a unit's page: what was measured on its pictures, recipe beside recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from markupsafe import Markup

from atlas.examine.critics import OWN
from atlas.recipe import PHOTOGRAPH, PHOTOGRAPHS
from atlas.render import ends
from atlas.render.catalog import Catalog
from atlas.render.picture import Picture
from atlas.render.pictures import Look
from atlas.render.svg import element, image, line, number, percent
from atlas.render.units import Unit, View

NOT_MEASURED = "Not measured in this run."

BAR = (84, 10)
"""Width and height of the bar of a fraction."""


@dataclass(frozen=True)
class Row:
    """One figure over the recipes.

    Args:
        title: what it is.
        phrase: what it says, in one plain phrase.
        values: for each recipe's picture, as printed; a dash where it is undefined.
        bars: the fractions drawn, or none.
        why: why a value is missing, where one is.
    """

    title: str
    phrase: str
    values: list[str]
    bars: list[Markup]
    why: str | None = None


def evidence_rows(
    catalog: Catalog, unit: Unit, views: list[View], looks: Mapping[str, Look]
) -> list[Row]:
    """All rows of the table; one without any measurement says so."""
    strongest = catalog.strongest_image
    units = unit.layer.units

    def row(
        key: str,
        title: str,
        phrase: str,
        of: Callable[[Picture], float | None],
        undefined: str,
        written: Callable[[float | None], str] = number,
        fraction: bool = False,
        chance: float | None = None,
    ) -> Row:
        pictures = [view.picture for view in views]
        values = [of(picture) for picture in pictures]
        ended = key if title != "Robustness" else "robustness"
        phrase = f"{phrase} {ends.instead(catalog, ended, pictures)}".rstrip()
        without = [each for each, value in zip(pictures, values, strict=True) if value is None]
        why = ends.undefined(catalog, ended, without, undefined) or None
        if key not in catalog.measured:
            why = NOT_MEASURED
        whole = [None if value is None else round(100 * value) for value in values]
        bars = [_bar(percents, chance) for percents in whole] if fraction else []
        return Row(title, phrase, [written(value) for value in values], bars, why)

    def figure(name: str) -> Callable[[Picture], float | None]:
        return lambda picture: getattr(picture.evidence, name) if picture.evidence else None

    silent = "Undefined where the picture does not excite the unit."
    undefined = {"jpeg": NO_JPEG} if catalog.false_color else {}
    asleep = f"Undefined where the {strongest} does not excite the unit."
    rows = [
        row("gain_rms", "Gain, RMS",
            f"How many times as active the unit is on the picture as on its {strongest}.",
            figure("gain_rms"), asleep, _times),
        row("gain_mean", "Gain, mean", "The same for the mean over all positions.",
            figure("gain_mean"), asleep, _times),
        row("standing", "Standing in its layer",
            f"Its place among all {units} units on this picture, by how far each is lifted from "
            "its usual activation.",
            figure("standing"), "Undefined for a unit that no probe image changes.",
            lambda value: "–" if value is None else f"{value:.0f}"),
        row("shift", "Robustness", "Mean of the four shares below.", figure("robustness"),
            undefined.get("jpeg", silent), whole_percent, fraction=True),
        *(
            row(key, title, phrase, figure(key), undefined.get(key, silent), whole_percent,
                fraction=True)
            for key, title, phrase in DISTURBED
        ),
        row("slope", "Slope of the spectrum", _slope_phrase(catalog), figure("slope"),
            "Undefined for a uniform picture.", lambda value: number(value, 2)),
        row("identified", "Identification", _identification_phrase(catalog, unit),
            lambda picture: unit.identified.get(picture.recipe), no_judge(catalog),
            whole_percent, fraction=True, chance=0.5),
    ]  # fmt: skip
    if any(len(unit.by(view.picture.recipe)) > 1 for view in views):
        rows.append(
            row("alike", "Likeness of its samples",
                f"How alike the layer's responses to them are: {LIKENESS}.",
                lambda picture: likeness(unit.by(picture.recipe)),
                "Undefined for a single picture that excites the unit.",
                lambda value: number(value, 2))
        )  # fmt: skip
    rows += [
        Row("Spatial frequency", "Mean over its power spectrum, in cycles per pixel.",
            [number(looks[view.picture.stem].frequency) for view in views], []),
        Row("Colorfulness", "0 is gray, 33 moderate, 109 extreme.",
            [number(looks[view.picture.stem].colorfulness) for view in views], []),
    ]  # fmt: skip
    return rows


NO_JPEG = "Undefined: JPEG knows no images of such channels."

LIKENESS = "1 the same pattern over its units, 0 unrelated"
"""What the ends of the scale of likeness mean."""

whole_percent = partial(percent, digits=0)

DISTURBED = [
    ("shift", "Left after a shift",
     "Share of the activation that is left when the picture is moved by 8 pixels."),
    ("blur", "Left after a blur", "The same when it is blurred."),
    ("jpeg", "Left after JPEG", "The same when it is saved as JPEG at quality 50."),
    ("rescale", "Left after rescaling", "The same when it is enlarged or reduced by 10 %."),
]  # fmt: skip
"""What a picture is put through: column of the run, title, and what it says."""


def likeness(samples: list[Picture]) -> float | None:
    """How alike the samples of a unit are, on average; None where it was not measured."""
    found = [sample.evidence.alike for sample in samples if sample.evidence]
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else None


def _times(value: float | None) -> str:
    return number(value) if value is None else f"{number(value)} ×"


def _slope_phrase(catalog: Catalog) -> str:
    phrase = (
        "How fast power falls with spatial frequency, both logarithmic: 0 is noise, lower smoother."
    )
    if catalog.slopes is None:
        return phrase
    low, middle, high = (number(value, 2) for value in catalog.slopes)
    return f"{phrase} The {catalog.probe_word}: {middle}, half of them from {low} to {high}."


def _identification_phrase(catalog: Catalog, unit: Unit) -> str:
    images = catalog.probe_word
    phrase = (
        f"How often an independent network, shown the pictures, picks the one of two {images} "
        "that excites the unit; 50 % is chance."
    )
    if (right := unit.identified.get(PHOTOGRAPHS)) is None:
        return phrase
    phrase += f" Shown its nine strongest {images} instead: {whole_percent(right)}"
    one = unit.identified.get(PHOTOGRAPH)
    return phrase + (f", the strongest alone: {whole_percent(one)}." if one is not None else ".")


def judge(catalog: Catalog) -> str:
    """What the judge of likeness is called; runs that do not say had the one there was."""
    return catalog.settings.judge_name or OWN.name


def no_judge(catalog: Catalog) -> str:
    """Why no two-choice task could be judged."""
    if catalog.settings.judge is None:
        return (
            "Not measured: the judge is the network that comes with atlas, which is itself the "
            "one shown here and would judge its own pictures."
        )
    return (
        "Undefined where the unit has no picture that came out, or where too few probe images "
        "excite it to set a strong one against a weak one; there were "
        f"{len(catalog.probe_images)} in all."
    )


@cache
def _bar(percents: int | None, chance: float | None) -> Markup:
    """Percent as a bar from 0 to 100, with a mark at chance. Thousands of pages share these."""
    width, height = BAR
    parts = [element("rect", x=0, y=2, width=width, height=height - 4, class_="track")]
    if percents is not None:
        long = width * min(max(percents, 0), 100) / 100
        parts.append(element("rect", x=0, y=2, width=long, height=height - 4, class_="fill"))
    if chance is not None:
        parts.append(line(width * chance, 0, width * chance, height, "chance"))
    # The figure beside it says the same.
    return image(width, height, None, *parts, class_="fraction")
