"""Which layers lie next to each other, where some are others after a pooling."""

from collections.abc import Mapping, Sequence


def distinct(layers: Sequence[str], pools: Mapping[str, str]) -> list[str]:
    """The layers without those that repeat the channels of an earlier one.

    Args:
        layers: in the order of depth.
        pools: by the name of a layer the one whose channels it has, after a pooling.
    """
    return [layer for layer in layers if layer not in pools]


def origin(layer: str, pools: Mapping[str, str]) -> str:
    """The layer whose channels a layer has: itself, where it pools none."""
    return pools.get(layer, layer)


def before(layer: str, layers: Sequence[str], pools: Mapping[str, str]) -> str | None:
    """The layer that a layer reads from: the nearest earlier one with other channels."""
    own = distinct(layers, pools)
    place = own.index(origin(layer, pools))
    return own[place - 1] if place else None


def after(layer: str, layers: Sequence[str], pools: Mapping[str, str]) -> str | None:
    """The layer that a layer feeds: the nearest later one with other channels."""
    own = distinct(layers, pools)
    place = own.index(origin(layer, pools)) + 1
    return own[place] if place < len(own) else None
