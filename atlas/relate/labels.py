"""Labels: the classes of images, or families of stimuli, that a unit tells from all others.

How well it does is the area under the ROC curve (AUC) of its responses: the chance that an image of
the class has a higher one than an image of another, ties counted half, which is the Mann-Whitney
statistic over its largest value (Hanley and McNeil 1982).
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.relate.responses import Responses

LEAST = 0.8
"""The AUC below which a label says too little to be shown as one."""

CLASSES = 3
"""How many a unit is tried on: its best by the images on which they are chosen."""

CERTAIN = 3.09
"""Standard deviations that LEAST must lie above chance: which passes them once in a thousand."""

TOGETHER = 512
"""Units that are ranked at once, so that memory does not grow with all of them."""


class Half(NamedTuple):
    """Half of the images.

    Args:
        rows: which of the responses they are.
        members: CxN, whether an image is of a class.
    """

    rows: NDArray[np.intp]
    members: NDArray[np.float64]


def labels(responses: Responses, classes: Sequence[str | None], kind: str) -> pd.DataFrame:
    """The classes that every unit tells best, and how well it tells them on images held out.

    The images that have a class are split by lot into two halves, each class by itself. On one half
    a unit's three classes of highest AUC are chosen, on the other it is measured again: the best of
    many is high by chance, but not twice.

    A class counts if it has enough images in both halves. Of one that has nothing to do with a
    unit the AUC has the mean 0.5 and the variance (n + m + 1) / 12nm, for n images of the class and
    m others; LEAST must lie ``CERTAIN`` standard deviations above that, so that chance passes it
    once in a thousand times at most. That takes 10 images among 90 others, and 18 where the
    others are as few. A unit that answers alike to all images on which classes are chosen has none.

    Args:
        responses: of the units to N images.
        classes: the class of each image; None where it has none, and is left out.
        kind: of the classes, as the rows have it.

    Returns:
        Rows of layer, unit, kind, place, label, auc (0..1) and images (how many of the class were
        held out): of the units in order, at most three each.
    """
    names, choosing, held = _halves(classes)
    layers = np.repeat([*responses.units], [*responses.units.values()])
    units = np.concatenate([np.arange(0), *map(np.arange, responses.units.values())])
    found = []
    for first in range(0, len(units), TOGETHER) if names else ():
        some = slice(first, first + TOGETHER)
        values = responses.values[:, some].astype(np.float32).T
        of, best, place = _chosen(values[:, choosing.rows], choosing)
        auc = areas(values[:, held.rows], held)[of, best]
        found.append((first + of, best, place, auc))
    of, best, place, auc = map(np.concatenate, zip(*found, strict=True)) if found else [[]] * 4
    which, best = np.asarray(of, int), np.asarray(best, int)
    return pd.DataFrame(
        {
            "layer": layers[which].astype(object),
            "unit": units[which],
            "kind": kind,
            "place": np.asarray(place, int),
            "label": np.array(names, object)[best],
            "auc": np.asarray(auc, float),
            "images": held.members.sum(1).astype(int)[best],
        }
    )


def areas(values: NDArray[np.float32], half: Half) -> NDArray[np.float64]:
    """The AUC of every unit for every class, UxC, by the sums of ranks.

    Args:
        values: responses of U units to the images of the half, UxN.
        half: which of its images is of which class.
    """
    of_class = half.members.sum(1)
    others = half.members.shape[1] - of_class
    sums = ranks(values) @ half.members.T
    return (sums - of_class * (of_class + 1) / 2) / (of_class * others)


def ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The rank of every value in its row, from 1; equal ones share the mean of theirs."""
    order = values.argsort(1, kind="stable")
    ordered = np.take_along_axis(values, order, 1)
    place, last = np.arange(values.shape[1]), values.shape[1] - 1
    begins = np.diff(ordered, axis=1, prepend=np.nan) != 0
    ends = np.roll(begins, -1, 1)
    lowest = np.maximum.accumulate(np.where(begins, place, 0), 1)
    highest = np.minimum.accumulate(np.where(ends, place, last)[:, ::-1], 1)[:, ::-1]
    found = np.empty(values.shape)
    np.put_along_axis(found, order, (lowest + highest) / 2 + 1, 1)
    return found


def _chosen(
    values: NDArray[np.float32], half: Half
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The units that answer not alike to all images, their best classes, and the places of these.

    Args:
        values: UxN, of the images of the half.
        half: by which they are chosen.

    Returns:
        One number each for every unit and each of its classes, unit by unit.
    """
    best = (-areas(values, half)).argsort(1, kind="stable")[:, :CLASSES]
    answering = np.flatnonzero(values.min(1) < values.max(1))
    places = np.arange(1, best.shape[1] + 1)
    return (
        np.repeat(answering, len(places)),
        best[answering].ravel(),
        np.tile(places, len(answering)),
    )


def _halves(classes: Sequence[str | None]) -> tuple[list[str], Half, Half]:
    """The classes with enough images, the half on which to choose, and the one held out."""
    first, second = [], []
    for images in _by_lot(classes).values():
        first.append(images[: len(images) // 2])
        second.append(images[len(images) // 2 :])
    rows = [np.sort(np.concatenate([np.arange(0), *half])) for half in (first, second)]
    counts = [(len(one), len(two)) for one, two in zip(first, second, strict=True)]
    names = [
        name
        for name, sizes in zip(_by_lot(classes), counts, strict=True)
        if all(_is_enough(n, len(half) - n) for n, half in zip(sizes, rows, strict=True))
    ]
    named = np.array(classes, object)
    columns = np.array(names, object)[:, None]
    choosing, held = (Half(half, (columns == named[half]).astype(float)) for half in rows)
    return names, choosing, held


def _by_lot(classes: Sequence[str | None]) -> dict[str, NDArray[np.intp]]:
    """Which images are of each class, in an order drawn by lot: the same for the same classes."""
    bits = np.random.PCG64(int.from_bytes(sha256(b"halves of the images of a class").digest()))
    order = bits.random_raw(len(classes)).argsort(kind="stable")
    named = np.array(classes, object)[order]
    known = sorted({name for name in classes if name is not None})
    return {name: order[named == name] for name in known}


def _is_enough(images: int, others: int) -> bool:
    """Whether an AUC that is chance stays below LEAST, for so many images of a class and others."""
    if not images or not others:
        return False
    deviation = np.sqrt((images + others + 1) / (12 * images * others))
    return bool(LEAST - 0.5 >= CERTAIN * deviation)
