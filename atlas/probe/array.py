"""Images in memory as a probe set: of any number of channels."""

import hashlib
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from atlas._system import arguments
from atlas._system.display import display_name
from atlas.errors import UsageError
from atlas.probe.probe_set import ProbeSet


class Images(ProbeSet):
    """Images of one's own, from Python: of as many pixels and channels as the network takes.

    Args:
        names: of the images, no two the same.
        pixels: NxSxSxC bytes.
        name: what the pages call the set.

    Raises:
        UsageError: for an array of another shape or kind, or names that do not fit it.
    """

    kind = "array"

    def __init__(self, names: Sequence[str], pixels: Any, name: str = "images") -> None:
        array = arguments.instance("pixels", pixels, np.ndarray, "a NumPy array")
        if array.dtype != np.uint8 or array.ndim != 4 or not array.size:
            shape = "x".join(map(str, array.shape))
            raise UsageError(f"pixels is {shape} of {array.dtype}; it must be NxSxSxC of uint8")
        if array.shape[1] != array.shape[2]:
            raise UsageError(
                f"pixels has images of {array.shape[1]}x{array.shape[2]}; they must be square"
            )
        shown = [display_name(each) for each in arguments.names("names", names)]
        if len(shown) != len(array) or len({*shown}) != len(shown) or not all(shown):
            raise UsageError(
                f"names must be {len(array)} names, one of each image and no two the same"
            )
        title = display_name(arguments.instance("name", name, str, "a text")).strip()
        if not title:
            raise UsageError("name is empty; it must be what the pages call the set")
        digest = hashlib.sha256(repr((shown, array.shape)).encode())
        digest.update(np.ascontiguousarray(array).data)
        super().__init__(title, shown, digest.hexdigest())
        self._pixels = array
        self.side, self.channels = array.shape[1], array.shape[3]

    def image(self, index: int) -> NDArray[np.uint8]:
        """One image, SxSxC bytes."""
        return self._pixels[index]

    def at(self, side: int) -> Self:
        """The set itself. Raises UsageError where its images have another size."""
        if side != self.side:
            raise UsageError(
                f"the images of {self.name!r} are {self.side} pixels wide, and the network takes "
                f"{side}; give them at its size"
            )
        return self
