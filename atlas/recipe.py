"""Recipes: every constant of the maximization, and the ladder of sizes a picture climbs."""

from dataclasses import dataclass
from typing import NamedTuple

from atlas.errors import UsageError

STAGE_INTERVAL = 9
"""The article shows a growing picture after every ninth upscale."""


class Rung(NamedTuple):
    """One size of the ladder: after ``upscale`` upscales the picture is ``size`` pixels wide."""

    upscale: int
    size: int


@dataclass(frozen=True)
class Recipe:
    """Every constant of the maximization; the defaults are the article's.

    Args:
        start_size: side of the first picture in pixels.
        upscales: how often the picture is enlarged.
        factor: by how much each time, above 1.
        steps: optimizer steps at each size.
        learning_rate: of Adam, started anew at each size; in units of the normalized image.
        activation_weight, pixel_weight, gradient_weight: of the terms of the loss.
        gradient_kernel: the derivative behind the gradient term, by name.

    Raises:
        UsageError: for a constant out of its range.
    """

    start_size: int = 28
    upscales: int = 45
    factor: float = 1.05
    steps: int = 20
    learning_rate: float = 0.4
    activation_weight: float = 0.5
    pixel_weight: float = 1.0
    gradient_weight: float = 1.0
    gradient_kernel: str = "scharr3"

    def __post_init__(self) -> None:
        if self.start_size < 1 or self.steps < 1 or self.upscales < 0:
            raise UsageError("a recipe needs start_size and steps of at least 1, upscales of 0")
        if not 1 < self.factor <= 4 or not 0 < self.learning_rate < float("inf"):
            raise UsageError("a recipe needs a factor in 1..4 and a learning_rate above 0")
        sizes = [rung.size for rung in self.ladder()]
        if len(set(sizes)) < len(sizes):
            raise UsageError(
                f"a factor of {self.factor:g} does not enlarge {self.start_size} pixels; take more"
            )
        if sizes[-1] > 4096:
            raise UsageError(
                f"{self.upscales} upscales by {self.factor:g} pass 4096 pixels; take fewer"
            )

    def ladder(self, smallest: int = 1) -> list[Rung]:
        """The sizes from first to last, without those below ``smallest`` pixels.

        A side grows by the factor and is rounded half to even, as cv2.resize does it.
        Raises UsageError when no size is large enough.
        """
        rungs = [Rung(0, self.start_size)]
        for upscale in range(1, self.upscales + 1):
            rungs.append(Rung(upscale, round(rungs[-1].size * self.factor)))
        used = [rung for rung in rungs if rung.size >= smallest]
        if not used:
            raise UsageError(
                f"the recipe ends at {rungs[-1].size} pixels, below the {smallest} that the "
                "network needs; ask for more upscales"
            )
        return used

    def is_stage(self, rung: Rung, smallest: int = 1) -> bool:
        """Whether the article's growth series shows the picture at the end of this size.

        The first size used stands for upscale 0, and the last is always shown.
        """
        ladder = self.ladder(smallest)
        return rung in (ladder[0], ladder[-1]) or rung.upscale % STAGE_INTERVAL == 0


RECIPES = {"article": Recipe()}
"""The built-in recipes by name."""
