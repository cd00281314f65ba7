"""Images drawn by lot, the same ones every time."""

import numpy as np
import torch
from torch import Tensor


def draw_lots(images: int) -> Tensor:
    """The place of each image in a fixed shuffled order, as int64."""
    return torch.from_numpy(np.random.PCG64(0).random_raw(images).argsort().argsort())
