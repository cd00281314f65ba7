"""Networks of timm, by name or from the Hugging Face Hub, with the input they were trained on."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from torch import nn

from atlas._system.display import display_name
from atlas.errors import AtlasError, reason_of
from atlas.network.addresses.address import Address
from atlas.network.weights.class_names import imagenet_classes


def make_timm(
    address: Address, pretrained: bool, arguments: Mapping[str, Any]
) -> tuple[nn.Module, dict[str, Any]]:
    """A network of timm, and its ``input``, ``mean`` and ``std`` as ``load_network`` takes them.

    Args:
        address: of the kind ``timm`` or ``hf-hub``.
        pretrained: whether with the published weights, which are downloaded once.
        arguments: of ``timm.create_model``.

    Raises:
        AtlasError: when timm is not installed, has no such network, or it cannot be downloaded.
    """
    timm = _timm()
    name = address.attribute if address.kind == "timm" else f"hf-hub:{address.attribute}"
    if address.kind == "timm" and not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), n=3)
        hint = f"; the nearest names are {', '.join(near)}" if near else ""
        raise AtlasError(f"timm has no network {name!r}{hint}")
    try:
        module = timm.create_model(name, pretrained=pretrained, **arguments)
    except TypeError as error:  # of the network, which does not take such arguments
        raise AtlasError(f"{address.name} cannot be made ({reason_of(error)})") from error
    except Exception as error:  # of many kinds: of timm, of the hub, of the connection
        raise AtlasError(
            f"{address.name} cannot be had ({reason_of(error).rstrip('.')}); check the connection, "
            "or give a file: --network timm:NAME --weights FILE"
        ) from error
    return module, _input(timm, module, arguments.get("in_chans"))


def timm_classes(module: nn.Module, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The classes of a network with the weights that timm publishes; empty where not certain.

    They are named by the entry for these weights, or are ImageNet's where its tag says that they
    were trained last on its 1,000 classes: timm's tags end with the data set (``a1_in1k``).

    Args:
        module: as timm made it.
        arguments: with which it did.
    """
    known = getattr(module, "pretrained_cfg", {})
    names = known.get("label_names")
    if "num_classes" in arguments:
        return ()
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        return tuple(display_name(name) for name in names)
    of_imagenet = re.search(r"(^|_)in1k$", str(known.get("tag")))
    return imagenet_classes() if of_imagenet and known.get("num_classes") == 1000 else ()


def _timm() -> ModuleType:
    try:
        import timm
        import timm.data
    except ImportError as error:
        raise AtlasError(
            f"timm cannot be loaded ({reason_of(error)}); python -m pip install timm"
        ) from error
    return timm


def _input(timm: ModuleType, module: nn.Module, channels: int | None) -> dict[str, Any]:
    known = timm.data.resolve_model_data_config(module)
    published, *sides = known["input_size"]
    statistics = {"mean": known["mean"], "std": known["std"]}
    alike = channels in (None, published)  # else nobody has published any
    return {"input": (channels or published, *sides), **(statistics if alike else {})}
