"""The two ways to the layers of a network: its graph, which images leave early, or its hooks."""

from collections.abc import Sequence

import torch

from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.hooked import HookedTrunk
from atlas.network.network import Network
from atlas.network.single_channel import SingleChannels

LayerTrunk = EarlyExitTrunk | HookedTrunk
"""What computes layers of a batch of images."""

UnitTrunk = SingleChannels | HookedTrunk
"""What computes the map of one unit for each image of a batch."""


def layer_trunk(
    network: Network,
    layers: Sequence[str],
    dtype: torch.dtype | None = None,
    *,
    redirect: bool = False,
) -> LayerTrunk:
    """What computes the layers; arguments and errors as of ``EarlyExitTrunk``."""
    way = EarlyExitTrunk if network.graph else HookedTrunk
    return way(network, layers, dtype, redirect=redirect)


def unit_trunk(
    network: Network,
    units: Sequence[tuple[str, int]],
    dtype: torch.dtype | None = None,
    *,
    redirect: bool = False,
) -> UnitTrunk:
    """What computes the maps of units; arguments and errors as of ``SingleChannels``."""
    if network.graph:
        return SingleChannels(network, units, dtype, redirect=redirect)
    return HookedTrunk(network, [layer for layer, _ in units], dtype, redirect=redirect)
