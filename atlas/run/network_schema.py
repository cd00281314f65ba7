"""``network.json``: the layers of a run, and the network's drawing.

What a struct finds wrong in itself begins with the key that is wrong.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from atlas.network.sizes import Sizes
from atlas.run.json_types import Count, Name, Place, Positive


class BranchDescription(Struct):
    """Consecutive units of a layer that come from one branch of a concatenation."""

    name: Annotated[Name, Meta(description="of the branch")]
    first: Annotated[Place, Meta(description="number of its first unit")]
    units: Annotated[Count, Meta(description="how many there are")]


class LayerDescription(Struct, kw_only=True):
    """A layer of the run."""

    name: Annotated[Name, Meta(description="of the layer")]
    units: Annotated[Count, Meta(description="its channels")]
    stride: Annotated[Count | None, Meta(description="input pixels between neighboring positions")]
    receptive_field: Annotated[
        Count | None, Meta(description="side in input pixels; null for the whole image, or unknown")
    ]
    field_known: Annotated[
        bool, Meta(description="whether stride and receptive_field are known")
    ] = True
    center: Annotated[
        tuple[float, float] | None, Meta(description="row and column that position (0, 0) sees")
    ]
    height: Annotated[Count, Meta(description="rows of positions for an input image")]
    width: Annotated[Count, Meta(description="columns of positions")]
    rectified: Annotated[bool, Meta(description="whether activations are never negative")]
    branches: list[BranchDescription]
    pools: Annotated[
        Name | None,
        Meta(description="the earlier layer of the run whose channels these are, after a pooling"),
    ] = None
    classifies: Annotated[
        bool, Meta(description="whether its units are the classes that the network tells apart")
    ] = False

    def __post_init__(self) -> None:
        _check_branches(self.branches, self.units)


class NodeDescription(Struct, kw_only=True):
    """A module of the network, for its drawing."""

    name: Annotated[Name, Meta(description="of the module")]
    kind: Annotated[Name, Meta(description="its class")]
    units: Annotated[Count, Meta(description="channels of its output")]
    stride: Annotated[Count | None, Meta(description="input pixels between positions")]
    size: Annotated[Count, Meta(description="rows of positions")]
    branches: list[BranchDescription]
    layer: Annotated[bool, Meta(description="whether it is a layer of the run")]

    def __post_init__(self) -> None:
        _check_branches(self.branches, self.units)


def _check_branches(branches: Sequence[BranchDescription], units: int) -> None:
    """Raise ValueError unless the branches, where there are any, share out the units."""
    following = 0
    for branch in branches:
        if branch.first != following:
            raise ValueError("branches do not follow each other")
        following += branch.units
    if branches and following != units:
        raise ValueError(f"branches have {following} units, of {units}")


class NetworkDescription(Struct, kw_only=True):
    """``network.json``: the layers of the run, and the network's drawing."""

    network: Annotated[str, Meta(description="name of the network")]
    input: Annotated[Count, Meta(description="side of a probe image in pixels")]
    smallest_input: Annotated[Count, Meta(description="side of the smallest image it takes")]
    fixed: Annotated[
        Count | None,
        Meta(description="the only side it takes as a whole; null where there is none"),
    ] = None
    channels: Annotated[Count, Meta(description="of an image")] = 3
    mean: Annotated[
        tuple[float, ...], Meta(description="of the input, by channel, in 0..1; RGB if three")
    ]
    std: Annotated[tuple[Positive, ...], Meta(description="of the input, by channel")]
    layers: Annotated[list[LayerDescription], Meta(min_length=1)]
    graph: list[NodeDescription]

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != self.channels:
                raise ValueError(f"{name} has {len(values)} numbers, of {self.channels} channels")
        names = {layer.name for layer in self.layers}
        if len(names) < len(self.layers):
            raise ValueError("layers have a name twice")
        if unknown := {node.name for node in self.graph if node.layer} - names:
            raise ValueError(f"graph has {min(unknown)} as a layer, which layers lacks")

    @property
    def names(self) -> list[str]:
        """The names of the layers, in the order of depth."""
        return [layer.name for layer in self.layers]

    @property
    def pools(self) -> dict[str, str]:
        """By the name of a layer that of the one whose channels it has, after a pooling."""
        return {layer.name: layer.pools for layer in self.layers if layer.pools}

    @property
    def sizes(self) -> Sizes:
        """Which sides of images the network takes."""
        return Sizes(self.smallest_input, self.fixed)
