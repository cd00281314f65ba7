"""What the run says along depth: charts and a sentence each, recipe beside recipe."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from markupsafe import Markup

from atlas.examine.intervals import Range, estimate
from atlas.recipe import PHOTOGRAPH, PHOTOGRAPHS
from atlas.render.catalog import Catalog
from atlas.render.depth_chart import LESSER_REFERENCE, REFERENCE, Backdrop, Series, along_depth
from atlas.render.figures import PARTS, Looks, Measure, measures
from atlas.render.forest import forest
from atlas.render.method import listed
from atlas.render.pairs import Comparison
from atlas.render.recognition import CHANCE, TOLD
from atlas.render.svg import number
from atlas.render.units import Layer


@dataclass(frozen=True)
class Finding:
    """A chart along depth: what it shows, how it was measured, and what it comes to.

    ``warning`` is what must be known before the chart is believed. ``forests`` hold the recipes
    against each other, ``verdicts`` say in a sentence each who is ahead. ``parts`` are what the
    figure is made of, or a second way to measure it.
    """

    key: str
    title: str
    measured: str
    unit: str
    series: list[Series]
    chart: Markup
    verdicts: list[str] = field(default_factory=list)
    forests: list[Markup] = field(default_factory=list)
    warning: str = ""
    parts: list["Finding"] = field(default_factory=list)


@dataclass(frozen=True)
class Chapter:
    """Findings that belong together."""

    key: str
    title: str
    findings: list[Finding]


def chapters(catalog: Catalog, looks: Looks, comparisons: Sequence[Comparison]) -> list[Chapter]:
    """All findings for which the run has data, over its layers in depth order."""
    found = {
        measure.key: _over_recipes(catalog, looks, measure, comparisons)
        for measure in measures(catalog)
    }
    found["robustness"].parts.extend(found.pop(key) for key in PARTS)
    found["gain"].parts.append(found.pop("gain_mean"))
    price = "The price in gain" if len(catalog.along_depth) > 1 else "Gain"
    alone = {"identification": "Identification by layer", "robustness": "Robustness", "gain": price}
    told = [Chapter(key, title, [found.pop(key)]) for key, title in alone.items()]
    told.append(Chapter("depth", "From the first layer to the last", [
        *found.values(),
        _over_network(
            catalog, "sparsity", "Sparsity",
            f"Share of positions, over all {catalog.probe_word}, at which a unit is active. Median "
            "of all units of a layer; bar: half of them.",
            [_active(layer) for layer in catalog.layers],
        ),
        _silence(catalog),
    ]))  # fmt: skip
    shown = [
        Chapter(each.key, each.title, [one for one in each.findings if one.chart or one.verdicts])
        for each in told
    ]
    return [chapter for chapter in shown if chapter.findings]


def table(catalog: Catalog, found: Iterable[Chapter]) -> str:
    """``data/findings.csv``: every value of the charts, with its interval, by layer and recipe."""
    rows = [
        [finding.key, finding.unit, layer.name, series.name, value.middle, value.low, value.high]
        for finding in _all(found)
        for series in finding.series
        for layer, value in zip(catalog.layers, series.values, strict=True)
    ]
    columns = ["finding", "unit", "layer", "recipe", "value", "low", "high"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _all(found: Iterable[Chapter]) -> Iterator[Finding]:
    """The findings of all chapters, each before its parts."""
    for chapter in found:
        for finding in chapter.findings:
            yield finding
            yield from finding.parts


def _over_recipes(
    catalog: Catalog, looks: Looks, measure: Measure, comparisons: Sequence[Comparison]
) -> Finding:
    recipes, images = catalog.along_depth, catalog.probe_word
    several = len(recipes) > 1
    series = [
        Series(recipe if several else "",
               [measure.over(layer, recipe, looks) for layer in catalog.layers], kind)
        for kind, recipe in enumerate(recipes)
    ]  # fmt: skip
    said, backdrop, warning = measure.said, Backdrop(), ""
    known = any(value.middle is not None for each in series for value in each.values)
    if measure.key == "identification" and known:
        one, reference = (
            [_with(name, catalog, looks, measure, layer) for layer in catalog.layers]
            for name in (PHOTOGRAPH, PHOTOGRAPHS)
        )
        weak = {
            place: value.middle
            for place, value in enumerate(reference)
            if value.middle is not None and value.middle < TOLD
        }
        backdrop = Backdrop(
            lines={"chance 50 %": CHANCE},
            columns={"judge cannot tell": list(weak)} if weak else {},
        )
        warning = _cannot_tell(catalog, weak)
        if any(value.middle is not None for value in reference):
            series.append(Series(f"nine strongest {images}", reference, REFERENCE))
            said += (
                f" Dashes, the most to be hoped for: the unit's nine strongest {images} in place "
                "of its pictures"
            )
            if any(value.middle is not None for value in one):
                series.append(Series("the strongest alone", one, LESSER_REFERENCE))
                said += ". Dots: the strongest alone, one image as a picture is one"
            said += "."
    if measure.key == "slope" and catalog.slopes:
        low, middle, high = catalog.slopes
        backdrop = Backdrop(band=(f"half of the {images}", low, high))
        said += f" Band: half of the {images}, median {number(middle)}."
    chart = along_depth(
        [layer.short for layer in catalog.layers],
        series,
        f"{measure.title} by layer" + (f", {', '.join(recipes)}" if several else ""),
        log=measure.log,
        zero=measure.key not in ("slope", "identification"),
        backdrop=backdrop,
    )
    key = "nearness" if measure.key == "slope" else measure.key
    against = [comparison for comparison in comparisons if key in comparison.by_layer]
    verdicts = [sentence for each in against if (sentence := each.sentence(key))]
    if key == "nearness":
        verdicts = [f"By nearness to the {images}' median, {sentence}" for sentence in verdicts]
    forests = [drawn for each in against if (drawn := forest(each, key))]
    return Finding(measure.key, measure.title, said, measure.unit, series, chart, verdicts,
                   forests, warning)  # fmt: skip


def _cannot_tell(catalog: Catalog, weak: Mapping[int, float]) -> str:
    """Of which layers the judge cannot tell even photographs."""
    if not weak:
        return ""
    images = catalog.probe_word
    names = listed([catalog.layers[place].short for place in weak])
    right = listed([f"{value:.0f} %" for value in weak.values()])
    return (
        f"In {names} the judge cannot tell even {images}: with the nine strongest of a unit it is "
        f"right in {right}, and guessing gives 50 %. What it says of pictures there counts for "
        "little."
    )


def _over_network(
    catalog: Catalog, key: str, title: str, measured: str, values: list[Range]
) -> Finding:
    """A finding about the network itself, which no recipe changes."""
    series, names = [Series("", values)], [layer.short for layer in catalog.layers]
    chart = along_depth(names, series, f"{title} by layer")
    return Finding(key, title, measured, "%", series, chart)


def _silence(catalog: Catalog) -> Finding:
    """The units that nothing excites; a sentence where there are none."""
    values = [_silent(layer) for layer in catalog.layers]
    excites = f"none of the {len(catalog.probe_images)} {catalog.probe_word} excites anywhere"
    found = _over_network(catalog, "silent", "Silent units", f"Share of units that {excites}. "
                          "Layers without ReLU have none.", values)  # fmt: skip
    if any(value.middle for value in values) or not found.chart:
        return found
    told = [f"No layer has a unit that {excites}."]
    return replace(found, measured="", chart=Markup(""), verdicts=told)


def _with(
    photographs: str, catalog: Catalog, looks: Looks, measure: Measure, layer: Layer
) -> Range:
    """Identification by photographs, over the units that every recipe has a value for."""
    recipes = [recipe for recipe in catalog.along_depth if recipe in layer.recipes]
    known = [
        unit.identified.get(photographs)
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
