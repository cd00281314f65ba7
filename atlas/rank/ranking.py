"""Statistics of every unit over a probe set, in one streaming pass, and the ranking they give."""

from collections.abc import Sequence

import pandas as pd

from atlas._system import arguments
from atlas._system.progress import Progress
from atlas.errors import UsageError
from atlas.network.network import Network
from atlas.probe.probe_set import ProbeSet
from atlas.rank.statistics import measure
from atlas.rank.tables import activations_table


def rank_units(
    network: Network,
    images: ProbeSet,
    layers: Sequence[str] | None = None,
    *,
    top: int | None = 10,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Rank the units of each layer by mean activation over a probe set.

    Args:
        network: whose units they are.
        images: the probe set.
        layers: names or patterns; the network's own choice by default.
        top: how many units of each layer; None for all.
        progress: called with the number of images done.

    Returns:
        Columns layer, rank (from 1), unit, mean; ties by unit number.

    Raises:
        AtlasError: for an unknown layer, for images of other channels, or when no image can be
            read.
    """
    arguments.instance("network", network, Network, "one that load_network returned")
    arguments.instance("images", images, ProbeSet, "one that open_probe_set returned")
    if top is not None:
        arguments.whole("top", top, 1)
    check_channels(network, images)
    chosen = network.layers if layers is None else network.select(layers)
    names = [layer.name for layer in chosen]
    return ranking_table(activations_table(measure(network, images, names, progress=progress)), top)


def check_channels(network: Network, images: ProbeSet | None = None) -> None:
    """Raise UsageError unless a network can be shown the images; color becomes gray, no more.

    None stands for any set of images in color.
    """
    own = ProbeSet.channels if images is None else images.channels
    if own not in (network.channels, ProbeSet.channels if network.channels == 1 else 0):
        raise UsageError(
            f"{network.name} takes images of {network.channels} channels, and those of the probe "
            f"set have {own}; give others in Python, as atlas.Images(names, pixels)"
        )


def ranking_table(activations: pd.DataFrame, top: int | None) -> pd.DataFrame:
    """Columns layer, rank, unit, mean: the units of each layer by mean, then by number."""
    order = ["mean", "unit"]
    ranked = pd.concat(
        layer.sort_values(order, ascending=[False, True]).assign(rank=range(1, len(layer) + 1))
        for _, layer in activations.groupby("layer", sort=False)
    )
    kept = ranked if top is None else ranked.loc[ranked["rank"] <= top]
    return kept.loc[:, ["layer", "rank", "unit", "mean"]].reset_index(drop=True)
