"""The strongest contributions as a table: what units read from, what they feed, and argue for."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.relate.contributions import Contributions, Unit
from atlas.relate.neighbors import after, before

SHOWN = 10
"""Units of each kind."""

CLASSES = 5
"""Classes argued for, and as many against."""

OUTPUT = "output"
"""What stands for the layer of the logits."""

COLUMNS = ["layer", "unit", "kind", "place", "other_layer", "other_unit", "contribution", "share"]

Row = tuple[str, int, str, int, str, int, float, float]


def connections_table(
    found: Mapping[Unit, Contributions], layers: Sequence[str], pools: Mapping[str, str]
) -> pd.DataFrame:
    """The connections of units.

    Args:
        found: of each unit.
        layers: in the order of depth.
        pools: as of ``contributions``.

    Returns:
        Columns layer, unit, kind, place (from 1), other_layer, other_unit, contribution, share.
        ``reads``: the ten units of the layer before that contribute most to the unit's response.
        ``feeds``: the ten of the units given, of the next layer, to which it contributes most.
        ``argues``: the five classes whose logits it raises most, and the five it lowers most, the
        largest first. Places are by size, whatever the sign; what contributes nothing is left out.
        ``share`` is the contribution over the response to which it is one; undefined where that is
        not above 0, and of a logit.
    """
    rows: list[Row] = []
    for (layer, unit), own in found.items():
        source = before(layer, layers, pools)
        if source and own.reads is not None:
            chosen = largest(own.reads, SHOWN)
            rows += _rows((layer, unit), "reads", source, chosen, own.reads, [own.response])
        rows += _feeds((layer, unit), found, layers, pools)
        if own.argues is not None:
            chosen = for_and_against(own.argues, CLASSES)
            rows += _rows((layer, unit), "argues", OUTPUT, chosen, own.argues, [np.nan])
    return pd.DataFrame(rows, columns=COLUMNS)


def largest(values: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The places of the largest values by size, whatever their sign; no zeros; ties by place."""
    order = np.argsort(-np.abs(values), kind="stable")[:count]
    return order[values[order] != 0]


def for_and_against(values: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """The places of the highest values above 0 and the lowest below; the largest by size first."""
    highest, lowest = (np.argsort(part, kind="stable")[:count] for part in (-values, values))
    chosen = np.concatenate([highest[values[highest] > 0], lowest[values[lowest] < 0]])
    return chosen[np.argsort(-np.abs(values[chosen]), kind="stable")]


def _feeds(
    unit: Unit,
    found: Mapping[Unit, Contributions],
    layers: Sequence[str],
    pools: Mapping[str, str],
) -> Iterator[Row]:
    """To which of the units of the next layer a unit contributes most."""
    target = after(unit[0], layers, pools)
    fed = [(number, own) for (layer, number), own in found.items() if layer == target]
    values = np.array([own.reads[unit[1]] for _, own in fed if own.reads is not None])
    if target is None or len(values) < len(fed):
        return
    responses = [own.response for _, own in fed]
    numbers = [number for number, _ in fed]
    yield from _rows(
        unit, "feeds", target, largest(values, SHOWN), values, responses, numbers=numbers
    )


def _rows(
    unit: Unit,
    kind: str,
    other: str,
    chosen: Collection[int],
    values: NDArray[np.float64],
    responses: Sequence[float],
    numbers: Sequence[int] | None = None,
) -> Iterator[Row]:
    """Rows of one kind; ``responses`` of each of the others, or one for all."""
    for place, index in enumerate(chosen, start=1):
        response = responses[index] if len(responses) > 1 else responses[0]
        share = values[index] / response if response > 0 else np.nan
        number = int(index) if numbers is None else numbers[index]
        yield (*unit, kind, place, other, number, float(values[index]), float(share))
