"""The loss of each image: what its unit does, and what the picture itself adds."""

from collections.abc import Sequence

import torch
from torch import Tensor

from atlas.maximize.objectives import OBJECTIVES, root_mean_square
from atlas.maximize.regularizers import REGULARIZERS
from atlas.network.single_channel import OwnChannels, OwnMaps
from atlas.recipe import Recipe


class Loss:
    """The loss of a batch of images, each with a unit of its own, and what it is made of.

    Args:
        trunk: the network as far as the units need it.
        units: (layer, unit) of each image, in the order of depth, and of units within a layer.
        scales: B, of the units.
        recipe: of whose objective and regularizers the loss is made.
    """

    def __init__(
        self, trunk: OwnChannels, units: Sequence[tuple[str, int]], scales: Tensor, recipe: Recipe
    ) -> None:
        self.terms = ("activation", *recipe.regularizers(), "loss")
        self._maps = OwnMaps(trunk, units, scales.device)
        self._scales = scales
        self._recipe = recipe

    def __call__(self, images: Tensor, views: Tensor) -> Tensor:
        """The terms for each image (Bx3xSxS, normalized) seen through its view: terms x B.

        The first is the RMS of the unit, the last the loss, whose gradient alone is that of the
        recipe.
        """
        rms, excitation = self._activations(views)
        loss = -self._recipe.activation_weight * excitation
        terms = [rms]
        for name, weight in self._recipe.regularizers().items():
            terms.append(REGULARIZERS[name](images, self._recipe))
            loss = loss + weight * terms[-1]
        return torch.stack([*terms, loss])

    def _activations(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """RMS of each image's unit, and the objective: B each."""
        measure = OBJECTIVES[self._recipe.objective]
        norms: list[Tensor] = []
        measured: list[Tensor] = []
        first = 0
        for maps in self._maps(views):
            part = slice(first, first + len(maps))
            measured.append(measure(maps, self._scales[part]))
            norms.append(
                measured[-1] if self._recipe.objective == "rms" else root_mean_square(maps.detach())
            )
            first = part.stop
        return torch.cat(norms), torch.cat(measured)
