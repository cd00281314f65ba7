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


def white_noise(keys: Tensor, count: int, like: Tensor) -> Tensor:
    """Draw ``count`` numbers of the standard normal distribution for each of B keys: BxN.

    Unlike a generator's they need no state, so they are drawn where they are used, of the device
    and the precision of ``like``: each is a hash of its place and its key, the same on any device.
    ``keys`` are whole numbers of int64, below 2**32.
    """
    places = torch.arange(count, device=keys.device)
    mixed = _mixed((_mixed(places) + keys[:, None]) & 0xFFFFFFFF)
    # 23 bits and a half, so that neither end is drawn, and every precision holds the number.
    odd = ((mixed >> 9) * 2 + 1).to(like)
    return torch.erfinv(odd * 2.0**-23 - 1) * 2**0.5


def _mixed(numbers: Tensor) -> Tensor:
    """Numbers below 2**32 to others, one to one, in which each bit hangs on every bit before.

    Wellons (2018), "Prospecting for Hash Functions": lowbias32.
    """
    numbers = ((numbers ^ (numbers >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    numbers = ((numbers ^ (numbers >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return numbers ^ (numbers >> 16)
