"""Versions of everything that shapes a picture."""

import platform
from importlib.metadata import version

import torch

import atlas


def versions() -> dict[str, str]:
    """Versions of everything that shapes a picture."""
    return {
        "atlas": atlas.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": version("torchvision"),
        "numpy": version("numpy"),
        "opencv": version("opencv-python-headless"),
    }
