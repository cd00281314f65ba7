"""Where things stand in a grid: layers beside each other, points of a plane without overlaps."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

WIDE = 1.6
"""Width over height that a wall comes close to."""

EXACT = 400
"""Points that are assigned to their cells at once; the time grows with the cube."""


def rows_of(counts: Sequence[int], wide: float = WIDE) -> int:
    """How many rows give layers of so many units a wall of good shape with few empty places.

    A layer of n units takes ceil(n / rows) columns. Each number of rows is judged by the share
    of places that are taken, and by how far the shape is from ``wide``.
    """

    def worth(rows: int) -> float:
        columns = sum(math.ceil(count / rows) for count in counts)
        shape = columns / rows / wide
        return sum(counts) / (columns * rows) * min(shape, 1 / shape) ** 0.5

    return max(range(1, max(counts) + 1), key=lambda rows: (worth(rows), -rows))


def shape_of(count: int, wide: float = WIDE) -> tuple[int, int]:
    """Columns and rows of a grid for so many things, nearly full and about so wide."""
    columns = max(math.ceil(math.sqrt(count * wide)), 1)
    return columns, max(math.ceil(count / columns), 1)


def snap(points: NDArray[np.floating], columns: int, rows: int) -> NDArray[np.int64]:
    """A cell of its own for every point of a plane, such that neighbors stay near each other.

    Up to ``EXACT`` points take the cells that cost the smallest sum of squared distances. Of more,
    the grid is halved across its longer side and each half gets the points of its side, in
    proportion to its cells.

    Args:
        points: Nx2, x and y in 0..1, N at most ``columns * rows``.

    Returns:
        N numbers of cells, counted along the rows from the top left.
    """
    cells = np.arange(columns * rows)
    centers = np.column_stack([cells % columns, cells // columns]) + np.float64(0.5)
    found = np.empty(len(points), np.int64)
    _share_out(_spread(points, columns, rows), centers, np.arange(len(points)), cells, found)
    return found


def _spread(points: NDArray[np.floating], columns: int, rows: int) -> NDArray[np.float64]:
    """The points, stretched over the whole grid."""
    low = points.min(axis=0)
    extent = np.maximum(points.max(axis=0) - low, 1e-9)
    return (points - low) / extent * [columns, rows]


def _share_out(
    points: NDArray[np.float64],
    centers: NDArray[np.float64],
    own: NDArray[np.int64],
    cells: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    if len(own) <= EXACT:
        distance = points[own][:, None] - centers[cells][None]
        chosen, place = linear_sum_assignment((distance**2).sum(axis=-1))
        found[own[chosen]] = cells[place]
        return
    axis = int(np.argmax(np.ptp(centers[cells], axis=0)))
    middle = np.median(centers[cells][:, axis])
    first = centers[cells][:, axis] < middle
    ordered = own[np.lexsort((own, points[own][:, axis]))]
    share = round(len(own) * first.sum() / len(cells))
    _share_out(points, centers, ordered[:share], cells[first], found)
    _share_out(points, centers, ordered[share:], cells[~first], found)
