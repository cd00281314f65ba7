"""One build at a time in a folder: a lock that dies with the process that holds it."""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from atlas.errors import AtlasError
from atlas.store import one_line, sweep

LOCK = ".lock"


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
    with file:
        try:
            with one_line(folder):
                file.truncate(0)
                file.write(f"process {os.getpid()} on {platform.node()}")
                file.flush()
                sweep(folder)
            yield
        finally:
            with suppress(OSError):  # whatever became of the folder, the lock ends with the file
                path.unlink(missing_ok=True)
                if made and not any(folder.iterdir()):
                    folder.rmdir()


def _take(path: Path) -> TextIO:
    """Open the file and lock it."""
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its last holder may have removed it between our opening and our locking it.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise AtlasError(
                f"{path.parent} is in use by another build ({holder}); wait until it ends, or "
                "name another folder"
            ) from None
        except BaseException:
            file.close()
            raise
        file.close()
