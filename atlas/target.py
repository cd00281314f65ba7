"""A unit to maximize, and the picture that comes of it: plain data."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["ok", "silent", "broken"]


@dataclass(frozen=True)
class Target:
    """A unit to maximize, and which of its pictures: samples differ in their starting noise."""

    layer: str
    unit: int
    sample: int = 1

    def draw(self, seed: int, attempt: int) -> str:
        """What everything random about a picture is drawn from."""
        return f"{seed}/{self.layer}/{self.unit}/{self.sample}/{attempt}"


@dataclass(frozen=True)
class Picture:
    """What the maximization of one unit gave.

    Args:
        target: the unit.
        seed: of the run.
        attempt: 0, or how often the unit was started again.
        status: ``silent`` when the unit's activation was zero throughout the last size at every
            attempt, ``broken`` when its loss was not finite at some step, else ``ok``.
        image: 3xHxW, RGB in 0..1; float64 when the network is, else float32.
        activations: RMS of the unit before every optimizer step, on the view of that step.
        terms: activation (that RMS), the recipe's regularizers and loss before the last step.
        stages: upscale and image (3xSxS, RGB in 0..1) of the article's growth series.
    """

    target: Target
    seed: int
    attempt: int
    status: Status
    image: NDArray[np.floating]
    activations: NDArray[np.float64]
    terms: dict[str, float]
    stages: list[tuple[int, NDArray[np.floating]]]
