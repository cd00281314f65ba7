"""Imagenette's archives, tiny, from a server of this machine."""

import functools
import hashlib
import http.server
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import Imagenette

ARCHIVES = {"imagenette": "imagenette2-320", "imagenette-160": "imagenette2-160"}
"""By the name of the probe set, the stem of the archive and the folder in it."""


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def photograph(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((40, 32), Image.Resampling.BICUBIC)


@contextmanager
def served(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve both editions, two images in each split, from the folder that is given back.

    They stand in torchvision's table with their MD5. The cache is empty, in ``folder/cache``.
    """
    site = folder / "served"
    site.mkdir()
    handler = functools.partial(Handler, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    for seed, name in enumerate(ARCHIVES.values()):
        source = folder / "made" / name
        for split in ("train", "val"):
            for wnid in ("n01440764", "n03888257"):
                (source / split / wnid).mkdir(parents=True)
                image = source / split / wnid / f"{split}_{wnid}.JPEG"
                photograph(hash_of(seed, split, wnid)).save(image, "JPEG")
        with tarfile.open(site / f"{name}.tgz", "w:gz") as tar:
            tar.add(source, name)
        publish(patch, name, f"http://127.0.0.1:{server.server_port}/{name}.tgz", site)
    patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def hash_of(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4])


def publish(patch: pytest.MonkeyPatch, name: str, url: str, site: Path) -> None:
    """Have torchvision's table say that an archive lies at an address."""
    md5 = hashlib.md5((site / f"{name}.tgz").read_bytes()).hexdigest()
    patch.setitem(Imagenette._ARCHIVES, f"{name[-3:]}px", (url, md5))


def cut_cable(patch: pytest.MonkeyPatch) -> None:
    """No archive can be reached any more; the MD5 stay."""
    for edition, (_, md5) in list(Imagenette._ARCHIVES.items()):
        patch.setitem(Imagenette._ARCHIVES, edition, (f"http://atlas.invalid/{edition}.tgz", md5))
