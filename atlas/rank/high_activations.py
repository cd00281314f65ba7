"""The activation that a unit exceeds at one of a hundred positions, over a sample of positions.

Bau et al. (2017), Network Dissection, section 2.1, take such a quantile of all positions of all
images. Their number is too large to keep; a sample of ten thousand finds it to a tenth of the
hundred that lie above it.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

SAMPLED = 10_000
"""Positions of a unit's map that are looked at, over all images; more where images are more."""

RARE = 100
"""One of so many positions exceeds the threshold."""

SETTLED = 4000
"""Values taken in before the highest of them are found."""

GOLDEN = (5**0.5 - 1) / 2


def sampled_positions(images: Tensor, of: int, positions: int) -> Tensor:
    """At which positions each image of a batch is looked at: BxS, in 0 to ``positions`` - 1.

    They follow each other by the golden ratio, from image to image, so that all parts of a map
    come in equally often.

    Args:
        images: indices of the B images.
        of: how many images there are in all.
        positions: of a map.
    """
    count = min(positions, math.ceil(SAMPLED / of))
    if count == positions:
        return torch.arange(positions, device=images.device).expand(len(images), -1)
    turn = images[:, None] * count + torch.arange(count, device=images.device)
    return (turn.double() * GOLDEN % 1 * positions).long().clamp(max=positions - 1)


@dataclass
class HighActivations:
    """The highest of the sampled activations of a layer's units, updated batch by batch.

    Args:
        of: how many images there are in all.
    """

    of: int
    taken: int = 0
    waiting: list[Tensor] = field(default_factory=list)

    def update(self, values: Tensor) -> None:
        """Take in the sampled activations of a batch: BxSxU."""
        most = math.ceil(self.of * values.shape[1] / RARE)
        self.taken += values.shape[0] * values.shape[1]
        self.waiting.append(values.flatten(0, 1))
        if sum(map(len, self.waiting)) > most + SETTLED:
            self.waiting = [torch.cat(self.waiting).topk(most, dim=0).values]

    @property
    def threshold(self) -> Tensor:
        """What one of a hundred sampled positions reaches, for each of the U units."""
        wanted = math.ceil(self.taken / RARE)
        return torch.cat(self.waiting).topk(wanted, dim=0).values[-1]
