"""Load a network by name, or wrap a trained module."""

from collections.abc import Sequence

import torch
from torch import nn

from atlas._system import arguments
from atlas.network.architectures import normalization
from atlas.network.network import Network
from atlas.network.precision import Precision
from atlas.network.weights import load_model
from atlas.probe.size import PROBE_SIZE


def load_network(
    network: str | nn.Module = "googlenet",
    weights: str = "auto",
    device: str | torch.device = "cpu",
    *,
    precision: Precision = "float32",
    input: Sequence[int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    weights_key: str | None = None,
    transform_input: bool | None = None,
) -> Network:
    """Load a network by name, or wrap a trained ``nn.Module``.

    Args:
        network: ``googlenet``, ``bvlc_googlenet``, any torchvision classification CNN, or a module.
        weights: ``auto``, ``imagenet``, ``bundled`` or a file; ignored for a module.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        precision: ``float32``, ``bfloat16`` or ``float64``.
        input: channels, height and width of its images; 3x224x224 by default.
        mean, std: the input normalization, in 0..1; by default that of the weights which
            torchvision publishes for a network of this name; for a module ImageNet's where it
            takes three channels, else 0 and 1.
        weights_key: which entry of a file of weights to take, such as ``state_dict_ema``; by
            default the likeliest.
        transform_input: whether ``googlenet`` or ``inception_v3`` was trained on images in -1..1,
            as torchvision's weights are; by default as the statistics in the file say.

    Raises:
        AtlasError: when there is no such network, the weights do not fit it, or it cannot be
            traced.
    """
    if input is not None:
        wanted = "channels, height and width, such as (3, 224, 224)"
        arguments.instance("input", input, Sequence, wanted)
    published: tuple[Sequence[float] | None, Sequence[float] | None] = None, None
    if isinstance(network, nn.Module):
        module, name, info = network, type(network).__name__.lower(), None
    else:
        name = arguments.instance("network", network, str, "a name or a torch.nn.Module")
        module, info = load_model(name, weights, weights_key, transform_input)
        if input is None or [*input][:1] == [3]:  # what is published is of red, green and blue
            published = normalization(name) or published
    return Network(
        module,
        name=name,
        input=(3, PROBE_SIZE, PROBE_SIZE) if input is None else input,
        mean=published[0] if mean is None else mean,
        std=published[1] if std is None else std,
        device=device,
        precision=precision,
        weights=info,
    )
