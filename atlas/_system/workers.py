"""Threads that take the chunks of a plan, one each at a time, until none is left.

On a CPU every worker computes on one core alone. Threads that share a chunk wait for each other
at the end of every operation; two that have a chunk each do about half as much again.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

import torch

from atlas._system.freed_memory import give_back_freed_memory
from atlas._system.memory import out_of_memory
from atlas._system.processes import ProcessGroup
from atlas._system.progress import Progress
from atlas.errors import AtlasError

Item = TypeVar("Item")
Made = TypeVar("Made")


class Dropped(Exception):
    """A chunk was given up, because the work was interrupted or failed elsewhere."""


class Workers(Generic[Item]):
    """The workers of one process.

    Args:
        make: makes and keeps everything of one chunk, reporting progress after every step.
        halve: notes that a chunk is too large for the memory, and gives its halves.
        threads: how many chunks are worked on at once.
        group: the processes that share the chunks.
        progress: called with what ``make`` reports, from one thread at a time.
        most: items that fit into the memory, as far as that is known.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Item], Progress], None],
        halve: Callable[[Sequence[Item]], tuple[Sequence[Item], Sequence[Item]]],
        threads: int,
        group: ProcessGroup,
        progress: Progress,
        most: int | None = None,
    ) -> None:
        self.make = make
        self.halve = halve
        self.threads = threads
        self.group = group
        self.progress = progress
        self.most = most
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def work(self, chunks: Sequence[Sequence[Item]], queue: str) -> None:
        """Make all chunks, together with the other processes of the group.

        Args:
            chunks: the same in every process.
            queue: a name that the group has not used for other chunks.

        Raises:
            AtlasError: when the memory does not suffice for a single item, and whatever ``make``
                raises; unfinished chunks are then dropped, and finished ones kept.
        """
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(self.threads) as pool:
                futures = [pool.submit(self._take, chunks, queue) for _ in range(self.threads)]
                try:
                    wait(futures, return_when=FIRST_EXCEPTION)
                finally:
                    self._stop.set()
                    wait(futures)
        finally:
            torch.set_num_threads(before)
        failures = [error for future in futures if (error := future.exception())]
        for failure in failures:
            if not isinstance(failure, Dropped):
                raise failure

    def _take(self, chunks: Sequence[Sequence[Item]], queue: str) -> None:
        while (number := self.group.ticket(queue)) < len(chunks):
            parts = deque([chunks[number]])
            retried = None
            while parts:
                part = parts.popleft()
                if self.most is not None and len(part) > self.most:
                    parts.extendleft(reversed(self.halve(part)))
                    continue
                try:
                    self.make(part, self._report)
                    continue
                except Exception as error:
                    if not out_of_memory(error):
                        raise
                # Here, where the error holds nothing of the part any more.
                give_back_freed_memory()
                if len(part) > 1:
                    with self._lock:
                        self.most = min(self.most or len(part), (len(part) + 1) // 2)
                elif part is retried:
                    raise AtlasError(
                        "there is not enough memory for a single picture; free some, or take "
                        "fewer upscales (--upscales)"
                    )
                else:
                    retried = part
                parts.appendleft(part)

    def _report(self, done: int) -> None:
        if self._stop.is_set():
            raise Dropped
        with self._lock:
            self.progress(done)


def in_batches(
    make: Callable[[Sequence[int], Progress], None],
    count: int,
    most: int,
    workers: int,
    progress: Progress | None = None,
) -> None:
    """Make things by their numbers, 0 to ``count``, in batches.

    Args:
        make: makes one batch, reporting progress after every step.
        count: how many there are.
        most: how many a batch has at most.
        workers: threads that have a batch each; one is the caller's own, with all of torch's.
        progress: called with what ``make`` reports, from one thread at a time.
    """
    tell = progress or (lambda done: None)
    batches = min(-(-count // (most * workers)) * workers, count)
    if workers == 1:
        for first in range(0, count, most):
            make(range(count)[first : first + most], tell)
    else:
        # Neighbors go to different batches, as they cost alike.
        chunks = [range(first, count, batches) for first in range(batches)]
        Workers(make, _halves, workers, ProcessGroup(), tell).work(chunks, "batches")


def in_order(make: Callable[[Item], Made], items: Iterable[Item], threads: int) -> Iterator[Made]:
    """What ``make`` makes of each item, in their order, as many at a time as there are threads.

    With one thread ``make`` has all of torch's; else each has a core alone.
    """
    if threads == 1:
        yield from map(make, items)
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(threads)
    try:
        waiting: deque[Future[Made]] = deque()
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)


def _halves(chunk: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    middle = (len(chunk) + 1) // 2
    return chunk[:middle], chunk[middle:]
