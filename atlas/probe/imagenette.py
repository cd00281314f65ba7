"""Imagenette as a probe set, downloaded once."""

import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from atlas._system.download import DownloadError, download, reason
from atlas._system.paths import cache_folder
from atlas._system.progress import Show, unseen
from atlas.errors import AtlasError
from atlas.probe.folder import Folder

EDITIONS = {"imagenette": "320px", "imagenette-160": "160px"}
"""By the name of the probe set, what torchvision calls the edition: the images' short side."""

CLASSES = {
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
"""The ten classes by the WordNet ids that their folders are called by."""


class Unavailable(AtlasError):
    """Imagenette is not there and cannot be had; ``why`` names no place of this machine."""

    def __init__(self, where: str, why: str) -> None:
        self.why = why
        super().__init__(f"{where}: {why}; try again, or use --probe FOLDER or --probe stimuli")


class Imagenette(Folder):
    """The 3,925 validation photographs of Imagenette (Howard 2019), an edition of ``EDITIONS``.

    Looked for in the user's cache folder, else downloaded unless ``cached`` is asked for, where
    ``show`` shows the progress; raises Unavailable where neither works. The digest of what the
    verified archive held is kept beside it, and held against it each time.
    """

    kind = "imagenette"

    def __init__(
        self, edition: str = "imagenette", show: Show = unseen, *, cached: bool = False
    ) -> None:
        self._open(edition, _folder(edition), show, cached)
        self.labels = {name: CLASSES.get(id, id) for name, id in self.labels.items()}

    def _open(self, edition: str, folder: Path, show: Show, cached: bool) -> None:
        if self._is_as_unpacked(edition, folder):
            return
        if cached:
            raise Unavailable(f"cannot open {str(folder)!r}", f"{edition} is not in the cache")
        changed = f"{folder} is not what was downloaded" if folder.is_dir() else None
        _download(edition, folder, f"{changed}, and " if changed else "", show)
        super().__init__(folder / "val", name=edition)
        if changed:
            self.remarks.append(f"{changed}: downloaded again")

    def _is_as_unpacked(self, edition: str, folder: Path) -> bool:
        """Open the folder; whether it holds what its archive held."""
        try:
            super().__init__(folder / "val", name=edition)
            return _seal(folder).read_text("utf-8") == self.digest
        except (AtlasError, OSError, ValueError):
            return False


def _folder(edition: str) -> Path:
    """Where an edition is kept. Raises Unavailable for a user without a place for it."""
    if edition not in EDITIONS:
        raise Unavailable(f"cannot open {edition!r}", "there is no such edition of Imagenette")
    try:
        return cache_folder() / "atlas" / f"imagenette2-{EDITIONS[edition].removesuffix('px')}"
    except AtlasError as error:
        raise Unavailable("cannot keep Imagenette", str(error)) from None


def _seal(folder: Path) -> Path:
    """Where the digest of an unpacked archive is kept."""
    return folder.with_name(f"{folder.name}.sha256")


def _download(edition: str, folder: Path, before: str, show: Show) -> None:
    """Download and unpack an edition's validation images.

    Raises Unavailable, with what is to be said ``before``, when they cannot be had.
    """
    from torchvision.datasets import Imagenette as Published

    url, md5 = Published._ARCHIVES[EDITIONS[edition]]
    cache = folder.parent
    try:
        cache.mkdir(parents=True, exist_ok=True)
        # Unpacked beside its place and moved there whole: a half data set is never used.
        with tempfile.TemporaryDirectory(dir=cache) as part:
            archive, unpacked = Path(part) / PurePosixPath(url).name, Path(part) / folder.name
            download(url, archive, md5, "md5", show)
            with tarfile.open(archive) as tar:
                # Python 3.11.0 to 3.11.3 know no filters.
                tar.extraction_filter = getattr(tarfile, "data_filter", lambda file, _: file)
                wanted = f"{folder.name}/val/"
                tar.extractall(part, [file for file in tar if file.name.startswith(wanted)])
            _seal(folder).write_text(Folder(unpacked / "val").digest, "utf-8")
            if folder.is_dir():
                folder.rename(Path(part) / "changed")
            unpacked.rename(folder)
    except (DownloadError, OSError, tarfile.TarError) as error:
        where = f"{before}cannot download Imagenette to {str(cache)!r}"
        raise Unavailable(where, reason(error)) from error
