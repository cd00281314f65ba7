"""What a network computes behind a layer, from another output of that layer.

The output of a layer is taken, and what comes after it is computed again from a tensor put in its
place: a leaf, to differentiate with respect to it; or the output with some channels at zero. What
leads past the layer, such as a skip connection, keeps what the images made of it.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from torch import Tensor

from atlas.network.intervention_graph import GraphIntervention
from atlas.network.intervention_plain import PlainIntervention
from atlas.network.network import Network


class Begun(Protocol):
    """Images on their way through a network."""

    def value(self, layer: str, rows: Sequence[int]) -> Tensor:
        """What a layer gives, as the module lays it out.

        ``rows`` are numbers of images; one may be among them several times.
        """
        ...

    def go_on(self, way: tuple[str, str | None], rows: Sequence[int], value: Tensor) -> Tensor:
        """What the end of a way gives for these images, where its start gives ``value``."""
        ...


class Intervention(Protocol):
    """The ways through a network that can be gone with another value at their start.

    ``classes``: how many logits there are; 0 where the network has none.
    """

    classes: int

    def begin(
        self, images: Tensor, layers: Collection[str], ways: Collection[tuple[str, str | None]]
    ) -> Begun:
        """Compute layers, and all else that these ways start from, for images, once.

        ``images``: BxCxSxS, normalized; ``layers``: at which these ways start, or others.
        """
        ...


def intervention(
    network: Network, layers: Collection[str], ways: Collection[tuple[str, str | None]]
) -> Intervention:
    """What computes layers, and the ends of ways from other values at their starts.

    A way is from a layer to a later one, or to the logits, as ``(layer, None)``. One to the logits
    is left out where the network has none: where what it returns is not one number for each of the
    classes that its weights tell apart. With nothing replaced, the values are those of
    ``Network.values`` up to rounding. Each thread takes an intervention of its own.
    """
    return (GraphIntervention if network.graph else PlainIntervention)(network, layers, ways)
