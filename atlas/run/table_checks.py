"""What a table says, held against the rest of its run."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from atlas.errors import AtlasError
from atlas.rank.places import STRONGEST
from atlas.recipe import PHOTOGRAPH, PHOTOGRAPHS
from atlas.run.folder import Run
from atlas.run.json_types import MOST
from atlas.run.network_schema import LayerDescription
from atlas.run.relation_tables import OUTPUT
from atlas.run.schema import RunSettings

OF_EVERY_UNIT = ("activations", "strongest", "strongest_stimuli", "tuning", "thresholds")
"""The tables with as many rows of each unit of a layer."""

Layers = Mapping[str, LayerDescription]


def check_table(
    run: Run, name: str, table: pd.DataFrame, settings: RunSettings, layers: Layers
) -> None:
    """Raise ValueError for what a table cannot say in this run.

    Args:
        run: of which it is.
        name: of the table.
        table: as ``parse_table`` reads it.
        settings: of the run.
        layers: of the run by name; none where their description is damaged.
    """
    if "unit" in table.columns:
        _check_units(name, table, settings, layers)
    if "recipe" in table.columns:
        known = {*settings.identity.recipes, PHOTOGRAPHS, PHOTOGRAPH}
        if unknown := {*table["recipe"]} - known:
            raise ValueError(f"it has a recipe {min(unknown)}, which run.json has not")
        if layers and (unknown := {*table["layer"]} - layers.keys()):
            raise ValueError(f"it has a layer {min(unknown)}, which network.json has not")
    if layers and "other_unit" in table.columns:
        _check_others(table, settings, layers)
    if own := OWN.get(name):
        own(run, table, settings, layers)


def _check_units(name: str, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError for units that their layer has not, or that lack rows of theirs.

    Layers that the run has not are none of its affair: their measurement was interrupted.
    """
    shown = {"strongest": settings.probe.images, "strongest_stimuli": STRONGEST}
    rows = min(STRONGEST, shown.get(name, 1))
    for layer, described in layers.items():
        count = described.units
        found = table.loc[table["layer"] == layer, "unit"].to_numpy()
        if name in OF_EVERY_UNIT and not np.array_equal(found, np.repeat(np.arange(count), rows)):
            raise ValueError(f"its rows are not the {count} units of {layer}")
        if len(found) and found.max() >= count:
            raise ValueError(f"it has a unit {found.max()} of {layer}, which has {count}")


def _check_others(table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError for related units, or classes, that there are not."""
    counts = {name: layer.units for name, layer in layers.items()}
    counts[OUTPUT] = settings.weights.classes or MOST
    if unknown := {*table["other_layer"]} - counts.keys():
        raise ValueError(f"it has a layer {min(unknown)}, which network.json has not")
    for layer, others in table.groupby("other_layer")["other_unit"]:
        if others.to_numpy().max() >= counts[str(layer)]:
            raise ValueError(f"it has a unit of {layer} that there is not")


def _check_regions(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError for outlines that are no paths."""
    if not table["outline"].str.fullmatch(r"(M\d+,\d+( \d+,\d+)*z)+").all():
        raise ValueError("it has an outline that is no path")


def _check_spectrum(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError unless each axis has the same frequencies, two at least, from 0."""
    counts = table.groupby("axis")["frequency"].count().tolist()
    axis, frequency = np.indices((len(counts), max(counts, default=0))).reshape(2, -1)
    found = (table["axis"].to_numpy(), table["frequency"].to_numpy())
    if not np.array_equal(found, (axis, frequency)) or max(counts, default=0) < 2:
        raise ValueError("its frequencies are not 0, 1, 2 ... of each axis")


def _check_clarity(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError unless the second group is one of places after the first."""
    if not table["second"].str.fullmatch(r"[2-9]( [2-9])*").all():
        raise ValueError("it has a second group that is none")


def _check_images(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError unless there is a row of each image of the probe set."""
    if len(table) != settings.probe.images:
        raise ValueError("its rows are not the images of run.json")


def _check_skipped(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError unless there is a row of each file that could not be read."""
    if len(table) != settings.probe.skipped:
        raise ValueError("its rows are not the skipped files of run.json")


def _check_statistics(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError for activations that no map can have."""
    if _is_above(table, "mean", "max"):
        raise ValueError("it has a mean above its max")
    highest, active = (table[name].to_numpy(float) for name in ("max", "active_fraction"))
    if not np.array_equal(highest > 0, active > 0):
        raise ValueError("it has an active_fraction that its max belies")
    rectified = [name for name, layer in layers.items() if layer.rectified]
    of_rectified = table["layer"].isin(rectified).to_numpy()
    if (table["mean"].to_numpy(float)[of_rectified] < 0).any():
        raise ValueError("it has a mean below 0 of a rectified layer")


def _is_above(table: pd.DataFrame, name: str, limit: str) -> bool:
    """Whether any value of a column is above that of the other, but for rounding."""
    values, limits = (table[column].to_numpy(float) for column in (name, limit))
    return bool((values > limits + 1e-5 * np.abs(limits)).any())


def _check_ranks(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError unless every layer has ranks from 1, and as many as its units allow."""
    for layer, ranks in table.groupby("layer")["rank"]:
        if ranks.tolist() != list(range(1, len(ranks) + 1)):
            raise ValueError(f"its ranks of {layer} are not 1 to {len(ranks)}")
    for layer, means in table.groupby("layer")["mean"]:
        if not means.is_monotonic_decreasing:
            raise ValueError(f"its means of {layer} are not ranked")


def _check_order(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError for places with gaps."""
    following = table.groupby(["layer", "unit"]).cumcount().to_numpy() + 1
    if not np.array_equal(table["place"].to_numpy(), following):
        raise ValueError("its places of a unit are not 1, 2 and so on")


def _check_places(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError for places with gaps, peaks outside of a map, or images of another set."""
    _check_order(run, table, settings, layers)
    if _is_above(table, "mean", "peak"):
        raise ValueError("it has a mean above its peak")
    for name, layer in layers.items():
        own = (table["layer"] == name).to_numpy()
        peaks = table[["row", "column"]].to_numpy(int)[own]
        if (peaks >= (layer.height, layer.width)).any():
            raise ValueError(f"it has a peak outside of {name}")
    images = _images(run)
    if len(images) == settings.probe.images and (unknown := {*table["image"]} - images):
        raise ValueError(f"it has an image {min(unknown)}, which probe.csv has not")


def _images(run: Run) -> set[str]:
    """The names of the probe images; none where their table is damaged itself."""
    try:
        return {*run.table("probe")["image"]}
    except AtlasError:
        return set()


def _check_tasks(run: Run, table: pd.DataFrame, settings: RunSettings, layers: Layers) -> None:
    """Raise ValueError for tasks about images that there are not."""
    if len(table) and table[["strong", "weak"]].to_numpy().max() >= settings.probe.images:
        raise ValueError("it has a row of probe.csv that there is not")


OWN: Mapping[str, Callable[[Run, pd.DataFrame, RunSettings, Layers], None]] = {
    "probe": _check_images,
    "skipped": _check_skipped,
    "spectrum": _check_spectrum,
    "activations": _check_statistics,
    "ranking": _check_ranks,
    "strongest": _check_places,
    "strongest_stimuli": _check_order,
    "tasks": _check_tasks,
    "weakest": _check_order,
    "regions": _check_regions,
    "clarity": _check_clarity,
}
"""What is checked of one table alone."""
