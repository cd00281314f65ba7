"""The loss of each image: what its unit does, and what the picture itself adds."""

from collections.abc import Sequence

import torch
from torch import Tensor

from atlas.maximize.axes import Axes, one_an_image
from atlas.maximize.diversity import Likeness
from atlas.maximize.objectives import MAGNITUDES, counted, root_mean_square
from atlas.network.directions import DirectionTrunk
from atlas.network.ways import UnitTrunk
from atlas.recipe import Recipe


class Loss:
    """The loss of a batch of images, each with a unit of its own, and what it is made of.

    Args:
        trunk: the network as far as the units need it.
        units: (layer, unit) of each image, in the order of depth, and of units within a layer.
        scales: what the mean activation of each image's unit is counted in: B.
        recipe: says what is maximized, and what is added.
        axes: what stands in for the recipe's own choice.
        likeness: of samples to earlier ones of their unit, where there are any.
    """

    def __init__(
        self,
        trunk: UnitTrunk | DirectionTrunk,
        units: Sequence[tuple[str, int]],
        scales: Tensor,
        recipe: Recipe,
        axes: Axes,
        likeness: Likeness | None = None,
    ) -> None:
        self._maps = trunk.maps(units, scales.device)
        self._scales = scales
        self._recipe = recipe
        self._weight = recipe.activation_weight
        self._measure = axes.measure(recipe)
        self._regularizers = axes.terms(recipe)
        self._likeness, self._diversity_weight = likeness, recipe.diversity_weight
        likeness_term = ("likeness",) if likeness else ()
        self.map_sizes: list[tuple[int, int]] = []
        """Rows and columns of the map of each image, as last seen."""
        self.terms = ("activation", *self._regularizers, *likeness_term, "loss")

    def __call__(self, images: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of each image (BxCxSxS, normalized) seen through its view, and its terms.

        Returns:
            The loss, B, and the values of ``terms``, TxB, without a gradient: the RMS of what
            is counted of the unit, the regularizers and the likeness without their weights, the
            loss.
        """
        rms, excitation = self._activations(views)
        loss = -self._weight * excitation
        values = [rms]
        for name, (weight, regularizer) in self._regularizers.items():
            values.append(one_an_image(name, regularizer(images), len(images)))
            loss = loss + weight * values[-1]
        if self._likeness:
            values.append(self._likeness(views))
            loss = loss + self._diversity_weight * values[-1]
        return loss, torch.stack([*values, loss]).detach()

    def _activations(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """RMS of each image's unit, and the objective: B each."""
        norms: list[Tensor] = []
        measured: list[Tensor] = []
        first = 0
        self.map_sizes = []
        for maps in self._maps(views):
            part = slice(first, first + len(maps))
            self.map_sizes += [(maps.shape[1], maps.shape[2])] * len(maps)
            maps = counted(maps, self._recipe)
            own = self._measure(maps, self._scales[part])
            measured.append(one_an_image("objective", own, len(maps)))
            norms.append(own if self._measure in MAGNITUDES else self._magnitude(maps.detach()))
            first = part.stop
        return torch.cat(norms), torch.cat(measured)

    def _magnitude(self, maps: Tensor) -> Tensor:
        """RMS of what is counted: for the minimum of what lies below 0, of turned maps above."""
        return root_mean_square(maps.clamp(min=0) if self._recipe.sign == "negative" else maps)
