"""What a network gives in the end: one number for each class that it tells apart."""

from collections.abc import Sequence

import torch
from torch import Tensor

from atlas.network.layer import Layer
from atlas.network.logits import main_part
from atlas.network.network import Network

TOLERANCE = 1e-4
"""Relative difference of numbers that are the same, computed in two ways."""


def count_outputs(network: Network) -> int | None:
    """How many classes a network tells apart; None where it gives no row of numbers an image."""
    given = _given(network, _noise(network))
    return None if given is None else given.shape[1]


def classifying(network: Network, layers: Sequence[Layer]) -> set[str]:
    """The layers whose units are the classes: the network gives their responses, or the softmax.

    Found by what the network computes for noise, so that it holds for any way of writing it.
    """
    images = _noise(network)
    given = _given(network, images)
    if given is None:
        return set()
    alike = [layer.name for layer in layers if layer.units == given.shape[1]]
    with torch.no_grad():
        values = network.values(alike, images)
    return {
        name
        for name in alike
        if _gives(network.layout(name).maps(values[name]).mean((2, 3)), given)
    }


def _gives(responses: Tensor, given: Tensor) -> bool:
    """Whether what is given (BxU) is responses (BxU), or the probabilities that they make."""
    ways = (responses, responses.softmax(1), responses.log_softmax(1))
    scale = max(float(given.abs().max()), 1e-30)
    return any(float((way - given).abs().max()) <= TOLERANCE * scale for way in ways)


def _noise(network: Network) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (2, network.channels, network.input_size, network.input_size)
    return torch.randn(shape, generator=generator).to(network.device, network.dtype)


def _given(network: Network, images: Tensor) -> Tensor | None:
    """What the module gives for images, BxK; of several things the first, or the logits."""
    with torch.no_grad():
        value = main_part(network.module(images))
    if not isinstance(value, Tensor) or not value.is_floating_point():
        return None
    return value if value.ndim == 2 and len(value) == len(images) else None
