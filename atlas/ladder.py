"""The ladder of sizes that a picture climbs."""

from typing import NamedTuple

from atlas.errors import UsageError

LARGEST = 4096
"""No picture is larger, in pixels a side."""

SMALLEST_SCALED = 8
"""Where a ladder is scaled down to a network's only size, no smaller size is left in it."""


class Rung(NamedTuple):
    """One size of the ladder: after ``upscale`` upscales the picture is ``size`` pixels wide."""

    upscale: int
    size: int


def check_sizes(start_size: int, upscales: int, factor: float) -> None:
    """Raise UsageError for a ladder of which a step leads nowhere, or that is too high."""
    size = start_size
    for _ in range(upscales):
        before, size = size, round(size * factor)
        if size == before:
            raise UsageError(f"a factor of {factor:g} does not enlarge {size} pixels; take more")
        if size > LARGEST:
            break
    if size > LARGEST:
        raise UsageError(
            f"{upscales} upscales by {factor:g} from {start_size} pixels pass {LARGEST}; take fewer"
        )


def scaled(rungs: list[Rung], last: int) -> list[Rung]:
    """A ladder that ends at ``last`` pixels; of sizes that are equal, the first."""
    largest = rungs[-1].size
    shrunk = [Rung(upscale, round(size * last / largest)) for upscale, size in rungs]
    return list({rung.size: rung for rung in reversed(shrunk)}.values())[::-1]
