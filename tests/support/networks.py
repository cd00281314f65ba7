"""Networks of random weights, and what they compute when they run whole on one image."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from atlas.network.network import Network
from atlas.network.simplify import PhaseConv2d


def seeded(make: Any, **options: Any) -> nn.Module:
    """A network with random weights whose batch norms have random statistics."""
    torch.manual_seed(0)
    module = make(**options)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias)
            assert part.running_mean is not None and part.running_var is not None
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return module.eval()


@cache
def googlenet() -> nn.Module:
    options = {"weights": None, "init_weights": False, "aux_logits": False}
    return seeded(torchvision.models.googlenet, **options)


@cache
def resnet() -> nn.Module:
    return seeded(torchvision.models.resnet18, weights=None)


@cache
def densenet() -> nn.Module:
    options = {"growth_rate": 4, "block_config": (2, 3), "num_init_features": 8}
    return seeded(torchvision.models.DenseNet, **options)


@cache
def network(make: Any, precision: Any = "float64") -> Network:
    return Network(make(), precision=precision)


def plain(module: nn.Module, layer: str, image: Tensor) -> Tensor:
    """The layer's output when the module runs on one image; the second call of ``x_1``."""
    place, _, call = layer.rpartition("_")
    if not call.isdigit() or layer in dict(module.named_modules()):
        place, call = layer, "0"
    outputs: list[Tensor] = []
    part = module.get_submodule(place)
    handle = part.register_forward_hook(lambda _, __, output: outputs.append(output.clone()))
    with torch.inference_mode():
        module(image[None])
    handle.remove()
    output = outputs[int(call)]
    return output if output.ndim == 4 else output[:, :, None, None]


def images(count: int, size: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randn(count, 3, size, size, generator=generator, dtype=torch.float64)


def agrees(found: Tensor, expected: Tensor, tolerance: float) -> None:
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= tolerance * expected.abs().max()


@contextmanager
def counted() -> Iterator[defaultdict[type, list[int]]]:
    """How many images each module is called with, by its class, in the order of the calls."""
    calls: defaultdict[type, list[int]] = defaultdict(list)

    def count(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        kind = nn.Conv2d if isinstance(module, PhaseConv2d) else type(module)
        calls[kind].append(len(inputs[0]))

    hook = register_module_forward_pre_hook(count)
    try:
        yield calls
    finally:
        hook.remove()
