"""Which networks there are by name, and how their images are normalized."""

import difflib
from collections.abc import Sequence
from typing import Any

import torchvision
from torch import nn
from torchvision.models import (
    get_model,
    get_model_weights,
    list_models,
)

from atlas.errors import UsageError
from atlas.network.bvlc_googlenet import BVLCGoogLeNet

BVLC = "bvlc_googlenet"


def networks() -> list[str]:
    """The names ``load_network`` knows: Caffe's GoogLeNet and torchvision's classifiers."""
    return [BVLC, *_classifiers()]


def check_name(network: str) -> None:
    """Raise UsageError when no network has that name."""
    if network not in networks():
        near = ", ".join(difflib.get_close_matches(network, networks())) or "googlenet"
        raise UsageError(f"there is no network {network!r}; the nearest names: {near}")


def normalization(network: str) -> tuple[Sequence[float], Sequence[float]] | None:
    """Mean and standard deviation per channel of the images of torchvision's weights, RGB in 0..1.

    None for a network of which torchvision has no weights.
    """
    if network == BVLC:
        return None
    preparation = get_model_weights(network)["DEFAULT"].transforms()
    return preparation.mean, preparation.std


def untrained(network: str, classes: int = 1000) -> nn.Module:
    """The network without auxiliary heads, with weights that mean nothing."""
    if network == BVLC:
        return BVLCGoogLeNet(classes)
    bare: dict[str, Any] = {"aux_logits": False, "init_weights": False}
    options = bare if network in ("googlenet", "inception_v3") else {}
    return get_model(network, num_classes=classes, **options)


def _classifiers() -> list[str]:
    return list_models(module=torchvision.models)
