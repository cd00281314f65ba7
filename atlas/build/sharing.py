"""Have chunks made by the cores of this process, and by the other processes of its group."""

import time
from collections.abc import Callable, Sequence

from atlas._system.progress import PIXEL_STEPS, Progress
from atlas._system.workers import Workers
from atlas.build import resources
from atlas.build.session import Session
from atlas.network.arithmetic import exact_arithmetic
from atlas.run.plan import Item

Chunk = tuple[Item, ...]


def share_out(
    session: Session,
    chunks: Sequence[Chunk],
    cost: int,
    make: Callable[[Sequence[Item], Progress], None],
    halve: Callable[[Sequence[Item]], tuple[Chunk, Chunk]],
    *,
    stage: str,
    queue: str,
    most: int | None = None,
) -> None:
    """Make chunks of one recipe, and learn at which pace that goes.

    Args:
        session: whose processes share them.
        chunks: the same in every process.
        cost: of all chunks: the pixels of all optimizer steps.
        make, halve, most: as of ``Workers``.
        stage: what the progress and the timings call it.
        queue: a name that the group has not used for other chunks.
    """
    group, began = session.group, time.perf_counter()
    threads = resources.choose_workers(session.network.device, group.local_size)
    with (
        session.timed(stage),
        session.progress(stage, cost // group.size, PIXEL_STEPS) as progress,
        exact_arithmetic(),
    ):
        Workers(make, halve, threads, group, progress, most).work(chunks, queue)
    session.pace[chunks[0][0].recipe] = (time.perf_counter() - began) / max(cost, 1)
