"""Correlations of the responses of units, and how large they are by chance."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from atlas.relate.responses import Responses

FEWEST_IMAGES = 20
"""Over fewer images nothing is said of how units lie to each other: most are like some by chance.

Of 5,800 units whose images were shuffled, the one that is most like a unit of GoogLeNet correlates
with it to 0.82 over 20 images, to 0.44 over 100, and to 0.13 over 1,000 (medians).
"""

SURE = 0.95
"""How sure it is that not one of the units that have nothing in common passes for a relative."""


def standardized(responses: Responses, layer: str) -> NDArray[np.float32]:
    """The responses of a layer's units as NxU columns of mean 0 and norm 1.

    The product of two of them is Pearson's correlation over the kept images. A unit that answers
    all of these alike has a column of zeros and correlates with nothing.
    """
    values = responses.of(layer)
    constant = values.max(axis=0) == values.min(axis=0)
    values -= values.mean(axis=0, dtype=np.float64).astype(np.float32)
    norms = np.linalg.norm(values, axis=0)
    values[:, constant] = 0
    values /= np.where(constant, 1, norms)
    return values


def chance(images: int, candidates: int) -> float:
    """The correlation that none of so many unrelated units reaches, as far as one is ``SURE``.

    By Fisher's transformation (1921), under which r is about normal with a deviation of
    1/√(N − 3), and Bonferroni's bound over the candidates. Of responses with a few large values
    chance correlations are somewhat larger than that.

    Args:
        images: N, at least 4.
        candidates: at least 1.
    """
    quantile = NormalDist().inv_cdf(1 - (1 - SURE) / candidates)
    return float(np.tanh(quantile / (images - 3) ** 0.5))
