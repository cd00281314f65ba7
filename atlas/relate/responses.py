"""What every unit answers to the same images, by which units are held against each other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Responses:
    """Standardized responses of the units of several layers to the same images.

    Args:
        images: names of the N images.
        values: NxU, each column of mean 0 and variance 1 over all probe images (all 0 for a unit
            that answers all alike); in half precision.
        units: how many units each layer has, in the order of depth; their columns follow each
            other.
    """

    images: list[str]
    values: NDArray[np.float16]
    units: Mapping[str, int]

    def of(self, layer: str) -> NDArray[np.float32]:
        """The responses of a layer's units, NxU."""
        return self.values[:, self.columns(layer)].astype(np.float32)

    def columns(self, layer: str) -> slice:
        """Where the units of a layer are."""
        names = list(self.units)
        first = sum(self.units[name] for name in names[: names.index(layer)])
        return slice(first, first + self.units[layer])
