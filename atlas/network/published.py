"""The files of trained networks that torchvision publishes."""

import http.client
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import urlparse

import torch

from atlas.errors import AtlasError
from atlas.network.weight_file import digest

DOWNLOAD_TIMEOUT = 10.0
"""Seconds without an answer after which a download is given up."""


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
        path.parent.mkdir(parents=True, exist_ok=True)
        with _socket_timeout(DOWNLOAD_TIMEOUT):
            torch.hub.download_url_to_file(url, str(path), expected, progress=False)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise AtlasError(
            f"{url} cannot be downloaded ({_reason(error)}); "
            f"check the connection, or put the file at {path}"
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


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", error)).split())
