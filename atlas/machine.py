"""What this machine offers, and what ``auto`` means on it."""

import platform
from importlib.metadata import version

import torch

import atlas
from atlas.errors import AtlasError
from atlas.network import Precision

BATCH = {"cpu": 16, "cuda": 64}
"""Units in one forward pass when the batch is auto, by kind of device."""


def choose_device(asked: str) -> torch.device:
    """The device asked for; ``auto`` is the first GPU, or else the CPU.

    Raises AtlasError when there is no such GPU.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        return torch.device("cuda" if gpus else "cpu")
    device = torch.device(asked)
    if device.type == "cuda" and (device.index or 0) >= gpus:
        raise AtlasError(f"device {asked}: torch sees {gpus} GPUs here; try --device cpu")
    return device


def choose_precision(asked: str, device: torch.device) -> Precision:
    """The precision asked for; ``auto`` is bfloat16 where the hardware computes in it."""
    if asked != "auto":
        return asked  # type: ignore[return-value]  # config has checked it
    return "bfloat16" if _has_bfloat16(device) else "float32"


def versions() -> dict[str, str]:
    """Versions of everything that shapes a picture."""
    return {
        "atlas": atlas.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "numpy": version("numpy"),
        "opencv": version("opencv-python-headless"),
    }


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    units = getattr(torch.cpu, "get_capabilities", dict)()
    return any(units.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
