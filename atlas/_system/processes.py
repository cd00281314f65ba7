"""The processes that share one run: those torchrun started together, or one alone."""

import itertools
import os
import time
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import Any, TypeVar

from atlas.errors import AtlasError

JOINING = timedelta(minutes=10)
"""How long a process looks for the others, which are started at the same time."""

PATIENCE = timedelta(days=30)
"""How long it then waits for them; a dead one is noticed at once and not by this."""

T = TypeVar("T")


@dataclass
class ProcessGroup:
    """Processes that share work. The leader does what must be done only once.

    Args:
        rank: which of the processes this is; the leader is 0.
        size: how many there are.
        local_rank: which of the processes on this machine this is.
        local_size: how many of the processes are on this machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    _store: Any = None
    _counters: dict[str, "itertools.count[int]"] = field(default_factory=dict)

    @classmethod
    def join(cls) -> "ProcessGroup":
        """Find the other processes by the variables that torchrun sets; without them, work alone.

        Raises AtlasError if these variables are wrong, or the others do not answer.
        """
        if os.environ.get("WORLD_SIZE", "1").strip() == "1":
            return cls()
        from torch import distributed  # takes seconds, which one process alone need not wait
        from torch.distributed.rendezvous import rendezvous

        try:
            local_rank = int(os.environ.get("LOCAL_RANK", "0"))
            local_size = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
            store, rank, size = next(rendezvous("env://", timeout=JOINING))
            if not 0 <= rank < size:
                raise ValueError(f"RANK {rank} is not in 0..{size - 1}")
            name = agree_on_name(store, rank, size)
            store = distributed.PrefixStore(name, store)  # pyright: ignore[reportPrivateImportUsage]
            store.set_timeout(PATIENCE)
            distributed.init_process_group(
                "gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE
            )
        except (ValueError, RuntimeError, OSError) as error:
            reason = " ".join(str(error).partition("\n")[0].split())
            raise AtlasError(
                f"the environment names a group of processes that cannot be joined ({reason}); "
                "start them with torchrun, or unset WORLD_SIZE to work alone"
            ) from error
        return cls(rank, size, local_rank, local_size, store)

    @property
    def leads(self) -> bool:
        """Whether this process does what must be done only once."""
        return self.rank == 0

    def shared(self, value: T) -> T:
        """The leader's value, in every process; all wait here for the leader.

        Raises AtlasError when a process of the group has ended.
        """
        values = [value]
        if self.size > 1:
            from torch import distributed

            try:
                distributed.broadcast_object_list(values)
            except RuntimeError:
                raise self._broken() from None
        return values[0]

    def wait(self) -> None:
        """Wait here for all processes. Raises AtlasError when one has ended."""
        if self.size > 1:
            from torch import distributed

            try:
                distributed.barrier()
            except RuntimeError:
                raise self._broken() from None

    def ticket(self, queue: str) -> int:
        """The next number of a queue, from 0. No other thread or process gets the same."""
        if self._store is None:
            return next(self._counters.setdefault(queue, itertools.count()))
        try:
            return self._store.add(queue, 1) - 1
        except RuntimeError:
            raise self._broken() from None

    def _broken(self) -> AtlasError:
        return AtlasError(
            "another process of the group has ended; what is finished is kept, and the same "
            "command goes on"
        )


def agree_on_name(store: Any, rank: int, size: int) -> str:
    """A name that all processes of a group have, and none that was started before them.

    When torchrun starts dead processes again, the store holds all that these wrote: tickets taken,
    addresses where nobody answers. Its count of restarts is no name, as each machine counts its
    own. So every process draws a word, and the leader's goes to all whose words it finds. What it
    tells the word of a dead process, nobody reads.

    Raises RuntimeError when another process does not come within ``JOINING``.
    """
    word = token_hex(8)
    if rank > 0:
        store.set(f"word of {rank}", word)
        name = store.get(f"name for {word}").decode()
        store.add(f"joined {name}", 1)
        return name
    deadline = time.monotonic() + JOINING.total_seconds()
    while store.add(f"joined {word}", 0) < size - 1:
        if time.monotonic() > deadline:
            raise RuntimeError("not all of the processes have come")
        for other in range(1, size):
            store.set(f"name for {store.get(f'word of {other}').decode()}", word)
        time.sleep(0.02)
    return word
