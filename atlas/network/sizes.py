"""Which sides images may have that a network takes."""

from typing import NamedTuple


class Sizes(NamedTuple):
    """Which sides, in pixels, the images may have that a network takes.

    Args:
        smallest: side of the smallest image; single layers may take smaller ones.
        fixed: the only side that the network as a whole takes, as where it flattens its last maps
            into a linear layer; None for one that takes images of any size from the smallest.
    """

    smallest: int = 1
    fixed: int | None = None
