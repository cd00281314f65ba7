"""The standard streams: what nobody can read is dropped, and the work goes on."""

import io
import os
import sys
from contextlib import suppress

from atlas.errors import AtlasError


class Log(io.TextIOBase):
    """A stream to which writing never fails, even when nobody reads it any more.

    Each write is handed to the system at once, so that nothing is left over to fail later.
    """

    def __init__(self, number: int, encoding: str) -> None:
        self._number = number
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream behind it."""
        return self._encoding

    def fileno(self) -> int:
        """The file descriptor; terminals are asked for their width by it."""
        return self._number

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        return os.isatty(self._number)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Write what can be written of a text."""
        with suppress(OSError):
            os.write(self._number, text.encode(self._encoding, "backslashreplace"))
        return len(text)


def open_streams() -> None:
    """Have three streams, and standard error one that never fails; before anything is opened.

    A stream that was closed leaves its number to the next file, which would then get what is
    meant for the stream: a page of the site, the lock of a run. What the encoding of a stream
    lacks is written as its escape.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr:
        sys.stderr = Log(2, sys.stderr.encoding)
    else:
        sys.stderr = Log(os.open(os.devnull, os.O_WRONLY), "utf-8")


def show(text: str) -> None:
    """Print a result on standard output. It is no error when the reader has left.

    Raises AtlasError when it cannot be written.
    """
    try:
        print(text, flush=True)
    except OSError as error:
        # Let go of it: Python holds what it could not write, and would try again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise AtlasError(f"standard output cannot be written ({error.strerror})") from None


def tell(text: str) -> None:
    """Print a line on standard output; drop it if nobody can read it."""
    with suppress(AtlasError):
        show(text)
