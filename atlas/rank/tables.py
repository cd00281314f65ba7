"""The statistics as tables, and the scale of each unit that they give."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from atlas.rank import weakest_images
from atlas.rank.places import STRONGEST
from atlas.rank.statistics import LayerStatistics
from atlas.recipe import Recipe


def activations_table(statistics: Mapping[str, LayerStatistics]) -> pd.DataFrame:
    """Columns layer, unit, mean, std, max, active_fraction; a row a unit."""
    return pd.concat(
        pd.DataFrame(
            {
                "layer": layer,
                "unit": np.arange(len(found.mean)),
                "mean": found.mean.cpu().numpy(),
                "std": found.std.cpu().numpy(),
                "max": found.max.cpu().numpy(),
                "active_fraction": (found.active / found.positions).cpu().numpy(),
            }
        )
        for layer, found in statistics.items()
    ).reset_index(drop=True)


def scales(strongest: pd.DataFrame) -> dict[tuple[str, int], float]:
    """What a relative objective divides each unit's mean activation by, for each layer and unit.

    It is that on the unit's strongest image. A unit that no image excites has the median of its
    layer's, and where that is not above 0 either, 1.
    """
    return _scales(strongest, "mean")


def images_of(recipe: Recipe) -> str:
    """The table of the images that the pictures of a recipe are held against."""
    return "weakest" if recipe.sign == "negative" else "strongest"


def scales_counted(recipe: Recipe, images: pd.DataFrame) -> dict[tuple[str, int], float]:
    """The same for what a recipe counts of a unit's map, by the images of ``images_of``.

    For one position it is the peak on the strongest image, for the minimum how far below 0 the
    mean is on the weakest. How low a unit is at any position there is not known.
    """
    if recipe.sign == "negative":
        return _scales(images.assign(mean=-images["mean"]), "mean")
    return _scales(images, "peak" if recipe.position == "center" else "mean")


def _scales(images: pd.DataFrame, column: str) -> dict[tuple[str, int], float]:
    best = images.loc[images["place"] == 1, ["layer", "unit", column]]
    usual = best.groupby("layer")[column].transform("median")
    chosen = best[column].where(best[column] > 0, usual.where(usual > 0, 1.0))
    return dict(zip(zip(best["layer"], best["unit"], strict=True), chosen, strict=True))


def strongest_table(
    statistics: Mapping[str, LayerStatistics], names: Sequence[str]
) -> pd.DataFrame:
    """Columns layer, unit, place, image, mean, peak, row, column, rms; nine rows a unit."""
    tables = []
    for layer, found in statistics.items():
        response = {
            name: table[:, :STRONGEST].cpu().numpy() for name, table in found.strongest.items()
        }
        units, places = np.indices(response["image"].shape)
        row, column = np.divmod(response["position"], found.width)
        table = {
            "layer": layer,
            "unit": units,
            "place": places + 1,
            "image": np.array(names, dtype=object)[response["image"]],
            "mean": response["mean"],
            "peak": response["peak"],
            "row": row,
            "column": column,
            "rms": response["rms"],
        }
        tables.append(pd.DataFrame({k: v if k == "layer" else v.ravel() for k, v in table.items()}))
    return pd.concat(tables).reset_index(drop=True)


def strongest_stimuli_table(
    statistics: Mapping[str, LayerStatistics], names: Sequence[str]
) -> pd.DataFrame:
    """Columns layer, unit, place, stimulus, mean; nine rows a unit, of statistics over stimuli."""
    table = strongest_table(statistics, names).rename(columns={"image": "stimulus"})
    return table.loc[:, ["layer", "unit", "place", "stimulus", "mean"]]


def responses_table(
    statistics: Mapping[str, LayerStatistics], names: Sequence[str]
) -> tuple[list[str], NDArray[np.float16]]:
    """The images whose responses are kept, and the standardized responses to them.

    NxU, the units in the order of ``activations_table``.
    """
    images: list[int] = torch.cat(next(iter(statistics.values())).responded).tolist()
    values = [found.standardized for found in statistics.values()]
    return [names[image] for image in images], np.concatenate(values, axis=1)


def thresholds_table(statistics: Mapping[str, LayerStatistics]) -> pd.DataFrame:
    """Columns layer, unit, high: what a unit reaches at one of a hundred positions."""
    return pd.concat(
        pd.DataFrame(
            {"layer": layer, "unit": range(len(found.mean)), "high": found.high.threshold.tolist()}
        )
        for layer, found in statistics.items()
    ).reset_index(drop=True)


def weakest_table(statistics: Mapping[str, LayerStatistics], names: Sequence[str]) -> pd.DataFrame:
    """Columns layer, unit, place, image, mean; at most nine rows a unit, the weakest first."""
    columns = ["layer", "unit", "place", "image", "mean"]
    tables = [pd.DataFrame(columns=columns)]
    for layer, found in statistics.items():
        images, means = weakest_images.in_order(found.weakest, found.lots)
        images, means = images[:, :STRONGEST], means[:, :STRONGEST]
        units, places = np.indices(images.shape)
        table = {
            "layer": layer,
            "unit": units.ravel(),
            "place": places.ravel() + 1,
            "image": np.array(names, dtype=object)[images].ravel(),
            "mean": means.ravel(),
        }
        tables.append(pd.DataFrame(table))
    filled = [table for table in tables if len(table)] or tables
    return pd.concat(filled, ignore_index=True)


def tuning_table(
    statistics: Mapping[str, LayerStatistics], conditions: Sequence[str]
) -> pd.DataFrame:
    """Columns layer, unit and one a condition: mean activation over its images."""
    return pd.concat(
        pd.DataFrame(found.conditions.T.cpu().numpy(), columns=list(conditions))
        .assign(layer=layer, unit=range(len(found.mean)))
        .loc[:, ["layer", "unit", *conditions]]
        for layer, found in statistics.items()
    ).reset_index(drop=True)
