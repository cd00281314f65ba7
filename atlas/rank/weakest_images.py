"""The images that excite each unit least, found batch by batch.

Many images leave a unit of a deep layer at zero, all alike. Which of them are kept is drawn by
lot: the first ones shown may all be of one kind, since folders are sorted.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WEAKEST = 200
"""How many images are kept for a unit."""


def draw_lots(images: int) -> Tensor:
    """A fixed shuffled order of so many images: the place of each, as int64."""
    return torch.from_numpy(np.random.PCG64(0).random_raw(images).argsort().argsort())


def update(kept: Tensor, means: Tensor, lots: Tensor) -> Tensor:
    """Take in a batch.

    Args:
        kept: what the update before returned; empty at first.
        means: BxU responses, rounded here to float32.
        lots: of the B images.

    Returns:
        UxK keys of the weakest images, K at most 200, in no order. A key is one whole number that
        sorts by response, then by lot: the bits of the float32 above those of the lot.
    """
    bits = (means.float() + 0.0).view(torch.int32).long()  # + 0.0 makes zero of minus zero
    ordered = torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits)
    keys = ((ordered << 32) | lots[:, None]).T
    if kept.numel():
        keys = torch.cat([kept, keys], 1)
    return keys.topk(min(WEAKEST, keys.shape[1]), largest=False, sorted=False).values


def decode(kept: Tensor, lots: Tensor) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Images and responses, UxK each, the weakest first; ``lots`` are those of all images."""
    keys = kept.sort(1).values.cpu()
    image_of = torch.argsort(lots.cpu())
    ordered = (keys >> 32).int()
    bits = torch.where(ordered < 0, ordered ^ 0x7FFFFFFF, ordered)
    return image_of[keys & 0xFFFFFFFF].numpy(), bits.view(torch.float32).numpy()
