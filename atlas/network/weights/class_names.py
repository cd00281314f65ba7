"""What the classes of a network are called, where its weights say so for certain."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlparse

import torchvision
from torchvision.models import GoogLeNet_Weights, get_model_weights, list_models

from atlas._system.display import display_name
from atlas.network.architectures import BVLC

CLASSES = "classes"
"""The entry of a file of weights that names the classes, in the order of the outputs."""


def imagenet_classes() -> tuple[str, ...]:
    """The 1,000 classes of ImageNet (ILSVRC 2012), in the order of their WordNet ids."""
    return tuple(GoogLeNet_Weights.IMAGENET1K_V1.meta["categories"])


def class_names(network: str, sha256: str, content: Any, outputs: int) -> tuple[str, ...]:
    """The classes of a network that atlas knows by name; empty where nobody says them.

    Args:
        network: its name.
        sha256: of its file of weights. Torchvision tells the classes of those that it publishes.
        content: what that file holds. Its entry ``classes`` may name them.
        outputs: how many classes the network tells apart.
    """
    told = _told(content) or _published(network, sha256)
    if network == BVLC and not told:
        told = imagenet_classes()  # Caffe's model zoo has a single one of this architecture
    return told if len(told) == outputs else ()


def _told(content: Any) -> tuple[str, ...]:
    names = content.get(CLASSES) if isinstance(content, Mapping) else None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return ()
    cleaned = tuple(display_name(name).strip() for name in names)
    return cleaned if all(cleaned) else ()


def _published(network: str, sha256: str) -> tuple[str, ...]:
    """The classes of weights that torchvision publishes, whose files' names have their hash."""
    if network not in list_models(module=torchvision.models):
        return ()
    for weights in get_model_weights(network):
        if sha256.startswith(PurePosixPath(urlparse(weights.url).path).stem.rpartition("-")[2]):
            return tuple(weights.meta.get("categories") or ())
    return ()
