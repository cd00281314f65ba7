"""Work that leaves Python for most of its time, as encoding does, spread over the cores."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

Result = TypeVar("Result")


def spread(work: Callable[..., Result], *items: Iterable[Any]) -> Iterator[Result]:
    """As ``map``, in the order of the items; when one fails, the rest is not begun."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results: Any = pool.map(work, *items)
        with closing(results):
            yield from results
