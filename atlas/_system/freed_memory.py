"""Freed memory: kept for the next step, which needs as much, or given back."""

import ctypes

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h


def keep_freed_memory() -> None:
    """Have glibc keep freed memory: the next step needs as much again.

    By default it gives large blocks back at once, and the system clears every page of them anew:
    two fifths of the time of a ranking. Elsewhere than on glibc this does nothing.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(M_TRIM_THRESHOLD, 2**31 - 1)
        tune(M_MMAP_THRESHOLD, 2**30)
        tune(M_ARENA_MAX, 1)  # the threads' own arenas hold no blocks of this size


def give_back_freed_memory() -> None:
    """Give kept memory back to the system: its pieces have sizes that are not needed again."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
