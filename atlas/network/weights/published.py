"""The files of trained networks that torchvision publishes."""

import os
from pathlib import Path, PurePosixPath
from urllib.parse import urlparse

import torch

from atlas._system.download import DownloadError, download
from atlas.errors import AtlasError
from atlas.network.weights.weight_file import digest


def fetch(url: str) -> Path:
    """The file behind an address of torchvision's: from torch's cache, or downloaded into it.

    The eight or more hexadecimal digits before the suffix of its name begin its SHA-256. Both a
    cached and a downloaded file are held against them.

    Raises:
        AtlasError: when it can be had from neither.
    """
    name = PurePosixPath(urlparse(url).path)
    expected = name.stem.rpartition("-")[2]
    path = _hub_folder() / "checkpoints" / name.name
    if path.is_file() and digest(path).startswith(expected):
        return path
    try:
        download(url, path, expected)
    except DownloadError as error:
        raise AtlasError(
            f"{url} cannot be downloaded ({error}); check the connection, or put the file at {path}"
        ) from error
    return path


def _hub_folder() -> Path:
    """Torch's cache. Raises AtlasError where it would lie in whatever folder is the current one."""
    folder = torch.hub.get_dir()
    if not os.path.isabs(folder):
        raise AtlasError(
            f"torch would keep its downloads in {folder}, which is no absolute path; set HOME or "
            "TORCH_HOME"
        )
    return Path(folder)
