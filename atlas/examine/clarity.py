"""How much a unit's strongest images have in common, and whether they are of two kinds.

As SemanticLens measures it (Dreyer et al. 2025, "Mechanistic understanding and validation of large
AI models with SemanticLens"), in the features of the judge: the clarity of images is what the
square of their mean direction exceeds chance by, and a unit has two faces where its images fall
into two groups whose mean directions lie apart. Directions are counted from the mean of all images,
so that images drawn by lot have a clarity of about 0.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Faces(NamedTuple):
    """What the strongest images of U units have in common.

    Args:
        clarity: mean cosine between two images of a unit: 1 if all are alike. U.
        within: the same of two images of one group, of the two into which they fall best. U.
        polysemanticity: one minus the cosine between the mean directions of the two groups: 0 if
            there is one kind, 1 if the two have nothing in common, above where they oppose. U.
        second: which images are of the group that is not the first image's. UxN.
    """

    clarity: NDArray[np.float64]
    within: NDArray[np.float64]
    polysemanticity: NDArray[np.float64]
    second: NDArray[np.bool_]


LEAST_ALIKE, APART, FEWEST = 0.25, 1.0, 3
"""Two faces are groups of at least so many images, alike by so much within, whose mean directions
lie so far apart: as far as they do by chance. Nine images drawn by lot are as alike within their
best groups in about one of 400 cases."""


def directions(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of images, MxD features: where each lies from the mean of all, at unit length."""
    exact = _at_unit_length(features.astype(np.float64))
    return _at_unit_length(exact - exact.mean(0))


def faces(images: NDArray[np.float64]) -> Faces:
    """What N images of each unit have in common, from their directions (UxNxD; N from 2 to 12).

    Every way to cut so few images into two groups is tried. The best is that in which images are
    the most alike to the mean direction of their own group, as in spherical k-means.
    """
    count = images.shape[1]
    cosines = images @ images.mT
    cuts = (np.arange(1, 2 ** (count - 1))[:, None] >> np.arange(count - 1)) & 1
    second = np.column_stack([np.zeros(len(cuts), int), cuts])  # the first image is of the first
    first = 1 - second

    def products(one: NDArray[np.int_], other: NDArray[np.int_]) -> NDArray[np.float64]:
        """Of the sums of the directions of two groups: units x cuts."""
        return (one @ cosines * other).sum(2)

    squares = [np.maximum(products(side, side), 0) for side in (first, second)]
    own = np.sqrt(squares)
    best = own.sum(0).argmax(1)[:, None]
    lengths, squared = (
        np.take_along_axis(np.array(values), best[None], 2)[..., 0] for values in (own, squares)
    )
    across = np.take_along_axis(products(first, second), best, 1)[:, 0]
    cosine = across / np.maximum(lengths.prod(0), np.finfo(float).tiny)
    sizes = np.array([side.sum(1)[best[:, 0]] for side in (first, second)])
    itself = np.trace(cosines, axis1=1, axis2=2)
    pairs = (sizes * (sizes - 1)).sum(0)
    return Faces(
        clarity=(cosines.sum((1, 2)) - itself) / (count * (count - 1)),
        within=(squared.sum(0) - itself) / np.maximum(pairs, 1),
        polysemanticity=1 - cosine.clip(-1, 1),
        second=second[best[:, 0]].astype(bool),
    )


def have_two(
    within: NDArray[np.floating],
    polysemanticity: NDArray[np.floating],
    second: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which of U units have two faces; arguments as of ``Faces``."""
    sizes = second.sum(1)
    fewest = np.minimum(sizes, second.shape[1] - sizes)
    return (within >= LEAST_ALIKE) & (polysemanticity >= APART) & (fewest >= FEWEST)


def _at_unit_length(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows at unit length; a row of zeros, like nothing, stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
