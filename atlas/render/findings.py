"""What the run says along depth: a chart and a sentence each, and the article's two guesses."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from atlas.render.catalog import Catalog, Layer, Picture
from atlas.render.charts import Range, along_depth
from atlas.render.pictures import Look
from atlas.render.svg import number

RECOGNIZABLE = (
    "inception4a",
    "inception4b",
    "inception4c",
    "inception4d",
    "inception4e",
    "inception5a",
)
HIGH_FREQUENCY = "inception5b"
"""The article's closing guesses: where features are recognizable, and where noise prevails."""


@dataclass(frozen=True)
class Finding:
    """A chart along depth: what it shows, how it was measured, and the values it shows."""

    key: str
    title: str
    measured: str
    unit: str
    values: list[Range]
    chart: Markup


@dataclass(frozen=True)
class Guess:
    """What the article supposed, and what this run says about it."""

    claim: str
    verdict: str


def find(catalog: Catalog, looks: Mapping[str, Look]) -> list[Finding]:
    """All findings, each over the layers of the run in depth order."""

    def over(value: Callable[[Picture], float | None]) -> list[Range]:
        return [_middle(map(value, _finished(layer))) for layer in catalog.layers]

    pictures = [unit.picture for unit in catalog.pictured]
    silent = sum(picture.status == "silent" for picture in pictures)
    strongest = "strongest stimulus" if catalog.synthetic else "strongest photograph"
    asked = [
        ("frequency", "Spatial frequency of the pictures",
         "Mean radial frequency of a picture's brightness, weighted by its power spectrum: how "
         "fine the pattern is. 0.5 changes sign with every pixel. Dot: median of the layer's "
         "pictures; bar: lowest to highest.",
         "cycles/pixel", over(lambda p: looks[p.stem].frequency), {}),
        ("gain", "Gain over the probe set",
         "Activation (RMS) on the published 8-bit picture over that on the unit's "
         f"{strongest}: how many times better the picture is. On a logarithmic axis; median, "
         "lowest to highest.",
         "×", over(lambda p: p.evidence.gain_rms if p.evidence else None), {"log": True}),
        ("colorfulness", "Color of the pictures",
         "Colorfulness after Hasler and Süsstrunk (2003): spread and mean of the opponent colors. "
         "0 is gray, 33 moderately and 109 extremely colorful. Median, lowest to highest.",
         "", over(lambda p: looks[p.stem].colorfulness), {}),
        ("silent", "Silent units",
         f"Share of a layer's units that none of the {len(catalog.probe_images)} probe images "
         "excites at any position. Layers without ReLU have no such units and are left out. Of "
         f"{len(pictures)} pictures, {silent} ended silent: their unit never answered to them.",
         "%", [_silent(layer) for layer in catalog.layers], {}),
        ("sparsity", "Sparsity",
         "Share of positions, over all probe images, at which a unit is active (above 0). Median "
         "of all units of the layer; bar: lower to upper quartile.",
         "%", [_active(layer) for layer in catalog.layers], {}),
        ("specific", "Pictures that excite their own unit most",
         "Share of a layer's pictures on which no unit of the layer departs further from its mean "
         "over the probe set, in standard deviations, than the unit the picture was made for.",
         "%", [_specific(layer) for layer in catalog.layers], {}),
    ]  # fmt: skip
    names = [layer.short for layer in catalog.layers]
    return [
        Finding(key, title, measured, unit, values,
                along_depth(names, values, f"{title} by layer", **options))
        for key, title, measured, unit, values, options in asked
    ]  # fmt: skip


def guesses(catalog: Catalog, findings: Iterable[Finding]) -> list[Guess]:
    """The article's guesses that can be held against this run's layers."""
    values = {
        finding.key: dict(
            zip((layer.name for layer in catalog.layers), finding.values, strict=True)
        )
        for finding in findings
    }
    found = []
    inside = [name for name in RECOGNIZABLE if name in values["specific"]]
    outside = [name for name in values["specific"] if name not in RECOGNIZABLE]
    if inside and outside:
        specific = values["specific"]
        here, there = (_mean(specific[name].middle for name in part) for part in (inside, outside))
        if here is not None and there is not None:
            word = "more" if here > there else "no more"
            found.append(Guess(
                "4a to 4e and 5a have the most recognizable features.",
                "Recognizing is for people; no number of this run does it. The nearest is whether "
                "a picture speaks for its own unit rather than for any: in these layers "
                f"{number(here)} % of the pictures excite their own unit most, in the others "
                f"{number(there)} %. By that measure they are {word} specific.",
            ))  # fmt: skip
    frequency = {n: r.middle for n, r in values["frequency"].items() if r.middle is not None}
    if HIGH_FREQUENCY in frequency and len(frequency) > 1:
        order = sorted(frequency, key=lambda name: -frequency[name])
        place = order.index(HIGH_FREQUENCY) + 1
        others = [value for name, value in frequency.items() if name != HIGH_FREQUENCY]
        verdict = (
            f"The median spatial frequency of its pictures is {number(frequency[HIGH_FREQUENCY])} "
            f"cycles per pixel, against {number(float(np.median(others)))} in the other layers: "
            f"the {_ordinal(place)} of {len(order)} layers. "
        )
        if place == 1:
            verdict += "The run agrees."
        else:
            verdict += (
                f"Finest is {order[0]} with {number(frequency[order[0]])}: the run disagrees."
            )
        found.append(Guess("5b is mostly high frequency.", verdict))
    return found


def _finished(layer: Layer) -> list[Picture]:
    """The first pictures of a layer's units that came out well."""
    return [unit.picture for unit in layer.pictured if unit.picture.status == "ok"]


def _middle(values: Iterable[float | None]) -> Range:
    known = [value for value in values if value is not None]
    if not known:
        return Range(None)
    return Range(float(np.median(known)), min(known), max(known))


def _silent(layer: Layer) -> Range:
    silent = layer.silent_units
    return Range(None if silent is None else 100 * silent / layer.units)


def _active(layer: Layer) -> Range:
    low, middle, high = 100 * np.quantile(
        [row.active_fraction for row in layer.table], [0.25, 0.5, 0.75]
    )
    return Range(float(middle), float(low), float(high))


def _specific(layer: Layer) -> Range:
    standings = [p.evidence.standing for p in _finished(layer) if p.evidence]
    known = [standing == 1 for standing in standings if standing is not None]
    return Range(100 * float(np.mean(known)) if known else None)


def _ordinal(place: int) -> str:
    if place == 1:
        return "highest"
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(0 if 10 < place % 100 < 14 else place % 10, "th")
    return f"{place}{suffix} highest"


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
