"""Progress: what a stage calls while it works, and the bar that shows it with the time left."""

from collections.abc import Callable
from typing import Any

from tqdm import tqdm

Progress = Callable[[int], object]
"""Called with how much more is done."""

PIXEL_STEPS = "px·step"
"""The unit of the maximization's progress: a step costs as much as the picture has pixels."""


def progress_bar(stage: str, total: int | None, unit: str, quiet: bool = False) -> "tqdm[Any]":
    """A bar on standard error whose ``update`` is a Progress; none is drawn when ``quiet``."""
    return tqdm(
        desc=stage,
        total=total,
        unit=f" {unit}",
        unit_scale=unit == PIXEL_STEPS,
        disable=quiet,
        dynamic_ncols=True,
    )
