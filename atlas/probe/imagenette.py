"""Imagenette as a probe set, downloaded once."""

import http.client
import socket
import tarfile
import tempfile
import urllib.error
from pathlib import Path, PurePosixPath

from atlas._system.paths import cache_folder
from atlas.errors import AtlasError
from atlas.probe.folder import Folder

DOWNLOAD_TIMEOUT = 10.0
"""Seconds without a byte after which a download is given up."""


class Imagenette(Folder):
    """The 3,925 validation photographs of Imagenette (Howard 2019), short side 320 pixels.

    Looked for in the user's cache folder, else downloaded; raises AtlasError where neither works.
    The digest of what the verified archive held is kept beside it, and held against it each time.
    """

    kind = "imagenette"

    def __init__(self) -> None:
        folder = cache_folder() / "atlas" / "imagenette2-320"
        if self._is_as_unpacked(folder):
            return
        changed = f"{folder} is not what was downloaded" if folder.is_dir() else None
        _download_imagenette(folder, f"{changed}, and " if changed else "")
        super().__init__(folder / "val", name="imagenette")
        if changed:
            self.remarks.append(f"{changed}: downloaded again")

    def _is_as_unpacked(self, folder: Path) -> bool:
        """Open the folder; whether it holds what its archive held."""
        try:
            super().__init__(folder / "val", name="imagenette")
            return _seal(folder).read_text("utf-8") == self.digest
        except (AtlasError, OSError, ValueError):
            return False


def _seal(folder: Path) -> Path:
    """Where the digest of an unpacked archive is kept."""
    return folder.with_name(f"{folder.name}.sha256")


def _download_imagenette(folder: Path, before: str = "") -> None:
    """Download and unpack Imagenette's validation images.

    Raises AtlasError, with what is to be said ``before``, when they cannot be had.
    """
    from torch.hub import download_url_to_file
    from torchvision.datasets import Imagenette as Downloader

    url, _ = Downloader._ARCHIVES["320px"]
    cache, timeout = folder.parent, socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Unpacked beside its place and moved there whole: a half data set is never used.
        with tempfile.TemporaryDirectory(dir=cache) as part:
            # Fetched here, since torchvision draws a bar; it finds the file and checks its MD5.
            download_url_to_file(url, f"{part}/{PurePosixPath(url).name}", progress=False)
            Downloader(part, split="val", size="320px", download=True)
            unpacked = Path(part) / folder.name
            _seal(folder).write_text(Folder(unpacked / "val").digest, "utf-8")
            if folder.is_dir():
                folder.rename(Path(part) / "changed")
            unpacked.rename(folder)
    except (OSError, RuntimeError, http.client.HTTPException, tarfile.TarError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it holds the connection
        problem = " ".join(str(error).split()) or type(error).__name__
        raise AtlasError(
            f"{before}cannot download Imagenette to {str(cache)!r}: {problem}; "
            "try again, or use --probe FOLDER or --probe stimuli"
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)
