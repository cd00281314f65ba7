"""The folder of a site: whole files, and only those of the last render."""

import os
import stat
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Self

from atlas._system.atomic_files import Ground, one_line
from atlas._system.locks import lock
from atlas.errors import AtlasError

MANIFEST = ".atlas-files"
"""Lists what a render wrote, so that the next one knows what is its own to remove."""


class SiteFolder:
    """Files being written into ``path``; those of an earlier render that were not are removed.

    Files that no render wrote are left alone: a file is only replaced or removed when the manifest
    lists it, and nothing is touched behind a link. Raises AtlasError when the folder cannot be
    written, or holds something and no manifest.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: set[str] = set()
        self._old: set[str] = set()
        self._own_folders: set[Path] = set()
        self._ground = Ground(path)
        self._lock = threading.Lock()

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Open a folder for one render, and remove what became stale when it is complete."""
        folder = cls(path)
        with lock(path):
            with one_line(path):
                folder._start()
            try:
                yield folder
            finally:
                with suppress(OSError):  # was raised at the write
                    folder._manifest.close()
            with one_line(path):
                folder._finish()

    def write(self, name: str, data: bytes | str) -> None:
        """Write one file, whole or not at all; ``name`` is relative with forward slashes.

        Threads may write at the same time, each its own files. A file that already says the same
        is left as it is. Half a character, as in the name of a file that is no Unicode, is written
        as its escape.
        """
        content = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
        if not _inside(name):
            raise AtlasError(f"{name!r} cannot be the name of a file in a site; rename it")
        path = self.path / name
        with one_line(self.path):
            with self._lock:
                self._claim(name)
            self._replace(path, content)

    def below(self, name: str) -> Path:
        """The folder of a site within this one. Raises AtlasError where it leads out of this."""
        if not self._is_own(self.path / name):
            raise AtlasError(f"{self.path / name} leads out of the site; remove that link")
        return self.path / name

    def adopt(self, name: str) -> None:
        """Count the files of a finished site within this one among its own.

        So they are removed when this one is written again without that site.
        """
        manifest = f"{name}/{MANIFEST}"
        files = listed((self.path / manifest).read_bytes())
        self.written |= {manifest, *(f"{name}/{file}" for file in files)}

    def _start(self) -> None:
        refuse_foreign(self.path)
        manifest = self.path / MANIFEST
        if manifest.is_file() and not manifest.is_symlink():
            self._old = listed(manifest.read_bytes())
        self._remember(self._old)
        self._manifest = manifest.open("r+", encoding="utf-8", buffering=1)
        self._manifest.seek(0, os.SEEK_END)

    def _claim(self, name: str) -> None:
        """Make a name ours, in the manifest too where it is new, before there is such a file.

        So an interruption at any moment leaves no file of which the next render does not know.
        """
        path = self.path / name
        if path.parent not in self._own_folders:
            if not self._is_own(path.parent):
                raise AtlasError(f"{path.parent} leads out of the site; remove that link")
            self._own_folders.add(path.parent)
        if name not in self._old and name not in self.written:
            if os.path.lexists(path):
                raise AtlasError(
                    f"{path} was not written by atlas; move it away, or name another folder with "
                    "--site"
                )
            self._manifest.write(f"{name}\n")
        self.written.add(name)

    def _finish(self) -> None:
        for name in sorted(self._old - self.written):
            stale = self.path / name
            if not _is_plain(stale) or not self._is_own(stale.parent):
                continue
            stale.unlink()
            for folder in stale.relative_to(self.path).parents:
                if folder == Path(".") or any((self.path / folder).iterdir()):
                    break
                (self.path / folder).rmdir()
        self._remember(self.written)

    def _remember(self, names: set[str]) -> None:
        self._replace(self.path / MANIFEST, manifest_of(names))

    def _replace(self, path: Path, content: bytes) -> None:
        if _is_plain(path) and path.stat().st_size == len(content) and path.read_bytes() == content:
            return
        # A site is made again from its run in seconds: it need not outlive a loss of power.
        self._ground.write(path, content, durable=False)

    def _is_own(self, folder: Path) -> bool:
        """Whether a folder lies in the site itself, and not behind a link out of it."""
        return folder.resolve() == self.path.resolve() / folder.relative_to(self.path)


def refuse_foreign(folder: Path) -> None:
    """Raise AtlasError when a folder holds something and atlas has made no site in it."""
    with one_line(folder):
        manifest = folder / MANIFEST
        if manifest.is_file() and not manifest.is_symlink():
            return
        if folder.is_dir() and any(not name.startswith(".") for name in os.listdir(folder)):
            raise AtlasError(
                f"{folder} holds files that atlas did not write; name another with --site"
            )


def manifest_of(names: Collection[str]) -> bytes:
    """A manifest that lists these files."""
    return os.fsencode("".join(f"{name}\n" for name in sorted(names)))


def listed(manifest: bytes) -> set[str]:
    """The files that a manifest lists; whatever else stands in it counts for nothing."""
    return {name for name in os.fsdecode(manifest).split("\n") if _inside(name)}


def _inside(name: str) -> bool:
    """Whether a name is the plain relative path of a file that a site can have."""
    path = PurePosixPath(name)
    plain = name.isprintable() and path.as_posix() == name and name not in (".", MANIFEST)
    return plain and not path.is_absolute() and ".." not in path.parts


def _is_plain(path: Path) -> bool:
    return os.path.lexists(path) and stat.S_ISREG(path.lstat().st_mode)
