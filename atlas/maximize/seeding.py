"""Random numbers that depend on a name alone: the same on any machine and beside any neighbor."""

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas.target import Target


def uniform(name: str, count: int) -> NDArray[np.float32]:
    """Draw ``count`` numbers in [0, 1).

    Raw bits of PCG64, whose stream numpy keeps stable, seeded by SHA-256 of the name; 24 of each
    64 bits make a number that float32 holds exactly, so every precision draws the same.
    """
    bits = np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest()))
    return ((bits.random_raw(count) >> np.uint64(40)) * 2.0**-24).astype(np.float32)


def starting_noise(seed: int, target: Target, attempt: int, size: int, channels: int = 3) -> Tensor:
    """Uniform noise, CxSxS float32 in [0, 1), that depends on the arguments alone."""
    values = uniform(target.stream(seed, attempt), channels * size * size)
    return torch.from_numpy(values).reshape(channels, size, size)
