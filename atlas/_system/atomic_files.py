"""Files that are whole or not there."""

import errno
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from atlas.errors import AtlasError

PART = ".atlas-", ".part"
"""How the names begin and end of files that are being written."""

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
"""How a file is opened that must not be there yet."""

ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room and start again"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "name a folder that you may write"),
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR), "a file is in its way: name another folder"),
    errno.ENOENT: "the folder has vanished; start again",
}
"""What to do about what a file system answers."""


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Turn an error of the file system into one line: what, where, what to do."""
    try:
        yield
    except OSError as error:
        advice = ADVICE.get(error.errno or 0, "see to it and start again")
        raise AtlasError(
            f"{path} cannot be written ({error.strerror or error}); {advice}"
        ) from error


class Ground:
    """The folder at ``path``, made when the first file is written into it, and then held.

    If the folder is removed meanwhile, writing fails: the next file does not bring it back, and
    does not go into a folder that another build has made in its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: int | None = None

    def write(self, path: Path, data: bytes, *, durable: bool = True) -> None:
        """Write ``data`` to ``path`` so that the file is complete or not there at all.

        ``durable`` waits until it is on the disk and would survive a loss of power. Raises
        AtlasError when it cannot be written.
        """
        name = path.relative_to(self.path)
        part = name.with_name(token_hex(8).join(PART))
        with one_line(path):
            root = self._hold()
            try:
                handle = os.open(part, NEW, dir_fd=root)
            except FileNotFoundError:
                for folder in reversed(name.parents[:-1]):
                    with suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=root)
                handle = os.open(part, NEW, dir_fd=root)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    os.fchmod(file.fileno(), 0o644)
                    if durable:
                        file.flush()
                        os.fsync(file.fileno())
                os.replace(part, name, src_dir_fd=root, dst_dir_fd=root)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part, dir_fd=root)
                raise

    def _hold(self) -> int:
        if self._held is None:
            self.path.mkdir(parents=True, exist_ok=True)
            self._held = os.open(self.path, os.O_RDONLY)
            weakref.finalize(self, os.close, self._held)
        return self._held
