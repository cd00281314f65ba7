"""Whether an error says that memory did not suffice; whoever allocates says so in its own way."""

import re

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
