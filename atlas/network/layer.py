"""A named place in a network, described."""

from dataclasses import dataclass

from atlas.network.branches import Branch


@dataclass(frozen=True)
class Layer:
    """A named place in a network.

    Args:
        name: as torchvision's feature extraction names it.
        units: its channels.
        stride: input pixels between neighboring positions; None once positions are pooled away.
        receptive_field: side in input pixels of what one position sees; None for the whole image.
        center: row and column of the input pixel in the middle of what position (0, 0) sees.
        height, width: positions for an image of the input.
        rectified: whether activations are never negative.
        branches: the branches of a concatenation, else empty.
        field_known: whether the stride and the receptive field are; where not, they are None.
    """

    name: str
    units: int
    stride: int | None
    receptive_field: int | None
    center: tuple[float, float] | None
    height: int
    width: int
    rectified: bool
    branches: tuple[Branch, ...]
    field_known: bool = True
