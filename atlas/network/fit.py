"""Images as large as a layer takes them."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from atlas.errors import AtlasError
from atlas.network.network import Network


def fit(network: Network, layer: str, images: Tensor) -> Tensor:
    """BxCxHxW images as they are, or enlarged bilinearly where the layer takes none of their size.

    Two matrix products: unlike torch's interpolation, exact in both directions and repeatable on
    any device. Raises AtlasError where the layer takes neither them nor larger ones.
    """
    height, width = images.shape[-2:]
    size = min(height, width)
    seen = network.seen_size(layer, size)
    if seen == size:
        return images
    rows, columns = (_enlarging(side, side * seen // size, images) for side in (height, width))
    return rows @ images @ columns.T


def fit_or_shrink(network: Network, layer: str, images: Tensor) -> Tensor | None:
    """Images as large as a layer takes them; None where it takes none of their size.

    What is larger than the only size of a network is brought to it, as one has to who shows it any.
    """
    try:
        return fit(network, layer, images)
    except AtlasError:
        fixed = network.sizes.fixed
        if fixed is None or images.shape[-1] <= fixed:
            return None
        return interpolate(images, (fixed, fixed), mode="bilinear", antialias=True)


def _enlarging(size: int, larger: int, like: Tensor) -> Tensor:
    """The matrix that enlarges a row of pixels, LxS; past its ends the row goes on as it ended."""
    pixels = torch.arange(size, device=like.device, dtype=like.dtype)
    places = torch.arange(larger, device=like.device, dtype=like.dtype)
    source = ((places + 0.5) * (size / larger) - 0.5).clamp(0, size - 1)
    return (1 - (source[:, None] - pixels).abs()).clamp(min=0)
