"""SIGINT and SIGTERM: one line and 130, whenever they come."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

SIGNALS = (signal.SIGINT, signal.SIGTERM)
EXIT_CODE = 130
MESSAGE = "atlas: interrupted; the same command goes on where it stopped"


def leave_at_once() -> None:
    """From now on end the process at once: there is nothing yet that could be lost."""
    _handle_with(_leave)


@contextmanager
def raised() -> Iterator[None]:
    """Within, the first signal raises KeyboardInterrupt; the next leaves at once."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    handlers = [signal.getsignal(number) for number in SIGNALS]
    hook = sys.unraisablehook
    sys.unraisablehook = _notice_swallowed
    _handle_with(_raise)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in zip(SIGNALS, handlers, strict=True):
            signal.signal(number, handler)


def _handle_with(handler: "signal._HANDLER") -> None:
    for number in SIGNALS:
        # One that is ignored from outside, as in the background of a shell, stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    _handle_with(_leave)
    raise KeyboardInterrupt


def _leave(number: int = 0, frame: FrameType | None = None) -> NoReturn:
    with suppress(OSError):  # nobody may be there to read it
        os.write(2, f"{MESSAGE}\n".encode())
    os._exit(EXIT_CODE)


def _notice_swallowed(unraisable: "UnraisableHookArgs") -> None:
    # Where the signal came in the midst of a destructor, Python reports the exception and goes on.
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        _leave()
    sys.__unraisablehook__(unraisable)
