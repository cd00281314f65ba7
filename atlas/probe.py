"""Probe sets: the images over which units are ranked.

Built-in stimuli, a folder of photographs, or the validation images of Imagenette. A probe set
is a list of names fixed when it is opened, and images decoded when asked for.
"""

import hashlib
import http.client
import os
import socket
import tarfile
import tempfile
import urllib.error
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas import stimuli
from atlas.errors import AtlasError, UsageError
from atlas.photograph import UnreadableImage, decode, inspect
from atlas.stimuli import Stimulus

__all__ = ["Folder", "ProbeSet", "Stimuli", "UnreadableImage", "batches", "open_probe_set"]

UNNAMED = "a folder of images"
"""What a folder is called whose own name would tell whose it is: a user's home, or a root."""

DOWNLOAD_TIMEOUT = 10.0
"""Seconds without a byte after which a download is given up."""


class ProbeSet(ABC):
    """Named images of 224x224x3 RGB bytes.

    ``kind`` is stimuli, folder or imagenette; ``name`` is for display and no path; ``digest``
    (SHA-256) depends on the images' names and contents, not on where they lie. ``skipped`` lists
    files that are no readable images, each with its reason; it may grow while images are decoded.
    ``remarks`` are lines for the log on how the set was come by.
    """

    kind: str
    synthetic: bool = False

    def __init__(self, name: str, names: Sequence[str], digest: str) -> None:
        self.name = name
        self.names = list(names)
        self.digest = digest
        self.skipped: list[tuple[str, str]] = []
        self.remarks: list[str] = []
        self._unreadable: set[int] = set()

    def __len__(self) -> int:
        return len(self.names)

    @abstractmethod
    def image(self, index: int) -> NDArray[np.uint8]:
        """One image, 224x224x3 RGB bytes; raises UnreadableImage when it cannot be decoded."""

    def skip(self, index: int, reason: str) -> None:
        """Record that an image turned out to be unreadable; it leaves the table."""
        if index not in self._unreadable:
            self._unreadable.add(index)
            self.skipped.append((self.names[index], reason))

    def table(self) -> pd.DataFrame:
        """A row an image, but for those that turned out to be unreadable: ``image``."""
        names = [name for i, name in enumerate(self.names) if i not in self._unreadable]
        return pd.DataFrame({"image": names}, dtype=str)


class Stimuli(ProbeSet):
    """Images of the built-in battery: those with the statistics of photographs, or those given."""

    kind = "stimuli"
    synthetic = True

    def __init__(self, shown: Sequence[Stimulus] | None = None) -> None:
        natural = [stimulus for stimulus in stimuli.battery() if stimulus.natural]
        self.shown = natural if shown is None else list(shown)
        super().__init__("stimuli", [s.name for s in self.shown], stimuli.digest())

    def image(self, index: int) -> NDArray[np.uint8]:
        """Draw one stimulus."""
        return self.shown[index].draw()

    def table(self) -> pd.DataFrame:
        """A row a stimulus: ``image``, ``family``, and a column a parameter, empty where none."""
        return pd.DataFrame(
            [{"image": s.name, "family": s.family, **s.parameters} for s in self.shown]
        )


class Folder(ProbeSet):
    """Every readable image in and below a folder, in the order of their relative paths.

    Hidden files and folders are left out. Raises AtlasError when there is no such folder or no
    image in it.
    """

    kind = "folder"

    def __init__(self, path: Path, name: str | None = None) -> None:
        found, skipped = _list_files(path)
        with ThreadPoolExecutor(_workers()) as pool:
            digests = list(pool.map(_inspect, (path / file for file in found)))
        names = _display_names(found)
        kept = [i for i, seen in enumerate(digests) if not isinstance(seen, UnreadableImage)]
        if not kept:
            raise AtlasError(
                f"no readable image in {str(path)!r} ({len(found)} files seen); "
                "name a folder that holds JPEG or PNG files, or use --probe stimuli"
            )
        whole = hashlib.sha256()
        for i in kept:
            whole.update(f"{names[i]}\0{digests[i]}\n".encode())
        super().__init__(
            name or _folder_name(path),
            [names[i] for i in kept],
            whole.hexdigest(),
        )
        self._paths = [path / found[i] for i in kept]
        self.skipped += skipped
        self.skipped += [
            (file, seen.reason)
            for file, seen in zip(names, digests, strict=True)
            if isinstance(seen, UnreadableImage)
        ]
        self.skipped.sort()

    def image(self, index: int) -> NDArray[np.uint8]:
        """Decode one image; raises UnreadableImage."""
        return decode(self._paths[index])


class Imagenette(Folder):
    """The 3,925 validation photographs of Imagenette (Howard 2019), short side 320 pixels.

    Looked for in the user's cache folder, else downloaded; raises AtlasError where neither works.
    The digest of what the verified archive held is kept beside it, and held against it each time.
    """

    kind = "imagenette"

    def __init__(self) -> None:
        folder = _cache() / "imagenette2-320"
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


def open_probe_set(source: str | Path) -> ProbeSet:
    """Open ``stimuli``, ``imagenette`` or a folder of images.

    A folder with one of these two names is given as a Path or as ``./stimuli``. Raises AtlasError
    when there is nothing to be read.
    """
    if not isinstance(source, str | Path) or not str(source) or "\0" in str(source):
        raise UsageError("a probe set is stimuli, imagenette, or the path of a folder")
    if source == "stimuli":
        return Stimuli()
    # Pillow remarks on odd metadata; whether an image is readable is decided and told here.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    if source == "imagenette":
        return Imagenette()
    return Folder(Path(os.path.expanduser(source)))


def batches(
    probe: ProbeSet, size: int, workers: int | None = None
) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """Decode a probe set in order, while the caller works on the batch before.

    Yields the indices and the images, Nx224x224x3 RGB bytes, ``size`` of them but for the last
    batch. Images that turn out to be unreadable are left out and recorded in ``probe.skipped``.
    At most about three batches are in memory. Raises AtlasError when no image at all is readable.
    """
    workers = workers or _workers()
    pool = ThreadPoolExecutor(workers)
    todo = iter(range(len(probe)))
    ahead: deque[tuple[int, Future[NDArray[np.uint8]]]] = deque()
    indices: list[int] = []
    images: list[NDArray[np.uint8]] = []
    found = False
    try:
        while True:
            missing = size + workers - len(ahead)
            ahead.extend((i, pool.submit(probe.image, i)) for i in islice(todo, missing))
            if not ahead:
                break
            index, image = ahead.popleft()
            try:
                images.append(image.result())
                indices.append(index)
            except UnreadableImage as error:
                probe.skip(index, error.reason)
            if len(images) == size:
                found = True
                yield indices, np.stack(images)
                indices, images = [], []
        if images:
            yield indices, np.stack(images)
        elif not found:
            raise AtlasError(
                f"none of the {len(probe)} images of {probe.name!r} can be decoded; "
                "name another folder, or use --probe stimuli"
            )
    finally:
        pool.shutdown(cancel_futures=True)


def _workers() -> int:
    return min(4, os.cpu_count() or 1)


def _inspect(path: Path) -> str | UnreadableImage:
    try:
        return inspect(path)
    except UnreadableImage as error:
        return error


def _list_files(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The relative posix paths of all files below a folder, and the folders that cannot be read.

    Links to folders are followed, each folder once, so that a circle of links ends.
    """
    files: list[str] = []
    closed: list[tuple[str, str]] = []
    seen: set[tuple[int, int]] = set()
    pending = [""]
    while pending:
        inside = pending.pop()
        try:
            status = (folder / inside).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            visible = sorted(n for n in os.listdir(folder / inside) if not n.startswith("."))
        except (OSError, ValueError) as error:
            problem = (getattr(error, "strerror", None) or str(error)).lower()
            if not inside:
                raise AtlasError(
                    f"cannot open the folder of probe images {str(folder)!r}: {problem}; "
                    "name a folder of images, or use --probe stimuli"
                ) from error
            closed.append((_display_names([inside])[0], problem))
            continue
        paths = [f"{inside}/{entry}" if inside else entry for entry in visible]
        folders = [path for path in paths if os.path.isdir(folder / path)]
        files += sorted(set(paths) - set(folders))
        pending += reversed(folders)
    return sorted(files), closed


def _folder_name(path: Path) -> str:
    """What pages may call a folder: its name, but neither a root nor the name of the user."""
    name, home = path.resolve().name, Path(os.path.expanduser("~")).name
    return UNNAMED if name in ("", home) else _display_names([name])[0]


def _display_names(paths: Sequence[str]) -> list[str]:
    """Printable, unique, valid Unicode for paths that may be any bytes."""
    names: list[str] = []
    taken: set[str] = set(paths)
    for path in paths:
        text = os.fsencode(path).decode("utf-8", "backslashreplace")
        name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        if name != path:
            plain, copy = name, 2
            while name in taken:
                name, copy = f"{plain} ({copy})", copy + 1
            taken.add(name)
        names.append(name)
    return names


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return Path(base if os.path.isabs(base) else os.path.expanduser("~/.cache")) / "atlas"


def _seal(folder: Path) -> Path:
    """Where the digest of an unpacked archive is kept."""
    return folder.with_name(f"{folder.name}.sha256")


def _download_imagenette(folder: Path, before: str = "") -> None:
    """Download and unpack Imagenette's validation images.

    Raises AtlasError, with what is to be said ``before``, when they cannot be had.
    """
    from torchvision.datasets import Imagenette as Downloader

    cache, timeout = folder.parent, socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Unpacked beside its place and moved there whole: a half data set is never used.
        with tempfile.TemporaryDirectory(dir=cache) as part:
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
