"""What is known of every unit in words, whether it has a picture or not.

A kind of fact is what it rests on; with it goes how a line begins or ends that tells of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from atlas.probe import stimuli
from atlas.relate.labels import LEAST
from atlas.render.catalog import Catalog
from atlas.render.channels import COLORS
from atlas.render.unit_facts import class_in
from atlas.render.units import Layer
from atlas.run.classes import image_classes
from atlas.run.folder import Run


class Kind(NamedTuple):
    """What a fact rests on, and how it is told: {} stands for its text."""

    name: str
    said: str


KINDS = (
    Kind("class", "the class {}"),
    Kind("note", "note: {}"),
    Kind("label", "tells {}"),
    Kind("family", "tells {} from other stimuli"),
    Kind("images", "strongest images: {}"),
    Kind("stimuli", "strongest stimuli: {}"),
    Kind("hue", "prefers {}"),
)
"""What goes first is found first."""

PLACES = {kind.name: place for place, kind in enumerate(KINDS)}

MOST = 3
"""How many of a kind are kept of a unit."""

HUES = {
    0: "pink", 30: "red", 60: "orange", 90: "yellow", 120: "yellow green", 150: "green",
    180: "turquoise", 210: "cyan", 240: "sky blue", 270: "blue", 300: "purple", 330: "magenta",
}  # fmt: skip
"""What the hues of the color fields are called, by their angle in Oklab."""

PREFERS = 0.3
"""Length of the mean of the hues, each weighted by the response to it, from which one is said to be
preferred: 0 is no preference, 1 an answer to a single hue."""

ANSWERS = 0.5
"""How much a unit must answer to fields of its hue, in parts of its answer to the family of stimuli
that it answers most."""


class Fact(NamedTuple):
    """Something known of a unit.

    Args:
        kind: place in ``KINDS``.
        text: what it is.
        strength: how strongly it holds, from 0 to 9; only facts of one kind can be compared.
    """

    kind: int
    text: str
    strength: int


class UnitWords:
    """The facts of every unit of a run."""

    def __init__(self, run: Run, catalog: Catalog) -> None:
        self._run = run
        self._catalog = catalog

    def of(self, layer: Layer, unit: int) -> list[Fact]:
        """All that is known of a unit."""
        told = [("class", layer.classes), ("note", layer.notes)]
        found = [Fact(PLACES[kind], known[unit], 9) for kind, known in told if unit in known]
        kinds = {"class": "label", "family": "family"}
        labels = [label for label in layer.labels.get(unit, []) if label.kind in kinds]
        for kind in kinds:
            found += [
                Fact(PLACES[kinds[kind]], label.label, _part(label.auc, LEAST, 1))
                for label in [label for label in labels if label.kind == kind][:MOST]
            ]
        for kind, known in (
            ("images", self._images),
            ("stimuli", self._stimuli),
            ("hue", self._hues),
        ):
            facts = known.get((layer.name, unit), [])
            found += [Fact(PLACES[kind], text, strength) for text, strength in facts]
        return found

    @cached_property
    def _images(self) -> Mapping[tuple[str, int], list[tuple[str, int]]]:
        classes = image_classes(self._run)
        return _most(
            (layer, unit, place, classes.get(name) or class_in(name))
            for layer, unit, place, name in _exciting(self._run.table("strongest"), "image")
        )

    @cached_property
    def _stimuli(self) -> Mapping[tuple[str, int], list[tuple[str, int]]]:
        if self._run.has("strongest_stimuli.csv"):
            if self._run.settings().stimuli != stimuli.digest():
                return {}
            rows = _exciting(self._run.table("strongest_stimuli"), "stimulus")
        elif self._catalog.settings.probe.kind == "stimuli":
            rows = _exciting(self._run.table("strongest"), "image")
        else:
            return {}
        return _most(
            (layer, unit, place, name.partition("/")[0]) for layer, unit, place, name in rows
        )

    @cached_property
    def _hues(self) -> Mapping[tuple[str, int], list[tuple[str, int]]]:
        """The hue that fields of color must have to excite a unit."""
        table = self._run.table("tuning")
        hues = [name for name in table.columns if name.startswith("hue:")]
        families = [name for name in table.columns if name.startswith("family:")]
        if not hues or not families or self._catalog.network.channels != COLORS:
            return {}
        values = np.maximum(table[hues].to_numpy(float), 0)
        angles = np.radians([float(name.partition(":")[2]) for name in hues])
        sums = np.maximum(values.sum(axis=1), 1e-12)
        lengths = np.abs((values * np.exp(1j * angles)).sum(axis=1)) / sums
        most = table[families].to_numpy(float).max(axis=1)
        fine = (lengths >= PREFERS) & (values.max(axis=1) >= ANSWERS * most) & (most > 0)
        found = {}
        for row in np.flatnonzero(fine).tolist():
            hue = HUES.get(int(float(hues[int(values[row].argmax())].partition(":")[2])))
            key = str(table["layer"].iloc[row]), int(table["unit"].iloc[row])
            if hue:
                found[key] = [(hue, _part(float(lengths[row]), PREFERS, 1))]
        return found


def most_common(named: Sequence[str], most: int = MOST) -> list[str]:
    """Which of some names are there most often, those that come first before the others."""
    return [name for name, _ in Counter(named).most_common(most)]


def _exciting(table: pd.DataFrame, what: str) -> Iterator[tuple[str, int, int, str]]:
    """Units and what excites them most, without what does not excite them at all."""
    columns = ["layer", "unit", "place", what]
    yield from table.loc[table["mean"] != 0, columns].itertuples(index=False, name=None)


def _most(
    rows: Iterable[tuple[str, int, int, str | None]],
) -> dict[tuple[str, int], list[tuple[str, int]]]:
    """By unit, the names of what excites it most, and of how much of that they are."""
    named: dict[tuple[str, int], list[str]] = {}
    for layer, unit, _, name in sorted(rows, key=lambda row: row[2]):
        if name:
            named.setdefault((layer, unit), []).append(name)
    return {
        key: [(name, own.count(name)) for name in most_common(own)] for key, own in named.items()
    }


def _part(value: float, low: float, high: float) -> int:
    """Where a value lies between two others, from 0 to 9."""
    return round(9 * (value - low) / (high - low))
