"""The position in the middle of a map, and what it sees of an image."""

from torch import Tensor

from atlas.network.network import Network
from atlas.target import Field


def middle(maps: Tensor) -> Tensor:
    """The values at the position in the middle: ...xHxW to ...x1x1.

    It is in row floor(H / 2) and column floor(W / 2), counted from 0: of an even number the later
    of the two in the middle.
    """
    row, column = (side // 2 for side in maps.shape[-2:])
    return maps[..., row : row + 1, column : column + 1]


def middle_field(network: Network, layer: str, size: int, height: int, width: int) -> Field | None:
    """What the position in the middle sees of an image; None where that is the whole or not known.

    Args:
        network: that sees it.
        layer: of the map.
        size: side of the image in pixels.
        height, width: of the map that the layer has of it.
    """
    known = network.layer(layer)
    if known.receptive_field is None or known.center is None or known.stride is None:
        return None
    seen = size / network.seen_size(layer, size)  # it may be enlarged before it is seen
    top, left = (
        first + 0.5 + (positions // 2) * known.stride - known.receptive_field / 2
        for first, positions in zip(known.center, (height, width), strict=True)
    )
    return Field(left * seen, top * seen, known.receptive_field * seen)
