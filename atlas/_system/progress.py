"""Progress: what a stage calls while it works, and how a terminal or a log shows it."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tqdm import tqdm

Progress = Callable[[int], object]
"""Called with how much more is done."""

Show = Callable[[str, int | None, str], AbstractContextManager[Progress]]
"""Shows the progress of what has this name, this total and this unit."""

PIXEL_STEPS = "px·step"
"""The unit of the maximization's progress: a step costs as much as the picture has pixels."""

INTERVAL = 60.0
"""Seconds between two lines of a log."""


@contextmanager
def show_progress(
    stage: str, total: int | None, unit: str, quiet: bool = False
) -> Iterator[Progress]:
    """Show a stage and the time left on standard error, unless ``quiet``.

    A terminal has a bar. A file, a pipe or a continuous integration has lines: when the stage
    begins, every minute, and when it is done. ``TQDM_DISABLE`` in the environment means none.
    """
    if quiet or _is_set("TQDM_DISABLE"):
        yield lambda done: None
    elif _has_bars():
        with tqdm(
            desc=stage,
            total=total,
            unit=f" {unit}",
            unit_scale=unit == PIXEL_STEPS,
            disable=False,
            dynamic_ncols=True,
        ) as bar:
            yield bar.update
    else:
        lines = _Lines(stage, total, unit)
        yield lines.update
        lines.end()


def unseen(stage: str, total: int | None, unit: str) -> AbstractContextManager[Progress]:
    """Show nothing of a stage."""
    return show_progress(stage, total, unit, quiet=True)


class _Lines:
    """A stage in a log; ``update`` may be called from several threads."""

    def __init__(self, stage: str, total: int | None, unit: str) -> None:
        self._stage, self._total, self._unit = stage, total, unit
        self._done = 0
        self._start = self._told = time.monotonic()
        self._lock = threading.Lock()
        self._tell(self._amount())

    def update(self, done: int) -> None:
        """Note what is done; write a line if the last one is old."""
        with self._lock:
            self._done += done
            now = time.monotonic()
            if now - self._told >= INTERVAL:
                self._told = now
                self._tell(f"{self._amount()} in {self._spent()}{self._left()}")

    def end(self) -> None:
        """Say that the stage is done."""
        self._tell(f"done in {self._spent()}")

    def _amount(self) -> str:
        if self._total is None:
            return f"{self._done:,} {self._unit}"
        if self._unit == PIXEL_STEPS:
            # Pictures that start again add to what was foreseen.
            return f"{min(self._done / max(self._total, 1), 1):.0%}"
        return f"{self._done:,} of {self._total:,} {self._unit}"

    def _spent(self) -> str:
        return tqdm.format_interval(time.monotonic() - self._start)

    def _left(self) -> str:
        if not self._total or not 0 < self._done < self._total:
            return ""
        spent = time.monotonic() - self._start
        return f", {tqdm.format_interval(spent * (self._total / self._done - 1))} left"

    def _tell(self, text: str) -> None:
        print(f"{self._stage}: {text}", file=sys.stderr)


def _has_bars() -> bool:
    """Whether standard error is a terminal that somebody watches and that can rewrite a line."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb" or _is_set("CI"):
        return False
    return os.get_terminal_size(sys.stderr.fileno()).columns > 0


def _is_set(name: str) -> bool:
    """Whether an environment variable is set to anything but a no."""
    return os.environ.get(name, "").lower() not in ("", "0", "false", "no")
