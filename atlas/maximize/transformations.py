"""What a picture must be robust to: each optimizer step looks at it through another view.

A picture that excites its unit only where and as large as it is drawn is noise to an eye. Views
that are moved (jitter: Mahendran & Vedaldi 2016, "Visualizing deep convolutional neural networks
using natural pre-images") and enlarged or reduced (Olah et al. 2017, "Feature Visualization")
leave what survives them. Each picture has views of its own, drawn from its own name.

A view is linear in rows and in columns, so it is two matrix products: exact in both directions
and repeatable on any device, which the scattered additions behind an image warp's gradient are
not.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from atlas.maximize.seeding import uniform
from atlas.recipe import Recipe


class Views:
    """The views of a batch of pictures, one of each picture at every optimizer step.

    Args:
        recipe: how far views go.
        names: of the pictures; a picture's views depend on its name alone.
        steps: how many are drawn.
        like: of the device and the precision of the pictures.
    """

    def __init__(self, recipe: Recipe, names: Sequence[str], steps: int, like: Tensor) -> None:
        self._identical = not (recipe.jitter or recipe.zoom)
        if self._identical:
            return
        drawn = np.stack([uniform(f"{name}/views", 3 * steps) for name in names])
        drawn = torch.from_numpy(drawn.reshape(len(names), steps, 3)).to(like)
        self._shifts = (drawn[:, :, :2] * (2 * recipe.jitter + 1)).floor() - recipe.jitter
        self._scales = (1 + recipe.zoom) ** (2 * drawn[:, :, 2] - 1)

    def view(self, images: Tensor, step: int) -> Tensor:
        """The view of each image (BxCxHxW) at a step, of the same shape."""
        if self._identical:
            return images
        scale, (down, right) = self._scales[:, step], self._shifts[:, step].T
        height, width = images.shape[-2:]
        rows = resampling(height, scale, down)[:, None]
        columns = resampling(width, scale, right)[:, None]
        return rows @ images @ columns.mT


def resampling(length: int, scale: Tensor, shift: Tensor) -> Tensor:
    """Matrices that enlarge a row of pixels about its middle by ``scale`` and move it by ``shift``.

    Args:
        length: of the row.
        scale: B factors, above 1 to enlarge.
        shift: B distances in pixels.

    Returns:
        BxLxL: from pixels before to pixels after, interpolated linearly; past its ends the row
        goes on mirrored.
    """
    pixels = torch.arange(length, device=scale.device, dtype=scale.dtype)
    middle = (length - 1) / 2
    source = (pixels - middle - shift[:, None]) / scale[:, None] + middle
    source = (source + 0.5).remainder(2 * length)  # mirrored about the edges of its end pixels
    source = (torch.minimum(source, 2 * length - source) - 0.5).clamp(0, length - 1)
    return (1 - (source[..., None] - pixels).abs()).clamp(min=0)
