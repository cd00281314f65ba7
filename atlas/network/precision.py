"""The precisions of a network; told without loading torch."""

from typing import Literal, get_args

Precision = Literal["float32", "bfloat16", "float64"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
