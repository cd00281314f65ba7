"""What a picture must be robust to: each optimizer step looks at it through another view.

A picture that excites its unit only where and as large as it is drawn is noise to an eye. Views
that are moved (jitter: Mahendran & Vedaldi 2016, "Visualizing deep convolutional neural networks
using natural pre-images"), enlarged, reduced and turned (Olah et al. 2017, "Feature
Visualization"), or show a part of it under noise (Fel et al. 2023, "Unlocking feature visualization
for deeper networks with magnitude constrained optimization") leave what survives them. Each picture
has views of its own, drawn from its own name.

But for its rotation a view is linear in rows and in columns, so it is two matrix products: exact in
both directions and repeatable on any device, which the scattered additions behind an image warp's
gradient are not.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from atlas.maximize.rotation import margin, rotated
from atlas.maximize.seeding import uniform, white_noise
from atlas.recipe import Recipe


class Views:
    """The views of a batch of pictures, one of each picture at every optimizer step.

    Args:
        recipe: how far views go.
        names: of the pictures; a picture's views depend on its name alone.
        steps: how many there are.
        like: of the device and the precision of the pictures.
    """

    def __init__(self, recipe: Recipe, names: Sequence[str], steps: int, like: Tensor) -> None:
        self._recipe, self._names = recipe, names
        self._steps, self._like = steps, like
        self._plain_from = steps - recipe.plain_steps
        self._moves = bool(
            recipe.jitter or recipe.zoom or recipe.rotate or recipe.crop < 1 or recipe.pad
        )
        if self._moves:
            drawn = self._drawn("views", 3)
            self._shifts = (drawn[:, :, :2] * (2 * recipe.jitter + 1)).floor() - recipe.jitter
            self._scales = (1 + recipe.zoom) ** (2 * drawn[:, :, 2] - 1)
        if recipe.crop < 1:
            drawn = self._drawn("crops", 3)
            self._parts = recipe.crop + (1 - recipe.crop) * drawn[:, :, 2]
            self._places = drawn[:, :, :2] - 0.5
        if recipe.rotate:
            turns = 2 * self._drawn("rotations", 1)[:, :, 0] - 1
            self._angles = turns * (recipe.rotate * torch.pi / 180)
        if recipe.noise:
            self._keys = (self._drawn("noise", 1)[:, :, 0] * 2**24).long()

    def _drawn(self, what: str, numbers: int) -> Tensor:
        """Of each picture and step some numbers in 0..1: BxTxN."""
        drawn = [uniform(f"{name}/{what}", self._steps * numbers) for name in self._names]
        return torch.from_numpy(np.stack(drawn)).to(self._like).unflatten(1, (-1, numbers))

    def view(self, images: Tensor, step: int) -> Tensor:
        """The view of each image (BxCxHxW) at a step; larger by the frame, where there is one."""
        if step >= self._plain_from:
            return images
        if self._moves:
            images = self._moved(images, step)
        if self._recipe.noise:
            noise = white_noise(self._keys[:, step], images[0].numel(), images)
            images = images + self._recipe.noise * noise.reshape(images.shape)
        return images

    def _moved(self, images: Tensor, step: int) -> Tensor:
        """Each image cut, enlarged, moved and turned about its middle."""
        recipe = self._recipe
        scale, (down, right) = self._scales[:, step], self._shifts[:, step].T
        height, width = images.shape[-2:]
        if recipe.crop < 1:
            enlarged = 1 / self._parts[:, step]
            scale = scale * enlarged
            down = down + self._places[:, step, 0] * (enlarged - 1) * height
            right = right + self._places[:, step, 1] * (enlarged - 1) * width
        beyond = margin(max(height, width) + 2 * recipe.pad, recipe.rotate) if recipe.rotate else 0
        mirrored, frame = recipe.pad == 0, 2 * (recipe.pad + beyond)
        rows = resampling(height, scale, down, height + frame, mirrored)[:, None]
        columns = resampling(width, scale, right, width + frame, mirrored)[:, None]
        images = rows @ images @ columns.mT
        if not recipe.rotate:
            return images
        turned = rotated(images, self._angles[:, step])
        return turned[:, :, beyond:-beyond, beyond:-beyond]


def resampling(
    length: int, scale: Tensor, shift: Tensor, seen: int | None = None, mirrored: bool = True
) -> Tensor:
    """Matrices that enlarge a row of pixels about its middle by ``scale`` and move it by ``shift``.

    Args:
        length: of the row.
        scale: B factors, above 1 to enlarge.
        shift: B distances in pixels.
        seen: length of the row afterwards, about the same middle; as before by default.
        mirrored: past its ends the row goes on mirrored; else there is 0.

    Returns:
        BxSxL: from pixels before to pixels after, interpolated linearly.
    """
    seen = seen or length
    pixels = torch.arange(length, device=scale.device, dtype=scale.dtype)
    places = torch.arange(seen, device=scale.device, dtype=scale.dtype)
    source = (places - (seen - 1) / 2 - shift[:, None]) / scale[:, None] + (length - 1) / 2
    if mirrored:  # about the edges of its end pixels
        source = (source + 0.5).remainder(2 * length)
        source = (torch.minimum(source, 2 * length - source) - 0.5).clamp(0, length - 1)
    return (1 - (source[..., None] - pixels).abs()).clamp(min=0)
