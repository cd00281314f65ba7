"""The judge of how alike two images are: a network that is not the one whose pictures are judged.

Its penultimate features, compared by their cosine. Which network it is was chosen for all networks
and recipes before any result was seen: torchvision's ResNet-18 with ImageNet's weights where they
can be had, else the bundled GoogLeNet, a weaker judge.
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.models import get_model_weights

from atlas._system.images import as_rgb
from atlas.examine.critics import OWN, Critic
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.network.ways import LayerTrunk, layer_trunk
from atlas.network.weights.named import BUNDLED
from atlas.network.weights.published import fetch
from atlas.probe.decoding import prepare

PENULTIMATE = "avgpool"

UNSCALED = "4eb51f37db86084d482c676de81e25fd9397778087cc8400efaec3a4d9034e01"
"""SHA-256 of the bundled file before its activations were scaled: the same network."""

BATCH = 32


class SimilarityJudge:
    """A judge, loaded when it is first asked.

    Args:
        device: where it runs.
        critic: which network.

    Raises:
        AtlasError: when its weights can be had neither from the cache nor by a download.
    """

    def __init__(self, device: str | torch.device = "cpu", critic: Critic = OWN) -> None:
        self.device = device
        self._critic = critic
        self.name = critic.name
        path = BUNDLED if critic is OWN else fetch(get_model_weights(critic.network)["DEFAULT"].url)
        with path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()

    def load(self) -> None:
        """Load the network now: torch.fx cannot trace one while other threads compute."""
        _ = self._network

    def is_independent_of(self, network: Network) -> bool:
        """Whether it may judge the pictures of ``network``: not when it is that network."""
        same = (self.sha256, UNSCALED) if self._critic is OWN else (self.sha256,)
        return network.weights.sha256 not in same

    def features(self, photographs: NDArray[np.uint8]) -> NDArray[np.float16]:
        """NxD features of Nx224x224x3 bytes."""
        network, trunk = self._network
        shown = torch.from_numpy(photographs).to(network.device, network.dtype)
        images = network.normalize(shown.permute(0, 3, 1, 2) / 255)
        with torch.inference_mode(), exact_arithmetic():
            found = [
                values.flatten(1)
                for part in images.split(BATCH)
                for _, values in trunk.activations(part)
            ]
        return torch.cat(found).cpu().numpy().astype(np.float16)

    def features_of(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float16]:
        """NxD features of HxWxC pictures, brought to 224 pixels as photographs are.

        Of pictures in other channels than red, green and blue, as they are shown.
        """
        shown = (Image.fromarray(as_rgb(picture)) for picture in pictures)
        return self.features(np.stack([prepare(picture) for picture in shown]))

    @cached_property
    def _network(self) -> tuple[Network, LayerTrunk]:
        network = load_network(self._critic.network, self._critic.weights, self.device)
        return network, layer_trunk(network, [PENULTIMATE])
