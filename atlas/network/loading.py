"""Load a network by name or address, or wrap a trained module."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from atlas._system import arguments
from atlas.errors import UsageError
from atlas.network.addresses.address import find_address
from atlas.network.addresses.opening import open_address
from atlas.network.architectures import normalization
from atlas.network.network import Network
from atlas.network.precision import Precision
from atlas.network.weights.named import load_model
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
    network_args: Mapping[str, Any] | None = None,
) -> Network:
    """Load a network by name or address, or wrap a trained ``nn.Module``.

    Args:
        network: ``googlenet``, ``bvlc_googlenet``, any classifier of torchvision, an address
            (``package.module:attr``, ``file.py:attr``, ``timm:NAME``, ``hf-hub:ORG/NAME``; the
            first two run the code there), or a module.
        weights: ``auto``, ``imagenet``, ``bundled`` or a file; ignored for a module.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        precision: ``float32``, ``bfloat16`` or ``float64``.
        input: channels, height and width of its images; 3x224x224 by default.
        mean, std: the input normalization, in 0..1; by default that of the weights which
            torchvision publishes for a network of this name; for a module ImageNet's where it
            takes three channels, else 0 and 1. timm knows all three of its networks.
        weights_key: which entry of a file of weights to take, such as ``state_dict_ema``; by
            default the likeliest.
        transform_input: whether ``googlenet`` or ``inception_v3`` was trained on images in -1..1,
            as torchvision's weights are; by default as the statistics in the file say.
        network_args: of the callable at an address.

    Raises:
        AtlasError: when there is no such network, the weights do not fit it, or it takes no image
            of its input.
    """
    if input is not None:
        wanted = "channels, height and width, such as (3, 224, 224)"
        arguments.instance("input", input, Sequence, wanted)
    published: dict[str, Any] = {}
    address = find_address(network) if isinstance(network, str) else None
    if address is None and network_args:
        raise UsageError("network_args are for what an address calls, such as mynet.py:MyNet")
    if isinstance(network, nn.Module):
        module, name, info = network, type(network).__name__.lower(), None
    elif address is not None:
        opened = open_address(address, weights, network_args or {}, weights_key)
        module, name, info = opened.module, address.name, opened.info
        published = opened.published
    else:
        name = arguments.instance("network", network, str, "a name or a torch.nn.Module")
        module, info = load_model(name, weights, weights_key, transform_input)
        if known := normalization(name):
            published = dict(zip(("mean", "std"), known, strict=True))
    if input is not None and [*input][:1] != [3]:  # what is published is of red, green and blue
        published = {}
    found = Network(
        module,
        name=name,
        input=published.get("input", (3, PROBE_SIZE, PROBE_SIZE)) if input is None else input,
        mean=published.get("mean") if mean is None else mean,
        std=published.get("std") if std is None else std,
        device=device,
        precision=precision,
        weights=info,
    )
    is_own = isinstance(network, nn.Module) or address is not None
    if is_own and mean is None and std is None and "mean" not in published:
        as_what = "as ImageNet's are" if found.channels == 3 else "not at all, from 0 to 1"
        found.remarks.append(
            f"nobody said how the images of {name} are normalized: they are {as_what}; --mean and "
            "--std say otherwise"
        )
    return found
