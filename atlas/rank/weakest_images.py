"""The images that excite each unit least, found batch by batch.

Many images leave a unit of a deep layer at zero, all alike. Which of them are kept is drawn by
lot: the first ones shown may all be of one kind, since folders are sorted.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WEAKEST = 200
"""How many images are kept for a unit."""


class Weakest(NamedTuple):
    """The weakest images of each unit, in no order.

    ``images`` are their indices and ``means`` the unit's responses to them: UxK, as int64 and as
    float32, with K at most 200.
    """

    images: Tensor
    means: Tensor


NONE = Weakest(torch.empty(0, dtype=torch.int64), torch.empty(0))
"""Before the first batch."""


def update(kept: Weakest, images: Tensor, means: Tensor, lots: Tensor) -> Weakest:
    """Take in a batch.

    Args:
        kept: what the update before returned; ``NONE`` at first.
        images: the indices of the B images.
        means: BxU responses, rounded here to float32.
        lots: of all images, as ``draw_lots`` gives them.
    """
    found = Weakest(images.expand(means.shape[1], -1), means.float().T)
    if kept is not NONE:
        found = Weakest(*(torch.cat(pair, 1) for pair in zip(kept, found, strict=True)))
    count = min(WEAKEST, found.images.shape[1])
    # All that are below the last one kept, and of its equals those with the lowest lots.
    limit = found.means.topk(count, largest=False).values[:, -1:]
    order = lots[found.images].where(found.means == limit, -1)
    order = order.masked_fill(found.means > limit, len(lots))
    chosen = order.topk(count, largest=False, sorted=False).indices
    return Weakest(*(table.gather(1, chosen) for table in found))


def in_order(kept: Weakest, lots: Tensor) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Images and responses, UxK each, the weakest first and equals by lot."""
    images, means = (table.cpu().numpy() for table in kept)
    order = np.lexsort((lots.cpu().numpy()[images], means))
    return np.take_along_axis(images, order, 1), np.take_along_axis(means, order, 1)
