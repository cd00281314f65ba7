"""Memory: how much there is, and when it did not suffice."""

import os
import re
from pathlib import Path

CONTAINER_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux says how much memory a container may take (control groups 2 and 1)."""


def host_memory() -> int:
    """Bytes of memory that this process may take: those of the machine, or of its container."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [path.read_text().strip() for path in CONTAINER_LIMITS if path.is_file()]
    return min([physical, *(int(limit) for limit in limits if limit.isdigit())])


SAYINGS = re.compile(
    r"""
    can't\ allocate\ memory                                     # torch
    | could\ not\ create\ a\ (memory|primitive$)                # oneDNN
    | out\ of\ memory | CU(DNN|BLAS)_STATUS_ALLOC_FAILED        # CUDA
    | Insufficient\ memory                                      # OpenCV
    | bad_alloc                                                 # C++
    | can't\ start\ new\ thread                                 # Python: for its stack
    """,
    re.VERBOSE,
)


def out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, on the host or on a device."""
    return isinstance(error, MemoryError) or SAYINGS.search(str(error)) is not None
