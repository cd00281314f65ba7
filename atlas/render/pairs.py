"""Two recipes compared unit by unit: the same unit, its picture by one and by the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, compress

import numpy as np
import pandas as pd

from atlas.examine.intervals import Range, estimate
from atlas.render.catalog import Catalog
from atlas.render.figures import Looks, Measure, measures, slope_nearness
from atlas.render.headlined import described, headlined, own_channels
from atlas.render.svg import number
from atlas.render.units import Layer

JUDGED = ("identification", "robustness", "gain", "gain_mean")
"""What a recipe wins or loses by; the slope joins them where the photographs' is known."""


@dataclass(frozen=True)
class Difference:
    """How much a measure differs over pairs of pictures of the same units.

    ``range`` is the mean difference, for a ratio their geometric mean, with its interval;
    ``pairs`` how many units have a value under both recipes.
    """

    measure: Measure
    pairs: int
    range: Range

    @property
    def nothing(self) -> float:
        """What it is where recipes do not differ."""
        return 1.0 if self.measure.log else 0.0

    @property
    def verdict(self) -> str | None:
        """Win, tie or loss: a tie is an interval that holds no difference.

        None without an interval, and for a measure of which neither more nor less is better.
        """
        if self.range.low is None or self.range.high is None or not self.measure.better:
            return None
        if self.range.low <= self.nothing <= self.range.high:
            return "tie"
        return "win" if self.range.low > self.nothing else "loss"

    def written(self) -> str:
        """The difference with its interval, for reading."""
        r = self.range
        if r.middle is None:
            return "–"
        if r.low is None or r.high is None:
            return self.figure(r.middle)
        return f"{self.figure(r.middle)} [{self.figure(r.low)}, {self.figure(r.high)}]"

    def figure(self, value: float) -> str:
        """A difference for reading, with its sign, or a ratio."""
        if self.measure.log:
            return f"×{number(value)}"
        if self.measure.unit == "%":
            value = round(value, 1)
        return f"{'+' if value > 0 else ''}{number(value, 2 if abs(value) < 10 else 3)}"


@dataclass(frozen=True)
class Comparison:
    """A recipe against the baseline: for every measure the layers' differences, and all units'.

    ``layers`` are those in which units are pictured by both, without pools of others: these repeat
    their channels. ``over_all`` is over all of them, ``headline`` over those of ``headlined``.
    All are by key of the measure.
    """

    recipe: str
    baseline: str
    layers: list[Layer]
    measures: list[Measure]
    by_layer: dict[str, list[Difference]]
    over_all: dict[str, Difference]
    headline: dict[str, Difference]

    @property
    def headlined(self) -> list[Layer]:
        """The layers that sentences are about."""
        return headlined(self.layers)

    def sentence(self, key: str) -> str | None:
        """Who is ahead in a measure, said from the interval over the headlined layers."""
        whole = self.headline.get(key)
        if whole is None or whole.verdict is None:
            return None
        middle, low, high = (
            whole.figure(value or 0.0)
            for value in (whole.range.middle, whole.range.low, whole.range.high)
        )
        word = {
            "win": f"{self.recipe} wins against {self.baseline}",
            "loss": f"{self.recipe} loses against {self.baseline}",
            "tie": f"{self.recipe} and {self.baseline} tie",
        }[whole.verdict]
        unit = " points" if whole.measure.unit == "%" else ""
        return (
            f"{word}: {middle}{unit} over {whole.pairs} units of {described(self.headlined)} "
            f"(95 % interval {low} to {high}){self._layer_by_layer(key)}."
        )

    def _layer_by_layer(self, key: str) -> str:
        """How many of these layers are won, tied and lost."""
        if len(self.headlined) < 2:
            return ""
        verdicts = [
            each.verdict
            for layer, each in zip(self.layers, self.by_layer[key], strict=True)
            if layer in self.headlined
        ]
        counts = [
            f"{count} {plural if count != 1 else verdict}"
            for verdict, plural in (("win", "wins"), ("tie", "ties"), ("loss", "losses"))
            if (count := verdicts.count(verdict))
        ]
        return f"; layer by layer {', '.join(counts)}" if counts else ""


def compare(catalog: Catalog, looks: Looks) -> list[Comparison]:
    """Every other recipe against the baseline, on what one of them can win by."""
    baseline = catalog.baseline
    judged = [measure for measure in measures(catalog) if measure.key in JUDGED]
    if catalog.slopes is not None:
        judged.append(slope_nearness(catalog.slopes[1], catalog.probe_word))
    found = []
    for recipe in catalog.alike:
        layers = own_channels(
            [layer for layer in catalog.layers if _common(layer, recipe, baseline)]
        )
        if recipe == baseline or not layers:
            continue
        by_layer, over_all, headline = {}, {}, {}
        chosen = [layer in headlined(layers) for layer in layers]
        for measure in judged:
            pairs = [paired(measure, layer, recipe, baseline, looks) for layer in layers]
            if not any(pairs):
                continue
            by_layer[measure.key] = [difference(measure, each) for each in pairs]
            over_all[measure.key] = difference(measure, list(chain.from_iterable(pairs)))
            told = list(chain.from_iterable(compress(pairs, chosen)))
            headline[measure.key] = difference(measure, told)
        kept = [measure for measure in judged if measure.key in by_layer]
        if kept:
            found.append(Comparison(recipe, baseline, layers, kept, by_layer, over_all, headline))
    return found


def table(comparisons: Iterable[Comparison]) -> str:
    """``data/differences.csv``: every difference with its interval, by measure, recipe and layer.

    Positive, and of a gain above 1, is the recipe ahead of the baseline.
    """
    rows = []
    for each in comparisons:
        for measure in each.measures:
            key = measure.key
            told = [
                (layer.name, one)
                for layer, one in zip(each.layers, each.by_layer[key], strict=True)
            ]
            told.append(("all layers", each.over_all[key]))
            if each.headlined != each.layers:
                told.append((described(each.headlined), each.headline[key]))
            for layer, one in told:
                r = one.range
                rows.append([key, each.recipe, each.baseline, layer, one.pairs,
                             r.middle, r.low, r.high, one.verdict])  # fmt: skip
    columns = ["finding", "recipe", "baseline", "layer", "pairs",
               "difference", "low", "high", "verdict"]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _common(layer: Layer, recipe: str, baseline: str) -> bool:
    """Whether a unit of the layer has pictures by both recipes."""
    return any({recipe, baseline} <= set(unit.recipes) for unit in layer.pictured)


def paired(
    measure: Measure, layer: Layer, recipe: str, baseline: str, looks: Looks
) -> list[tuple[float, float]]:
    """The measure under both recipes, for the units of a layer that have it under both."""
    found = []
    for unit in layer.pictured:
        mine, its = (measure.value(unit, name, looks) for name in (recipe, baseline))
        if mine is not None and its is not None:
            found.append((mine, its))
    return found


def difference(measure: Measure, pairs: Sequence[tuple[float, float]]) -> Difference:
    """How much the first of each pair is above the second: the mean over pairs, for a ratio."""
    if not pairs:
        return Difference(measure, 0, Range(None))
    mine, its = np.array(pairs).T
    if measure.log:
        logs = estimate((np.log(mine) - np.log(its)).tolist())
        middle, low, high = (
            None if value is None else float(np.exp(value))
            for value in (logs.middle, logs.low, logs.high)
        )
        return Difference(measure, len(pairs), Range(middle, low, high))
    return Difference(measure, len(pairs), estimate((mine - its).tolist()))
