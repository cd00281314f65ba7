"""What the run says along depth: a chart and a sentence each, recipe beside recipe."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from atlas.examine.intervals import Range, estimate
from atlas.recipe import PHOTOGRAPHS
from atlas.render.catalog import Catalog
from atlas.render.depth_chart import REFERENCE, Backdrop, Series, along_depth
from atlas.render.evidence import no_judge
from atlas.render.figures import Looks, Measure, measures
from atlas.render.method import listed
from atlas.render.pairs import Comparison
from atlas.render.svg import number
from atlas.render.units import Layer

BOROWSKI = {"people, photographs 92 %": 92.0, "people, synthetic 82 %": 82.0, "chance 50 %": 50.0}
"""Borowski et al. 2021, "Exemplary natural images explain CNN activations better than
state-of-the-art feature visualization": how often people were right in the two-choice task."""

CHANCE = (
    "Such an interval is built to hold the true value in 95 of 100 cases; over few units that are "
    "far from alike it does so in about 90. Where recipes do not differ, then, one of ten to "
    "twenty still seems to win or to lose."
)
"""What readers of many intervals should know."""


@dataclass(frozen=True)
class Finding:
    """A chart along depth: what it shows, how it was measured, and what it comes to.

    The chart is empty where there is nothing to draw and still something to say. ``verdicts`` say
    who is ahead where recipes are compared, one sentence each.
    """

    key: str
    title: str
    measured: str
    unit: str
    series: list[Series]
    chart: Markup
    verdicts: list[str]


def find(catalog: Catalog, looks: Looks, comparisons: Iterable[Comparison]) -> list[Finding]:
    """All findings for which the run has data, over its layers in depth order."""
    drawn = [comparison for comparison in comparisons if comparison.recipe in catalog.along_depth]
    found = [_over_recipes(catalog, looks, measure, drawn) for measure in measures(catalog)]
    found += [
        _over_network(
            catalog, "silent", "Silent units",
            f"Share of a layer's units that none of the {len(catalog.probe_images)} probe images "
            "excites at any position. Layers without ReLU have no such units and are left out. "
            f"{_outcomes(catalog)}",
            [_silent(layer) for layer in catalog.layers],
        ),
        _over_network(
            catalog, "sparsity", "Sparsity",
            "Share of positions, over all probe images, at which a unit is active (above 0). "
            "Median of all units of the layer; bar: lower to upper quartile.",
            [_active(layer) for layer in catalog.layers],
        ),
    ]  # fmt: skip
    said = {"silent"}
    if "identified" in catalog.measured:
        said.add("identification")
    return [finding for finding in found if finding.chart or finding.key in said]


def table(catalog: Catalog, found: Iterable[Finding]) -> str:
    """``data/findings.csv``: every value of the charts, with its interval, by layer and recipe."""
    rows = [
        [finding.key, finding.unit, layer.name, series.name, value.middle, value.low, value.high]
        for finding in found
        for series in finding.series
        for layer, value in zip(catalog.layers, series.values, strict=True)
    ]
    columns = ["finding", "unit", "layer", "recipe", "value", "low", "high"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _over_recipes(
    catalog: Catalog, looks: Looks, measure: Measure, comparisons: list[Comparison]
) -> Finding:
    recipes = catalog.along_depth
    several = len(recipes) > 1
    series = [
        Series(recipe if several else "",
               [measure.over(layer, recipe, looks) for layer in catalog.layers], kind)
        for kind, recipe in enumerate(recipes)
    ]  # fmt: skip
    said, backdrop, images = measure.said, Backdrop(), catalog.probe_word
    known = any(value.middle is not None for each in series for value in each.values)
    if known:
        said += _left_out(catalog, looks, measure)
    if measure.key == "identification" and not known:
        return Finding(measure.key, measure.title, f"{said} {no_judge(catalog)}", "", [],
                       Markup(""), [])  # fmt: skip
    if measure.key == "identification":
        reference = [_with_photographs(catalog, looks, measure, layer) for layer in catalog.layers]
        if any(value.middle is not None for value in reference):
            series.append(Series(f"nine strongest {images}", reference, REFERENCE))
        backdrop = Backdrop(lines=BOROWSKI)
        said += (
            f" Reference: the same for the unit's nine strongest {images} in place of pictures, "
            "over the units that all recipes have a value for. Guessing is right in 50 of 100; "
            "people were right in 82 with synthetic pictures and in 92 with photographs (Borowski "
            "et al. 2021)."
        )
    if measure.key == "slope" and catalog.slopes:
        low, middle, high = catalog.slopes
        backdrop = Backdrop(band=(f"half of the {images}", low, high))
        said += f" Band: the {images}, lower to upper quartile, median {number(middle)}."
    chart = along_depth(
        [layer.short for layer in catalog.layers],
        series,
        f"{measure.title} by layer" + (f", {', '.join(recipes)}" if several else ""),
        log=measure.log,
        zero=measure.key not in ("slope", "identification"),
        backdrop=backdrop,
    )
    verdicts = []
    for comparison in comparisons:
        if sentence := comparison.sentence(measure.key):
            verdicts.append(sentence)
        if measure.key == "slope" and (sentence := comparison.sentence("distance")):
            verdicts.append(f"By the distance from the {images}' median, {sentence}")
    return Finding(measure.key, measure.title, said, measure.unit, series, chart, verdicts)


def _left_out(catalog: Catalog, looks: Looks, measure: Measure) -> str:
    """How many units the figures do without, by recipe."""
    missing = []
    for recipe in catalog.along_depth:
        units = [unit for unit in catalog.pictured if unit.by(recipe)]
        without = sum(measure.value(unit, recipe, looks) is None for unit in units)
        if without:
            by = f" by {recipe}" if len(catalog.along_depth) > 1 else ""
            missing.append(f"{without} of {len(units)}{by}")
    return f" Left out, without a value: {listed(missing)}." if missing else ""


def _outcomes(catalog: Catalog) -> str:
    """How many pictures failed, by recipe."""
    told = []
    for recipe in catalog.recipes:
        found = [picture.status for unit in catalog.pictured for picture in unit.by(recipe)]
        silent, broken = found.count("silent"), found.count("broken")
        outweighed = found.count("outweighed")
        told.append(f"{silent}, {broken} and {outweighed} of {len(found)} by {recipe}")
    return (
        "Pictures that ended silent (their unit at rest throughout the last size), broken (a loss "
        "that was no finite number) and outweighed by the regularizers (flat, or less active than "
        f"the noise at the start; these count in every figure): {', '.join(told)}."
    )


def _over_network(
    catalog: Catalog, key: str, title: str, measured: str, values: list[Range]
) -> Finding:
    """A finding about the network itself, which no recipe changes."""
    series, names = [Series("", values)], [layer.short for layer in catalog.layers]
    chart = along_depth(names, series, f"{title} by layer")
    return Finding(key, title, measured, "%", series, chart, [])


def _with_photographs(catalog: Catalog, looks: Looks, measure: Measure, layer: Layer) -> Range:
    """Identification by photographs, over the units that every recipe has a value for."""
    recipes = [recipe for recipe in catalog.along_depth if recipe in layer.recipes]
    known = [
        unit.identified.get(PHOTOGRAPHS)
        for unit in layer.pictured
        if all(measure.value(unit, recipe, looks) is not None for recipe in recipes)
    ]
    return estimate([100 * value for value in known if value is not None])


def _silent(layer: Layer) -> Range:
    silent = layer.silent_units
    return Range(None if silent is None else 100 * silent / layer.units)


def _active(layer: Layer) -> Range:
    low, middle, high = 100 * np.quantile(
        [row.active_fraction for row in layer.table], [0.25, 0.5, 0.75]
    )
    return Range(float(middle), float(low), float(high))
