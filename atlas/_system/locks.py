"""One build at a time in a folder: a lock that dies with the process that holds it."""

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from atlas._system.atomic_files import PART, one_line
from atlas.errors import AtlasError

LOCK = ".atlas-lock"

CONTENT = re.compile(rb"(process \d+)?")
"""What a lock says: who holds it. Killed before that was written, its process left it empty."""


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a folder for this process alone; make it where it is missing.

    What a killed process left half-written is removed: nobody writes it any more. A folder that
    was made for nothing is removed in the end.

    Raises AtlasError when another process holds the folder, or it cannot be written.
    """
    path, made = folder / LOCK, not folder.exists()
    with one_line(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = _take(path)
    try:
        with one_line(folder):
            os.ftruncate(file, 0)
            os.pwrite(file, f"process {os.getpid()}".encode(), 0)
            sweep(folder)
        yield
    finally:
        with suppress(OSError):  # whatever became of the folder, the lock ends with the file
            if os.path.samestat(os.fstat(file), path.lstat()):
                path.unlink()
            if made and not any(folder.iterdir()):
                folder.rmdir()
        os.close(file)


def sweep(folder: Path) -> None:
    """Remove from the folder and those in it the files that a killed process was writing.

    A folder inside that has a lock of its own belongs to another build, which may be writing.
    """
    for inside, folders, names in os.walk(folder):
        if inside != os.fspath(folder) and LOCK in names:
            folders.clear()
            continue
        for name in names:
            if name.startswith(PART[0]) and name.endswith(PART[1]):
                os.unlink(os.path.join(inside, name))


def _take(path: Path) -> int:
    """Open the file and lock it. A link is not followed, and another kind of file not changed."""
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
                raise _foreign(path) from None
            raise
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its last holder may have removed it between our opening and our locking it.
            if os.path.lexists(path) and os.path.samestat(os.fstat(file), path.lstat()):
                _holder(path, file)
                return file
        except BlockingIOError:
            holder = _holder(path, file) or "another process"
            os.close(file)
            raise AtlasError(
                f"{path.parent} is in use by another build ({holder}); wait until it ends, or "
                "name another folder"
            ) from None
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _holder(path: Path, file: int) -> str:
    """Who holds a lock, or held it last. Raises AtlasError if the file is not such a lock."""
    found = stat.S_ISREG(os.fstat(file).st_mode) and CONTENT.fullmatch(os.pread(file, 100, 0))
    if not found:
        raise _foreign(path)
    return found[0].decode()


def _foreign(path: Path) -> AtlasError:
    return AtlasError(f"{path} is not a lock that atlas made; move it away")
