"""From the address of a network to the network with its weights and its input."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import nn

from atlas._system.display import display_name
from atlas._system.paths import as_path
from atlas.errors import UsageError
from atlas.network.addresses.address import Address
from atlas.network.addresses.timm_models import make_timm, timm_classes
from atlas.network.addresses.user_code import make_network
from atlas.network.weights.filling import fill, find
from atlas.network.weights.named import WeightsInfo, describe_module, identity_of
from atlas.network.weights.weight_file import digest, read_content


@dataclass(frozen=True)
class Opened:
    """A network from an address.

    Args:
        module: with its weights.
        info: where these came from.
        published: ``input``, ``mean`` and ``std`` as far as they are known with it.
    """

    module: nn.Module
    info: WeightsInfo
    published: dict[str, Any] = field(default_factory=dict)


def open_address(
    address: Address, weights: str, arguments: Mapping[str, Any], key: str | None = None
) -> Opened:
    """Make the network at an address.

    Args:
        address: where it is.
        weights: ``auto`` (its own, or those that timm publishes), ``imagenet`` (the latter) or a
            file.
        arguments: of the callable that makes it.
        key: which entry of the file to take; by default the likeliest.

    Raises:
        UsageError: for weights that there are not at such an address.
        AtlasError: when the network cannot be made, or the file does not hold its weights.
    """
    own = address.kind in ("file", "module")
    if weights == "bundled" or (own and weights == "imagenet"):
        raise UsageError(f"there are no {weights} weights of {address.name}; give auto or a file")
    path = None if weights in ("auto", "imagenet") else as_path(weights)
    module, published = (
        (make_network(address, arguments), {}) if own else _of_timm(address, path, arguments, key)
    )
    if path is None:
        said = (
            "its own weights, as the code made them" if own else "the weights that timm publishes"
        )
        info = replace(
            describe_module(module),
            name=address.attribute,
            reading=(f"{address.name}: {said}",),
            categories=() if own else timm_classes(module, arguments),
        )
    else:
        info = _filled(module, path, key)
    return Opened(module, _with_arguments(info, arguments), published)


def _of_timm(
    address: Address, path: Path | None, arguments: Mapping[str, Any], key: str | None
) -> tuple[nn.Module, dict[str, Any]]:
    """A network of timm; for a file, with a head of as many classes as that has."""
    module, published = make_timm(address, path is None, arguments)
    head = getattr(module, "pretrained_cfg", {}).get("classifier")
    if path is None or "num_classes" in arguments or not isinstance(head, str):
        return module, published
    complaint = f"{path} does not hold the weights of {address.name}"
    held = find(module, read_content(path), key, path.name, complaint).tensors
    classes = len(held.get(f"{head}.weight", ())) or module.num_classes
    if classes == module.num_classes:
        return module, published
    return make_timm(address, False, {**arguments, "num_classes": classes})


def _filled(module: nn.Module, path: Path, key: str | None) -> WeightsInfo:
    """Fill a network from a file of weights."""
    sha256 = identity_of(digest(path), key)
    reading = fill(module, path, key)
    return WeightsInfo(
        source="file",
        name=display_name(path.name),
        sha256=sha256,
        classes=describe_module(module).classes,
        notice=None,
        key=key,
        reading=tuple(reading),
    )


def _with_arguments(info: WeightsInfo, arguments: Mapping[str, Any]) -> WeightsInfo:
    """Let the same weights with other arguments be another network."""
    if not arguments:
        return info
    content = repr((info.sha256, sorted(arguments.items()))).encode()
    return replace(info, sha256=hashlib.sha256(content).hexdigest())
