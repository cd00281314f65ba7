"""Probe sets: the images over which units are ranked.

The built-in stimuli, a folder of photographs, the validation images of Imagenette, or an array. A
probe set is a list of names fixed when it is opened, and images decoded when asked for.
"""

import copy
import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.errors import AtlasError
from atlas.probe.decoding import UnreadableImage
from atlas.probe.size import PROBE_SIZE

UNNAMED = "a folder of images"
"""What a folder is called whose own name would tell whose it is: a user's home, or a root."""


class ProbeSet(ABC):
    """Named images of SxSx3 RGB bytes, where S is ``side``; of an array, with channels of its own.

    ``kind`` says where they come from; ``name`` is for display and no path; ``digest`` (SHA-256)
    depends on the images' names and contents, not on where they lie. ``skipped`` lists
    files that are no readable images, each with its reason; it may grow while images are decoded.
    ``labels`` has the class of each image that has one, by its name, and changes no digest.
    ``assumed`` says of some images what had to be taken for granted; it grows too. ``remarks`` are
    lines for the log on how the set was come by; ``fallback`` says why it stands in for another.
    """

    kind: Literal["stimuli", "folder", "imagenette", "array"]
    synthetic: bool = False
    channels: int = 3
    side: int = PROBE_SIZE

    def __init__(self, name: str, names: Sequence[str], digest: str) -> None:
        self.name = name
        self.names = list(names)
        self.digest = digest
        self.labels: Mapping[str, str] = {}
        self.skipped: list[tuple[str, str]] = []
        self.assumed: dict[str, str] = {}
        self.remarks: list[str] = []
        self.fallback: str | None = None
        self._unreadable: set[int] = set()

    def __len__(self) -> int:
        return len(self.names)

    @abstractmethod
    def image(self, index: int) -> NDArray[np.uint8]:
        """One image, SxSx3 RGB bytes; raises UnreadableImage when it cannot be decoded."""

    def at(self, side: int) -> Self:
        """The set with its images so many pixels wide; what is found out of one is known of both.

        Raises UsageError for images that have a size of their own.
        """
        shown = copy.copy(self)
        shown.side = side
        return shown

    def skip(self, index: int, reason: str) -> None:
        """Record that an image turned out to be unreadable; it leaves the table."""
        if index not in self._unreadable:
            self._unreadable.add(index)
            self.skipped.append((self.names[index], reason))

    def table(self) -> pd.DataFrame:
        """One row for each image that has not turned out to be unreadable.

        ``image``, and where images have classes ``label``, empty where one has none.
        """
        names = [name for i, name in enumerate(self.names) if i not in self._unreadable]
        return self.with_labels(pd.DataFrame({"image": names}, dtype=str))

    def with_labels(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of images with their classes as its second column, where any has one."""
        if self.labels:
            table.insert(1, "label", [self.labels.get(name) for name in table["image"]])
        return table


def batches(
    probe: ProbeSet, size: int, workers: int | None = None
) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Decode a probe set in order, while the caller works on the batch before.

    Yields the indices and the images, NxSxSx3 RGB bytes, ``size`` of them but for the last
    batch. Images that turn out to be unreadable are left out and recorded in ``probe.skipped``.
    At most about three batches are in memory. Raises AtlasError when no image at all is readable.
    """
    workers = workers or decoders()
    pool = ThreadPoolExecutor(workers)
    todo = iter(range(len(probe)))
    ahead: deque[tuple[int, Future[NDArray[np.uint8]]]] = deque()
    indices: list[int] = []
    images: list[NDArray[np.uint8]] = []
    found = False
    try:
        while True:
            missing = size + workers - len(ahead)
            ahead.extend((i, pool.submit(probe.image, i)) for i in islice(todo, missing))
            if not ahead:
                break
            index, image = ahead.popleft()
            try:
                images.append(image.result())
                indices.append(index)
            except UnreadableImage as error:
                probe.skip(index, error.reason)
            if len(images) == size:
                found = True
                yield indices, np.stack(images)
                indices, images = [], []
        if images:
            yield indices, np.stack(images)
        elif not found:
            raise AtlasError(
                f"none of the {len(probe)} images of {probe.name!r} can be decoded; "
                "name another folder, or use --probe stimuli"
            )
    finally:
        pool.shutdown(cancel_futures=True)


def decoders() -> int:
    """How many threads decode images."""
    return min(4, os.cpu_count() or 1)
