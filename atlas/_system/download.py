"""Fetch a file from the web: whole, or not at all."""

import hashlib
import http.client
import shutil
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError

from atlas.errors import AtlasError, reason_of

PATIENCE = 10.0
"""Seconds without a byte after which a server is given up."""


class DownloadError(AtlasError):
    """Why a file could not be fetched; the message holds the reason alone."""


def download(url: str, path: Path, sha256: str = "") -> None:
    """Download a file; its folder is made if it is missing.

    Args:
        url: where it is; http or https.
        path: the file, which is replaced when all of it has come.
        sha256: how its SHA-256 must begin, in hexadecimal.

    Raises:
        DownloadError: when it cannot be had or written, or is another file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent) as beside:
            part = Path(beside) / path.name
            _receive(url, part)
            with part.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if not found.startswith(sha256):
                raise DownloadError(f"its SHA-256 begins with {found[:8]} and not {sha256}")
            part.replace(path)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        cause = getattr(error, "reason", error)  # of a URLError, which says no more itself
        raise DownloadError(reason_of(cause)) from error


def _receive(url: str, path: Path) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "atlas"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer, path.open("wb") as file:
        shutil.copyfileobj(answer, file)
        if answer.length:  # http.client does not mind when a connection ends early
            raise ConnectionError(f"the connection ended {answer.length} bytes early")
