"""Processes that share work find each other, also when torchrun starts them again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributed import HashStore  # pyright: ignore[reportPrivateImportUsage]

from atlas._system.processes import agree_on_name


@settings(max_examples=30)
@given(comings=st.lists(st.lists(st.booleans(), min_size=1, max_size=3), max_size=3))
def test_processes_that_are_started_again_share_a_name_of_their_own(
    comings: list[list[bool]],
) -> None:
    """Each start is a leader and others; of those that are False one came before, and died."""
    store, names = HashStore(), []
    store.set_timeout(timedelta(seconds=10))
    for others in comings:
        for other, first in enumerate(others, 1):
            if not first:
                store.set(f"word of {other}", f"dead {other}")
        size = len(others) + 1
        with ThreadPoolExecutor(size) as pool:
            found = list(
                pool.map(lambda rank, size=size: agree_on_name(store, rank, size), range(size))
            )
        assert len(set(found)) == 1 and found[0] not in names
        names.append(found[0])
