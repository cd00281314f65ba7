"""How a picture is described to the optimizer: a chain of maps that can be undone.

The optimizer changes parameters; the network sees the image they stand for. Which parameters
these are decides which pictures lie near each other, and so which one is found first: Adam moves
every parameter by about the learning rate, whatever it does to the image (Olah et al. 2017,
"Feature Visualization", on preconditioning). The maps are the range that colors may take, the
axes in which a color is written, and the basis in which each of its planes is.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from atlas.maximize.spectrum import NATURAL, magnitudes
from atlas.network.network import Network
from atlas.recipe import Recipe

DARKEST = 0.02
"""The logit of a color is taken no nearer than this to 0 and 1, where it has no end."""

COLOR_AXES = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Principal axes of the colors of ImageNet's photographs, each as long as the spread along it:
bright and dark, blue and yellow, green and purple (Olah et al. 2017, in Lucid)."""


class Map(NamedTuple):
    """One step from images to parameters (``encode``), and back (``decode``); all BxCxHxW."""

    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]


class Parameterization:
    """Turns images of one size into what a recipe lets the optimizer change, and back.

    Args:
        network: that sees the images.
        recipe: says what is changed.
        size: side of the images.
        spectrum: how strong the waves of images are, as ``magnitudes`` takes it, for the basis of
            phases; that of natural images by default.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        size: int,
        spectrum: NDArray[np.floating] | None = None,
    ) -> None:
        self._network = network
        like = torch.empty(0, device=network.device, dtype=network.dtype)
        self._maps = [RANGES[recipe.color_range](network)]
        # What is no red, green and blue has no axes that photographs could tell.
        if recipe.color_axes == "decorrelated" and network.channels == 3:
            self._maps.append(decorrelated(like))
        if recipe.basis == "cosines":
            self._maps.append(cosines(size, recipe.spectrum_decay, like))
        elif recipe.basis == "phases":
            if spectrum is None:
                # What is no red, green and blue is as gray as the first axis.
                spectrum = NATURAL if network.channels == 3 else NATURAL[[0] * network.channels]
            strengths = magnitudes(spectrum, size)
            self._maps.append(phases(torch.from_numpy(strengths).to(like)))

    def encode(self, images: Tensor) -> Tensor:
        """Parameters (BxCxHxW) of images (BxCxHxW, in 0..1)."""
        for step in self._maps:
            images = step.encode(images)
        return images

    def decode(self, parameters: Tensor) -> Tensor:
        """Normalized images, as the network takes them, of parameters: BxCxHxW both."""
        for step in reversed(self._maps):
            parameters = step.decode(parameters)
        return parameters

    def shown(self, parameters: Tensor) -> Tensor:
        """Images of parameters, clipped to 0..1."""
        return self._network.denormalize(self.decode(parameters.detach())).clamp(0, 1)


def free(network: Network) -> Map:
    """Colors without bounds: the normalized image itself, as in the article."""
    return Map(network.normalize, lambda images: images)


def sigmoid(network: Network) -> Map:
    """Colors that stay between black and white: each is the sigmoid of a parameter."""
    return Map(
        lambda images: images.clamp(DARKEST, 1 - DARKEST).logit(),
        lambda logits: network.normalize(logits.sigmoid()),
    )


RANGES: dict[str, Callable[[Network], Map]] = {"free": free, "sigmoid": sigmoid}
"""The range of colors by name; the first map of every chain."""


def decorrelated(like: Tensor) -> Map:
    """Colors along the axes in which those of photographs are independent.

    The red, green and blue of a photograph rise and fall together. Steps of one size along these
    axes change brightness more than hue. ``like`` is of the device and the precision of images.
    """
    axes = torch.tensor(COLOR_AXES, dtype=torch.float64)
    axes /= axes.norm(dim=0).max()
    back, forth = axes.to(like), torch.linalg.inv(axes).to(like)
    return Map(
        lambda colors: torch.einsum("cd,bdhw->bchw", forth, colors),
        lambda amounts: torch.einsum("cd,bdhw->bchw", back, amounts),
    )


def cosines(size: int, decay: float, like: Tensor) -> Map:
    """Each color plane as amounts of two-dimensional cosines, in units of 1 / frequency ** decay.

    A photograph's spectrum falls as about one over the frequency (Field 1987). In these units all
    its amounts are alike, so steps of one size make coarse shapes before fine ones, and noise
    last of all. Cosines, the discrete cosine transform II, do what Olah et al. do with a Fourier
    transform, with as many real parameters as pixels, and without joining opposite borders.
    """
    index = torch.arange(size, dtype=torch.float64)
    rows = torch.cos(torch.pi / size * index[:, None] * (index + 0.5)) * (2 / size) ** 0.5
    rows[0] /= 2**0.5  # now orthonormal
    cycles_per_pixel = torch.hypot(index[:, None], index).clamp(min=1) / (2 * size)
    transform, units = rows.to(like), (cycles_per_pixel**-decay / 4).to(like)
    return Map(
        lambda planes: transform @ planes @ transform.T / units,
        lambda amounts: transform.T @ (amounts * units) @ transform,
    )


def phases(strengths: Tensor) -> Map:
    """Color planes as the phases of waves, each of a strength that stays (Fel et al. 2023).

    Where things are is in the phases, and how strong a spectrum has fine noise in the strengths:
    where these are a photograph's, no step can make noise of a picture. A picture is real, so one
    half of the Fourier transform tells the other; parameters of that other are not used. Waves that
    are their own mirror image, such as the mean, have a sign and no phase: they may be as strong as
    the cosine of theirs leaves them.

    Args:
        strengths: of the waves of a real Fourier transform, in the forward norm: CxSx(S//2+1).
    """
    size, columns = strengths.shape[-2:]
    rows = torch.arange(size, device=strengths.device)[:, None]
    unpaired = torch.arange(columns, device=strengths.device) * 2 % size == 0  # of no mirror column
    second = unpaired & (2 * rows > size)
    alone = unpaired & (2 * rows % size == 0)
    most = strengths.clamp(min=torch.finfo(strengths.dtype).tiny)

    def encode(planes: Tensor) -> Tensor:
        half = torch.fft.rfft2(planes, norm="forward")
        own = (half.real / most).clamp(-1, 1).acos()
        return F.pad(torch.where(alone, own, half.angle()), (0, size - columns))

    def decode(amounts: Tensor) -> Tensor:
        half = amounts[..., :columns]
        mirrored = half.flip(-2).roll(1, -2)  # row r is row -r
        spectrum = torch.polar(strengths.expand_as(half), torch.where(second, -mirrored, half))
        return torch.fft.irfft2(spectrum, s=(size, size), norm="forward")

    return Map(encode, decode)
