"""Principal components of units, by their responses."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

MOST = 50
"""Components that are kept; t-SNE is commonly given as many (van der Maaten & Hinton 2008)."""


def components(columns: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where units lie along the axes on which they differ most.

    Args:
        columns: NxU standardized responses.

    Returns:
        UxK, K at most ``MOST``, in falling order of variance. Of each component the value farthest
        from 0 is positive.
    """
    centered = columns - columns.mean(axis=1, keepdims=True)
    images = len(centered)
    scatter = (centered @ centered.T).astype(np.float64)
    _, axes = eigh(scatter, subset_by_index=(max(images - MOST, 0), images - 1))
    found = centered.T.astype(np.float64) @ axes[:, ::-1]
    farthest = np.take_along_axis(found, np.abs(found).argmax(axis=0)[None], axis=0)
    return found * np.where(farthest < 0, -1, 1)
