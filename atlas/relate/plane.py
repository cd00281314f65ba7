"""The map: a plane on which units that are alike lie close, whatever their layers.

By t-SNE (van der Maaten & Hinton 2008; Barnes-Hut, van der Maaten 2014) from the principal
components, of which the first two are where it begins (Kobak & Berens 2019). It is scikit-learn's;
UMAP would bring a compiler, numba's, which is many times as large.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.manifold import TSNE

PERPLEXITY = 20
"""About how many neighbors of a unit count; a third of all where there are few."""

EXAGGERATION = 4
"""Of likeness, in the first half of the steps: the usual 12 tears up a map of a hundred units."""

STEPS = 500

FEWEST_UNITS = 12
"""Fewer have too few neighbors for t-SNE, and lie by their first two components."""

DIGITS = 5
"""Of a place in the square."""


def plane(components: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places in the unit square, Ux2, from UxK principal components.

    Both sides are filled; units that all lie at one place lie in the middle. The same bytes from
    the same components in one thread.
    """
    values = np.zeros((len(components), 2))
    values[:, : components.shape[1]] = components[:, :2]
    deviation = values[:, 0].std()
    if len(values) >= FEWEST_UNITS and deviation > 0:
        tsne = TSNE(
            perplexity=min(PERPLEXITY, (len(values) - 1) / 3),
            early_exaggeration=EXAGGERATION,
            max_iter=STEPS,
            init=values / deviation,
            random_state=0,
        )
        values = tsne.fit_transform(components)
    low, extent = values.min(axis=0), np.ptp(values, axis=0)
    filled = np.where(extent > 0, (values - low) / np.where(extent > 0, extent, 1), 0.5)
    return filled.astype(np.float64).round(DIGITS)
