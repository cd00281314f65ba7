"""Images of a probe set as a network takes them."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from atlas.network.network import Network
from atlas.probe.probe_set import ProbeSet
from atlas.probe.size import in_channels


class Shown:
    """Images of a probe set as the network takes them."""

    def __init__(self, network: Network, probe: ProbeSet) -> None:
        self._network = network
        self._probe = probe

    def __call__(self, numbers: Sequence[int]) -> Tensor:
        """The images of some numbers: BxCxSxS, normalized."""
        network = self._network
        pixels = np.stack([self._probe.image(number) for number in numbers])
        shown = torch.from_numpy(in_channels(pixels, network.channels))
        images = shown.to(network.device, network.dtype).permute(0, 3, 1, 2) / 255
        return network.normalize(images)
