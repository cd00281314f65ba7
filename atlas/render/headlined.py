"""Which layers are summed up together, so that no unit counts twice."""

from collections.abc import Sequence

from atlas.render.units import Layer


def own_channels(layers: Sequence[Layer]) -> list[Layer]:
    """The layers without those that pool another of the run: they repeat its channels."""
    return [layer for layer in layers if layer.pools is None] or list(layers)


def inception_blocks(layers: Sequence[Layer]) -> list[Layer]:
    """GoogLeNet's inception blocks among the layers; none of another network."""
    return [layer for layer in layers if layer.name.startswith("inception")]


def headlined(layers: Sequence[Layer]) -> list[Layer]:
    """The layers that sentences sum up: inception blocks, else all with channels of their own."""
    return inception_blocks(layers) or own_channels(layers)


def described(layers: Sequence[Layer]) -> str:
    """What these layers are called together, in a sentence."""
    if len(layers) == 1:
        return layers[0].short
    return "the inception blocks" if inception_blocks(layers) == list(layers) else "all layers"
