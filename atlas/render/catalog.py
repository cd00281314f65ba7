"""What the site shows, read once from a run; the pages are written from this alone."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

import pandas as pd

from atlas.errors import AtlasError
from atlas.store import Run

SHOWN = 10
"""How many pictures of a layer are shown side by side; the others are behind its table."""


class Statistics(NamedTuple):
    """A unit over the probe set, and its rank in the layer by mean activation."""

    unit: int
    rank: int
    mean: float
    std: float
    max: float
    active_fraction: float


@dataclass(frozen=True)
class Evidence:
    """What a picture does to the network; None where undefined (see ``atlas.examine``)."""

    mean: float | None
    rms: float | None
    gain_mean: float | None
    gain_rms: float | None
    z: float | None
    standing: int | None


@dataclass(frozen=True)
class Picture:
    """One finished picture of a unit.

    Args:
        recipe, sample: which of the unit's pictures.
        stem: path of its files in the site and in the run, without suffix.
        status: ok, silent or broken.
        activations: RMS before every optimizer step; None where it was not finite.
        terms: of the loss before the last step.
        stages: (upscale, size in pixels), in order; the last is the picture itself.
    """

    recipe: str
    sample: int
    stem: str
    status: str
    seed: int
    attempt: int
    size: int
    activations: list[float | None]
    terms: dict[str, float | None]
    stages: list[tuple[int, int]]
    evidence: Evidence | None

    @property
    def image(self) -> str:
        """The picture for the web."""
        return f"images/{self.stem}.webp"

    @property
    def thumbnail(self) -> str:
        """The small picture for cards and tables."""
        return f"images/{self.stem}.small.webp"

    @property
    def lossless(self) -> str:
        """The published 8-bit picture, lossless."""
        return f"images/{self.stem}.png"

    def stage(self, index: int) -> str:
        """A stage of its growth, at native size; the last is the picture."""
        last = index == len(self.stages) - 1
        return self.image if last else f"images/{self.stem}.stage{index}.webp"


@dataclass(frozen=True)
class ProbeImage:
    """One of a unit's strongest probe images; ``row`` and ``column`` place its peak."""

    name: str
    mean: float
    peak: float
    row: int
    column: int


@dataclass(frozen=True)
class Unit:
    """A unit that has pictures, and with them a page."""

    layer: "Layer"
    statistics: Statistics
    pictures: list[Picture]
    strongest: list[ProbeImage]
    tuning: dict[str, float]

    @property
    def number(self) -> int:
        """Which channel of the layer it is, from 0."""
        return self.statistics.unit

    @property
    def rank(self) -> int:
        """Place in the layer by mean activation, from 1."""
        return self.statistics.rank

    @property
    def mean(self) -> float:
        """Mean activation over the probe set."""
        return self.statistics.mean

    @property
    def picture(self) -> Picture:
        """The one the site shows first."""
        return self.pictures[0]

    @property
    def name(self) -> str:
        """Layer and number, as options and comparisons write them."""
        return f"{self.layer.name}:{self.number}"

    @property
    def href(self) -> str:
        """Its page."""
        return f"units/{self.layer.slug}/{self.number:04d}.html"

    @property
    def branch(self) -> str | None:
        """The branch it comes from, where the layer concatenates several."""
        return self.layer.branch_of(self.number)


@dataclass(eq=False)
class Layer:
    """A layer: its place in the network, the statistics of all units, the units with pages."""

    name: str
    index: int
    units: int
    stride: int | None
    receptive_field: int | None
    center: tuple[float, float] | None
    height: int
    width: int
    rectified: bool
    branches: list[dict[str, Any]]
    table: list[Statistics]
    pictured: list[Unit]
    has_sheet: bool = False

    @cached_property
    def slug(self) -> str:
        """The name as part of a file name: as it is, unless it holds characters of markup."""
        if re.fullmatch(r"\w[\w.\-]*", self.name, re.ASCII):
            return self.name
        plain = re.sub(r"[^\w.\-]+", "-", self.name, flags=re.ASCII).strip(".-")
        return f"{plain or 'layer'}-{sha256(self.name.encode()).hexdigest()[:8]}"

    @property
    def href(self) -> str:
        """Its page."""
        return f"layers/{self.slug}.html"

    @property
    def sheet(self) -> str:
        """Its contact sheet."""
        return f"images/sheets/{self.slug}.webp"

    @property
    def short(self) -> str:
        """The name as the drawing and the charts print it: ``4a`` for ``inception4a``."""
        return self.name.removeprefix("inception").replace("maxpool", "pool")

    @property
    def shown(self) -> list[Unit]:
        """The first units with a picture, by rank."""
        return self.pictured[:SHOWN]

    @property
    def silent_units(self) -> int | None:
        """Units that no probe image excites; None where activations may be negative."""
        return sum(row.max <= 0 for row in self.table) if self.rectified else None

    def branch_of(self, unit: int) -> str | None:
        """The branch that gives this unit."""
        for branch in self.branches:
            if branch["first"] <= unit < branch["first"] + branch["units"]:
                return branch["name"]
        return None


@dataclass(frozen=True)
class Catalog:
    """Everything the pages show."""

    settings: dict[str, Any]
    network: dict[str, Any]
    layers: list[Layer]
    recipe: str
    probe_images: list[str]
    skipped: list[tuple[str, str]]

    @cached_property
    def pictured(self) -> list[Unit]:
        """All units with a page, by layer and rank."""
        return [unit for layer in self.layers for unit in layer.pictured]

    @property
    def synthetic(self) -> bool:
        """Whether ranking and gain rest on drawn images instead of photographs."""
        return bool(self.settings["probe"]["synthetic"])

    @property
    def notice(self) -> str | None:
        """What must be said of the weights wherever they are shown."""
        return self.settings["weights"]["notice"]


def read_catalog(run: Run) -> Catalog:
    """Read a run. Raises AtlasError, naming the command to run, when it lacks something."""
    settings, network = run.settings(), run.network()
    activations, tuning = run.table("activations"), run.table("tuning")
    strongest, examination = run.table("strongest"), run.table("examination")
    recipes = list(settings["identity"]["recipes"])
    evidence = {
        (row["recipe"], str(row["layer"]), row["unit"], row["sample"]): _evidence(row)
        for row in examination.to_dict("records")
    }
    # A layer that is called by a number is read back as one.
    statistics = dict(list(activations.groupby(activations["layer"].astype(str), sort=False)))
    probe_images = _probe_images(strongest)
    curves = _tuning(tuning)

    layers = []
    for index, described in enumerate(network["layers"]):
        name = described["name"]
        if name not in statistics:
            raise AtlasError(f"{run.path} has no statistics of {name}; 'atlas rank' makes them")
        layer = Layer(
            **{key: described[key] for key in ("name", "units", "stride", "receptive_field")},
            **{key: described[key] for key in ("height", "width", "rectified", "branches")},
            center=described["center"] and tuple(described["center"]),
            index=index,
            table=_ranked(statistics[name]),
            pictured=[],
            has_sheet=run.sheet_path(recipes[0], name).is_file(),
        )
        pictures = _pictures(run, recipes, layer, evidence)
        layer.pictured += [
            Unit(
                layer,
                row,
                pictures[row.unit],
                probe_images.get((name, row.unit), []),
                curves.get((name, row.unit), {}),
            )
            for row in layer.table
            if row.unit in pictures
        ]
        layers.append(layer)
    if not any(layer.pictured for layer in layers):
        raise AtlasError(f"{run.path} has no pictures; 'atlas maximize' makes them")
    skipped = run.table("skipped") if run.has("skipped.csv") else pd.DataFrame()
    return Catalog(
        settings=settings,
        network=network,
        layers=layers,
        recipe=recipes[0],
        probe_images=list(run.table("probe")["image"]),
        skipped=[(base_name(str(file)), str(reason)) for file, reason in skipped.values],
    )


def base_name(path: str) -> str:
    """The last part of a path: what a page may say of where a file lay."""
    return PureWindowsPath(PurePosixPath(path).name).name or path


def _ranked(table: pd.DataFrame) -> list[Statistics]:
    """All units of a layer by mean activation, highest first, ties by number."""
    ordered = table.sort_values(["mean", "unit"], ascending=[False, True], kind="stable")
    columns = (ordered[name].tolist() for name in ("mean", "std", "max", "active_fraction"))
    rows = zip(ordered["unit"].tolist(), *columns, strict=True)
    return [Statistics(unit, rank, *values) for rank, (unit, *values) in enumerate(rows, 1)]


def _pictures(
    run: Run, recipes: Iterable[str], layer: Layer, evidence: Mapping[Any, Evidence]
) -> dict[int, list[Picture]]:
    """The finished pictures of each unit of a layer: recipes in the run's order, then samples."""
    found: dict[int, list[Picture]] = {}
    for recipe in recipes:
        folder = run.picture_path(recipe, layer.name, 0).parent
        for path in sorted(folder.glob("*.json")):
            try:
                record = json.loads(path.read_text("utf-8"))
                unit, sample = record["unit"], record["sample"]
                picture = Picture(
                    stem=f"{recipe}/{layer.slug}/{path.stem}",
                    recipe=recipe,
                    stages=[(stage["upscale"], stage["size"]) for stage in record["stages"]],
                    evidence=evidence.get((recipe, layer.name, unit, sample)),
                    **{key: record[key] for key in ("sample", "status", "seed", "attempt")},
                    **{key: record[key] for key in ("size", "activations", "terms")},
                )
            except (ValueError, KeyError, TypeError):
                raise AtlasError(f"{path} is damaged; delete it and run 'atlas maximize'") from None
            found.setdefault(unit, []).append(picture)
    for pictures in found.values():
        pictures.sort(key=lambda picture: picture.sample)  # stable: recipes stay in order
        pictures.sort(key=lambda picture: list(recipes).index(picture.recipe))
    return found


def _evidence(row: Mapping[Any, Any]) -> Evidence:
    values = {name: _number(row[name]) for name in Evidence.__dataclass_fields__}
    standing = values.pop("standing")
    return Evidence(**values, standing=None if standing is None else int(standing))


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _probe_images(strongest: pd.DataFrame) -> dict[tuple[str, int], list[ProbeImage]]:
    found: dict[tuple[str, int], list[ProbeImage]] = {}
    ordered = strongest.sort_values(["layer", "unit", "place"], kind="stable")
    columns = ("layer", "unit", "image", "mean", "peak", "row", "column")
    for layer, unit, *values in zip(*(ordered[name].tolist() for name in columns), strict=True):
        name, mean, peak, row, column = values
        image = ProbeImage(str(name), float(mean), float(peak), int(row), int(column))
        found.setdefault((str(layer), int(unit)), []).append(image)
    return found


def _tuning(table: pd.DataFrame) -> dict[tuple[str, int], dict[str, float]]:
    conditions = list(table.columns[2:])
    values = table[conditions].to_numpy(float)
    keys = zip(table["layer"], table["unit"], strict=True)
    return {
        (str(layer), int(unit)): dict(zip(conditions, row.tolist(), strict=True))
        for (layer, unit), row in zip(keys, values, strict=True)
    }
