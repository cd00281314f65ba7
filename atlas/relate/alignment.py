"""How alike the layers are as wholes: centered kernel alignment.

Linear CKA (Kornblith et al. 2019, eq. 3-4) with the unbiased estimator of the Hilbert-Schmidt
independence criterion (Song et al. 2012, eq. 5), as Nguyen et al. (2021) took it: the plain one is
high even for unrelated layers where images are few.

The estimator is computed as a product of U-centered kernels (Székely & Rizzo 2014, prop. 1), which
is the same number: K̃ᵢⱼ = Kᵢⱼ − kᵢ/(n − 2) − kⱼ/(n − 2) + k/((n − 1)(n − 2)) and K̃ᵢᵢ = 0, where kᵢ
and k are sums of K without its diagonal; HSIC is then the sum of K̃ᵢⱼL̃ᵢⱼ over n(n − 3), and CKA the
cosine of the two.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from atlas.errors import AtlasError
from atlas.relate.correlation import FEWEST_IMAGES, standardized
from atlas.relate.responses import Responses

BLOCK = 64
"""Images whose rows of all kernels are held at once."""

COLUMNS = ("layer", "other_layer", "cka")

ROUNDING = 1e-10
"""A squared norm that small a part of what it is left of is 0."""


def centered_kernel_alignment(a: ArrayLike, b: ArrayLike) -> float:
    """Linear CKA of the responses of two sets of units to the same images, NxU and NxV.

    At most 1, which a rotation of the units, their order and a common factor leave as they are;
    about 0, or a little below, where the two have nothing in common. NaN for fewer than four
    images, and where all units of either answer all images alike. In float64; the units' scales
    count, so that a unit that varies much weighs much.
    """
    both = [_centered(np.asarray(values, np.float64)) for values in (a, b)]
    return float(_alignments(both)[0, 1])


def alignment(responses: Responses) -> pd.DataFrame:
    """CKA of each pair of layers, over the responses that are kept.

    Those are standardized, and so is what is aligned here: each unit weighs the same, whatever its
    scale, which a network with ReLUs may choose freely (what it multiplies in one layer it can
    divide by in the next). Kornblith et al. took activations as they are, where the few units of
    the highest variance decide. Memory grows with images × (units + ``BLOCK`` × layers).
    NaN where undefined, and over fewer than ``FEWEST_IMAGES`` images.

    Returns:
        The rows of ``alignment.csv``: every layer with itself and each deeper one.
    """
    layers = list(responses.units)
    found = _of(responses)
    rows = [
        (layer, other, found[i, j])
        for i, layer in enumerate(layers)
        for j, other in enumerate(layers)
        if j >= i
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def alignment_between(a: Responses, b: Responses) -> pd.DataFrame:
    """CKA of each layer of one network with each of another, as of ``alignment``.

    Returns:
        ``layer`` of the first, ``other_layer`` of the second, and their ``cka``.

    Raises:
        AtlasError: when the two answered other images.
    """
    if a.images != b.images:
        raise AtlasError(
            "the two networks were shown other images, so their layers cannot be compared; "
            "'atlas rank' both over the same probe set"
        )
    found = _of(a, b)
    rows = [
        (layer, other, found[i, j])
        for i, layer in enumerate(a.units)
        for j, other in enumerate(b.units, start=len(a.units))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of(*networks: Responses) -> NDArray[np.float64]:
    """CKA of all layers of all networks with each other, over the same images."""
    layers = [(network, layer) for network in networks for layer in network.units]
    if len(networks[0].images) < FEWEST_IMAGES:
        return np.full((len(layers), len(layers)), np.nan)
    return _alignments([standardized(network, layer) for network, layer in layers])


def _centered(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns of mean 0; constant ones are 0 in spite of rounding."""
    return np.where(np.ptp(values, axis=0) > 0, values - values.mean(axis=0), 0)


def _alignments(responses: Sequence[NDArray[np.floating]]) -> NDArray[np.float64]:
    """CKA of each of L layers, NxU with columns of mean 0, with each: LxL."""
    images, layers = len(responses[0]), len(responses)
    if images < 4:
        return np.full((layers, layers), np.nan)
    products, plain = np.zeros((layers, layers)), np.zeros(layers)
    for first in range(0, images, BLOCK):
        kernels = [_kernel(values, slice(first, first + BLOCK)) for values in responses]
        centered = np.stack([u_centered.ravel() for _, u_centered in kernels])
        products += centered @ centered.T
        plain += [float((kernel**2).sum()) for kernel, _ in kernels]
    squares = products.diagonal()
    norms = np.sqrt(np.where(squares > ROUNDING * plain, squares, np.nan))
    return products / np.outer(norms, norms)


def _kernel(
    values: NDArray[np.floating], rows: slice
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Some rows of the kernel with a diagonal of 0, and of the U-centered one."""
    images = len(values)
    total = values.sum(axis=0, dtype=np.float64)
    sums = values @ total - np.einsum("iu,iu->i", values, values, dtype=np.float64)
    kernel = (values[rows] @ values.T).astype(np.float64)
    centered = (
        kernel
        - (sums[rows, None] + sums) / (images - 2)
        + sums.sum() / ((images - 1) * (images - 2))
    )
    own = np.arange(images)[rows]
    kernel[np.arange(len(own)), own] = centered[np.arange(len(own)), own] = 0
    return kernel, centered
