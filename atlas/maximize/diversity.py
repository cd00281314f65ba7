"""Several pictures of one unit that show different sides of it.

From different noise alone a unit's pictures come out much alike. So each sample is kept unlike
those before it: what it adds to the loss is how alike their Gram matrices at the unit's layer are
(Olah et al. 2017, "Feature Visualization", appendix). There every sample moves away from every
other; here a sample from the earlier ones alone, so that the first is the picture that the unit has
without any other, and a fourth changes none of the three.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from atlas.network.network import Network
from atlas.network.ways import layer_trunk
from atlas.target import Target


def with_earlier(targets: Sequence[Target]) -> list[Target]:
    """The targets, and after them those samples of their units before them that are missing."""
    earlier = dict.fromkeys(
        replace(target, sample=sample) for target in targets for sample in range(1, target.sample)
    )
    return [*targets, *(target for target in earlier if target not in targets)]


class Likeness:
    """How alike each sample of a batch is to the earlier ones of its unit.

    Args:
        network: that is looked into.
        targets: of the images, in the order of depth, of units in a layer, and of samples.
        dtype: of weights and activations.
    """

    def __init__(self, network: Network, targets: Sequence[Target], dtype: torch.dtype) -> None:
        samples = Counter((target.layer, target.unit) for target in targets)
        # Only images with another of their unit go through the whole layer.
        self._places = [
            i for i, target in enumerate(targets) if samples[target.layer, target.unit] > 1
        ]
        own = [targets[i] for i in self._places]
        self._leaving = Counter(target.layer for target in own)
        self._weights = {
            layer: earlier_samples([target for target in own if target.layer == layer])
            for layer in self._leaving
        }
        self._trunk = layer_trunk(network, list(self._leaving), dtype) if own else None

    def __call__(self, views: Tensor) -> Tensor:
        """Of each view (BxCxHxW), the mean cosine to those before it: B, in 0..1; 0 for a first.

        The gradient reaches the later sample of each pair alone.
        """
        likeness = views.new_zeros(len(views))
        if self._trunk is None:
            return likeness
        found = []
        for layer, maps in self._trunk.activations(views[self._places], self._leaving):
            directions = gram_directions(maps.to(views.dtype))
            cosines = directions @ directions.detach().mT
            found.append((cosines * self._weights[layer].to(cosines)).sum(1))
        places = torch.tensor(self._places, device=views.device)
        return likeness.index_copy(0, places, torch.cat(found))


def earlier_samples(targets: Sequence[Target]) -> Tensor:
    """Which of the images are earlier samples of whose unit: NxN, rows that average over them."""
    before = torch.tensor(
        [
            [(a.layer, a.unit) == (b.layer, b.unit) and b.sample < a.sample for b in targets]
            for a in targets
        ],
        dtype=torch.float64,
    )
    return before / before.sum(1, keepdim=True).clamp(min=1)


def gram_directions(maps: Tensor) -> Tensor:
    """The Gram matrices of a layer's maps (BxUxHxW) as vectors of unit length: Bx(U*U).

    A Gram matrix says which units are active together, and not where. That of a silent layer is
    zero and stays so.
    """
    flat = maps.flatten(2)
    return F.normalize((flat @ flat.mT).flatten(1), dim=1)
