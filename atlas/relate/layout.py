"""Where each unit stands on the wall and on the map."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from atlas.relate.components import components
from atlas.relate.correlation import FEWEST_IMAGES, standardized
from atlas.relate.neighbors import distinct
from atlas.relate.order import heights
from atlas.relate.plane import plane
from atlas.relate.responses import Responses

COLUMNS = ("layer", "unit", "height", "x", "y")

DIGITS = 6
"""Of a height."""


@threadpool_limits.wrap(limits=1)  # as sums in several threads round differently
def layout(
    responses: Responses, units: Mapping[str, Sequence[int]], pools: Mapping[str, str]
) -> pd.DataFrame:
    """Places of the given units among each other, the same bytes whenever they are asked for.

    Layers that repeat the channels of an earlier one are left out; over fewer than
    ``FEWEST_IMAGES`` images nothing is known of likeness and all are. Memory grows with
    images × units, and with the pairs of units of neighboring layers.

    Args:
        responses: to N images.
        units: by layer, in the order of depth, the numbers of those that are to be placed.
        pools: by layer of the responses the one, also of the responses, whose channels it pools.

    Returns:
        The rows of ``layout.csv`` for one group of units: ``layer``, ``unit``, ``height``, ``x``
        and ``y``, all three in 0..1.
    """
    chosen = {layer: units[layer] for layer in distinct(list(units), pools) if len(units[layer])}
    if len(responses.images) < FEWEST_IMAGES or not chosen:
        return pd.DataFrame(columns=list(COLUMNS))
    layers = [standardized(responses, layer)[:, list(own)] for layer, own in chosen.items()]
    found = components(np.concatenate(layers, axis=1))
    ends = np.cumsum([columns.shape[1] for columns in layers])
    start = np.split(found[:, 0], ends[:-1])
    places = plane(found)
    return pd.DataFrame(
        {
            "layer": [layer for layer, own in chosen.items() for _ in own],
            "unit": [unit for own in chosen.values() for unit in own],
            "height": np.concatenate(heights(layers, start)).round(DIGITS),
            "x": places[:, 0],
            "y": places[:, 1],
        }
    )
