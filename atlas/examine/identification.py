"""Identification: which of two photographs excites the unit whose picture is shown?

The two-choice task of Borowski et al. (2021, arXiv 2010.12606), answered as by Zimmermann et al.
(2024) not by people but by a measure of likeness. Chance is one half.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.rank import weakest_images
from atlas.rank.places import RUNNERS_UP, STRONGEST
from atlas.rank.statistics import LayerStatistics

FEWEST_IMAGES = 60
"""In a smaller probe set the strong and the weak images are too few."""

WEAKEST_PART = 5
"""At most one fifth of the probe set's images counts as weak."""

References = Mapping[tuple[str, int], NDArray[np.floating]]


def tasks_table(statistics: Mapping[str, LayerStatistics], shown: Sequence[int]) -> pd.DataFrame:
    """Draw the tasks of every unit: columns layer, unit, task, strong, weak.

    The strong images are those in the places after the nine strongest; each is set against one
    drawn from the weakest 200, or the weakest fifth of a small probe set. A strong image must
    excite the unit more than every weak one, so a unit that few images excite has fewer tasks, or
    none. No unit has any in a probe set of less than 60 images.

    Args:
        statistics: over the probe set.
        shown: indices of its readable images, ascending; images are given as places in it.
    """
    columns = ["layer", "unit", "task", "strong", "weak"]
    if len(shown) < FEWEST_IMAGES:
        return pd.DataFrame(columns=columns)
    tables = []
    for layer, found in statistics.items():
        places = slice(STRONGEST, STRONGEST + RUNNERS_UP)
        strong = found.strongest["image"][:, places].cpu().numpy()
        exciting = found.strongest["mean"][:, places].float().cpu().numpy()
        weak, faint = weakest_images.in_order(found.weakest, found.lots)
        pool = min(weak.shape[1], len(shown) // WEAKEST_PART)
        valid = exciting > faint[:, pool - 1, None]
        drawn = [weak[unit, _draw(layer, unit, pool, RUNNERS_UP)] for unit in range(len(strong))]
        unit, task = np.nonzero(valid)
        table = {
            "layer": layer,
            "unit": unit,
            "task": task + 1,
            "strong": np.searchsorted(shown, strong[valid]),
            "weak": np.searchsorted(shown, np.stack(drawn)[valid]),
        }
        tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)


def correct(
    tasks: pd.DataFrame, photographs: NDArray[np.floating], references: References
) -> pd.DataFrame:
    """How many of its tasks are answered rightly for each unit, from the references shown for it.

    The answer is the image that is more like the references: by the cosine of their features,
    averaged over the references. When both are as like, half a task is right.

    Args:
        tasks: as ``tasks_table`` makes them.
        photographs: NxD features of the images.
        references: RxD features of the reference images of each (layer, unit).

    Returns:
        Columns layer, unit, correct (0 to 1), for each unit with tasks and references.
    """
    rows = []
    pairs = tasks[["strong", "weak"]].to_numpy(int)
    places = tasks.groupby(["layer", "unit"], sort=False).indices
    for (layer, unit), shown in references.items():
        own = pairs[places.get((layer, unit), [])]
        if len(own):
            reference = _directions(shown).mean(0)
            strong, weak = (_directions(photographs[side]) for side in own.T)
            answers = (1 + np.sign((strong - weak) @ reference)) / 2
            rows.append((layer, unit, answers.mean()))
    return pd.DataFrame(rows, columns=["layer", "unit", "correct"])


def _draw(layer: str, unit: int, pool: int, count: int) -> NDArray[np.int64]:
    """``count`` of ``range(pool)`` by lot, each as often as any other; the unit's name decides."""
    seed = hashlib.sha256(f"identification/{layer}/{unit}".encode()).digest()
    order = np.random.PCG64(int.from_bytes(seed)).random_raw(pool).argsort()
    return np.resize(order, count)


def _directions(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rows at unit length; a row of zeros, like nothing, stays."""
    exact = features.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return exact / np.where(lengths > 0, lengths, 1)
