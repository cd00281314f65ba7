"""The folder of a site: whole files, and only those of the last render."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Self

from atlas.errors import AtlasError
from atlas.store import write_atomically

MANIFEST = ".atlas-files"
"""Lists what a render wrote, so that the next one knows what is its own to remove."""


class SiteFolder:
    """Files being written into ``path``; those of an earlier render that were not are removed.

    Files that no render wrote are left alone. Raises AtlasError when the folder cannot be written
    or holds a website of somebody else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written: set[str] = set()
        self._old: set[str] = set()

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Open a folder for one render, and remove what became stale when it is complete."""
        folder = cls(path)
        with _one_line(path):
            folder._start()
        try:
            yield folder
        except BaseException:
            # What was written stays, known as ours, for the next render to replace or remove.
            folder._remember(folder._old | folder.written)
            raise
        with _one_line(path):
            folder._finish()

    def write(self, name: str, data: bytes | str) -> None:
        """Write one file, whole or not at all; ``name`` is relative with forward slashes.

        A file that already says the same is left as it is.
        """
        content = data.encode() if isinstance(data, str) else data
        with _one_line(self.path):
            self.written.add(name)
            _replace(self.path / name, content)

    def _start(self) -> None:
        manifest = self.path / MANIFEST
        if manifest.is_file():
            self._old = {name for name in manifest.read_text("utf-8").splitlines() if _inside(name)}
        elif (self.path / "index.html").exists():
            raise AtlasError(
                f"{self.path} holds a site that atlas did not write; name another with --site"
            )
        else:
            _replace(manifest, b"")

    def _finish(self) -> None:
        # The names of both until the stale files are gone: an interruption forgets none of them.
        self._remember(self._old | self.written)
        for name in sorted(self._old - self.written):
            stale = self.path / name
            stale.unlink(missing_ok=True)
            for folder in stale.relative_to(self.path).parents:
                if folder == Path(".") or any((self.path / folder).iterdir()):
                    break
                (self.path / folder).rmdir()
        self._remember(self.written)

    def _remember(self, names: set[str]) -> None:
        lines = "".join(f"{name}\n" for name in sorted(names))
        _replace(self.path / MANIFEST, lines.encode())


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts


def _replace(path: Path, content: bytes) -> None:
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    # A site is made again from its run in seconds: it need not outlive a loss of power.
    write_atomically(path, content, durable=False)


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise AtlasError(f"cannot write the site into {path} ({reason})") from error
