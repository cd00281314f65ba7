"""Where the output of a layer has its units, and where its positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Literal

from torch import Tensor

MOST_EXTRA = 8
"""Tokens that are no positions, such as that of the class: no more than these are before them."""


@dataclass(frozen=True)
class Layout:
    """How the axes of a layer's output behind that of the batch are to be read.

    Args:
        kind: ``first``: units, rows, columns. ``last``: rows, columns, units. ``tokens``: positions
            in a row, units. ``tokens last``: units, positions in a row. ``flat``: units alone.
        extra: tokens before those that are positions.
    """

    kind: Literal["first", "last", "tokens", "tokens last", "flat"]
    extra: int = 0

    @property
    def axis(self) -> int:
        """Which axis of an output, that of the batch being 0, is that of the units."""
        return {"first": 1, "last": 3, "tokens": 2, "tokens last": 1, "flat": 1}[self.kind]

    def maps(self, values: Tensor) -> Tensor:
        """The output of the layer as BxUxHxW, one position where there is none."""
        if self.kind == "first":
            return values
        if self.kind == "last":
            return values.permute(0, 3, 1, 2)
        if self.kind == "flat":
            return values[:, :, None, None]
        tokens = values if self.kind == "tokens last" else values.transpose(1, 2)
        positions = tokens[:, :, self.extra :]
        side = isqrt(positions.shape[2])
        return positions.unflatten(2, (side, side))

    def shape(self, shape: Sequence[int]) -> tuple[int, int, int]:
        """Units, rows and columns of an output of this shape, without the axis of the batch."""
        if self.kind == "first":
            units, height, width = shape
        elif self.kind == "last":
            height, width, units = shape
        elif self.kind == "flat":
            (units,), height, width = shape, 1, 1
        else:
            count, units = shape if self.kind == "tokens" else reversed(shape)
            height = width = isqrt(count - self.extra)
        return units, height, width


def layout_of(shape: Sequence[int], other: Sequence[int] | None) -> Layout | None:
    """How an output is to be read; None where it has no channels to show.

    Units are as many for images of any size, and positions are not. Where the network takes images
    of one size alone, the two sides of its square maps are alike.

    Args:
        shape: of the output for one image.
        other: for one of another size; None where there is none.
    """
    changing = _changing(shape, other)
    if len(shape) == 1:
        return Layout("flat")
    if len(shape) == 2:
        return _tokens(shape, other, changing)
    if len(shape) != 3:
        return None
    if changing in ({1, 2}, {2}):
        return Layout("first")
    if changing in ({0, 1}, {0}):
        return Layout("last")
    first, second, third = shape
    return Layout("last" if first == second != third else "first")


def _changing(shape: Sequence[int], other: Sequence[int] | None) -> set[int]:
    """The axes that differ for images of another size."""
    if other is None or len(other) != len(shape):
        return set()
    return {
        axis for axis, sides in enumerate(zip(shape, other, strict=True)) if len(set(sides)) > 1
    }


def _tokens(shape: Sequence[int], other: Sequence[int] | None, changing: set[int]) -> Layout | None:
    """How tokens are to be read: of a square image they are a square, and a few before it."""
    kinds: dict[int, Literal["tokens", "tokens last"]] = {0: "tokens", 1: "tokens last"}
    for axis in sorted(changing) or (0, 1):
        extra = _extra(shape[axis])
        if extra is None or (axis in changing and other and _extra(other[axis]) != extra):
            continue
        return Layout(kinds[axis], extra)
    return None


def _extra(tokens: int) -> int | None:
    """How many of so many tokens are no positions of a square; None where there is no square."""
    extra = tokens - isqrt(tokens) ** 2
    return extra if tokens > 1 and extra <= MOST_EXTRA else None
