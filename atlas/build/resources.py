"""What this machine offers, and what ``auto`` means on it."""

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from atlas._system.freed_memory import keep_freed_memory
from atlas._system.memory import host_memory
from atlas.build.normalization import input_of
from atlas.errors import AtlasError
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.network.precision import Precision
from atlas.network.ways import layer_trunk
from atlas.run.schema import RunSettings
from atlas.settings import Settings

BATCH = {"cpu": 16, "cuda": 512}
"""Units in one forward pass at most: on a CPU more gain nothing, on a GPU next to nothing."""

CORES = torch.get_num_threads()
"""What torch takes for this process: the machine's physical cores, unless it was told otherwise."""

MEMORY_SHARE = 0.5
"""How much of the memory may hold values for the gradient; convolutions need some to work in."""


def open_network(
    settings: Settings,
    kept: RunSettings | None,
    local_rank: int = 0,
    given: Network | None = None,
) -> Network:
    """The network asked for, and torch set to as many threads as the run was begun with.

    Args:
        settings: what is asked.
        kept: ``run.json``, whose precision ``auto`` then is; None for a new run.
        local_rank: which of the processes on this machine asks.
        given: the network, where there is one in memory.
    """
    keep_freed_memory()
    if kept:
        torch.set_num_threads(kept.threads)
    if given is not None:
        return given
    device = choose_device(settings.device, local_rank)
    asked = settings.precision
    if kept and asked == "auto":
        asked = kept.identity.precision
    precision = choose_precision(asked, device)
    return load_network(
        settings.network,
        settings.weights,
        device,
        precision=precision,
        weights_key=settings.weights_key,
        transform_input=settings.transform_input,
        **input_of(settings),
        network_args=dict(settings.network_args),
    )


def choose_device(asked: str, local_rank: int = 0) -> torch.device:
    """The device asked for; ``auto`` is a GPU, or else the CPU.

    Args:
        asked: auto, cpu, cuda, or cuda:N.
        local_rank: which of the processes on this machine asks; each takes another GPU where any
            will do.

    Raises AtlasError when there is no such GPU.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        asked = "cuda" if gpus else "cpu"
    if asked == "cuda" and gpus:
        return torch.device("cuda", local_rank % gpus)
    device = torch.device(asked)
    if device.type == "cuda" and (device.index or 0) >= gpus:
        raise AtlasError(f"device {asked}: torch sees {gpus} GPUs here; try --device cpu")
    return device


def choose_precision(asked: str, device: torch.device) -> Precision:
    """The precision asked for; ``auto`` is bfloat16 where the hardware computes in it."""
    if asked != "auto":
        return asked  # type: ignore[return-value]  # config has checked it
    return "bfloat16" if _has_bfloat16(device) else "float32"


def choose_batch(network: Network, size: int, workers: int) -> int:
    """How many pictures a worker can make at once.

    Args:
        network: on its device.
        size: of the largest pictures, in pixels.
        workers: how many share the memory of the device.
    """
    device = network.device
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory
    else:
        memory = host_memory()
    images = MEMORY_SHARE * memory / (workers * bytes_per_image(network, size))
    return max(1, min(BATCH[device.type], int(images)))


def bytes_per_image(network: Network, size: int) -> int:
    """What a forward pass through all layers keeps of one image for the gradient."""
    last = network.layers[-1].name
    small = network.seen_size(last, max(network.sizes.smallest, network.input_size // 2))
    shape = (1, network.channels, small, small)
    image = torch.zeros(shape, device=network.device, requires_grad=True)
    trunk = layer_trunk(network, [last], network.convolution_dtype)
    weights = {values.untyped_storage().data_ptr() for values in trunk.module.parameters()}
    kept: dict[int, int] = {}

    def note(values: Tensor) -> Tensor:
        storage = values.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return values

    with torch.autograd.graph.saved_tensors_hooks(note, lambda values: values):
        for _ in trunk.activations(image.to(network.dtype)):
            pass
    return max(int(sum(kept.values()) * (size / small) ** 2), 1)


def choose_workers(device: torch.device, processes: int = 1) -> int:
    """How many chunks a process has in hand: on a CPU one on every core that is its own.

    On a GPU two, so that one is computed while the pictures of the other are encoded and written.

    Args:
        device: what computes.
        processes: how many share this machine.
    """
    return max(CORES // processes, 1) if device.type == "cpu" else 2


def turns(device: torch.device) -> AbstractContextManager[Any]:
    """What workers hold while they compute: a GPU is for one of them at a time."""
    return nullcontext() if device.type == "cpu" else threading.Lock()


def choose_writers(device: torch.device) -> int:
    """How many pictures a worker encodes at a time; on a CPU each worker has a core alone."""
    return 1 if device.type == "cpu" else CORES


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    units = getattr(torch.cpu, "get_capabilities", dict)()
    return any(units.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
