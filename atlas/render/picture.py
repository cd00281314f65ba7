"""A picture of a unit, as the site shows it."""

from dataclasses import dataclass

from atlas.run.evidence_columns import Evidence
from atlas.target import Field

SMALL = 128
"""Side in pixels of the small pictures."""


@dataclass(frozen=True)
class Picture:
    """One finished picture of a unit.

    Args:
        recipe, sample: which of the unit's pictures.
        stem: path of its files in the site and in the run, without suffix.
        status: ok, silent or broken.
        activations: RMS before every optimizer step; None where it was not finite.
        terms: of the loss before the last step.
        size, last_size: side in pixels, now and at the end of the recipe.
        stages: (upscale, size in pixels), in order; the last is the picture itself.
        minimum: whether it shows what lowers the unit.
        alone: whether the position in the middle counts alone.
        face: the kind of images that it leans toward, first or second; or any.
        field: what that sees of the picture, where that is known and not all of it.
    """

    recipe: str
    sample: int
    stem: str
    status: str
    seed: int
    attempt: int
    size: int
    last_size: int
    activations: list[float | None]
    terms: dict[str, float | None]
    stages: list[tuple[int, int]]
    evidence: Evidence | None
    minimum: bool = False
    alone: bool = False
    face: str = "any"
    field: Field | None = None

    @property
    def gain(self) -> float | None:
        """How far it brings its unit, as the pages say it first: for a minimum of the mean."""
        if self.evidence is None:
            return None
        return self.evidence.gain_mean if self.minimum else self.evidence.gain_rms

    @property
    def growing(self) -> bool:
        """Whether a build goes on with it."""
        return self.size < self.last_size

    @property
    def tiny(self) -> bool:
        """Whether it ends at fewer pixels than even its small picture is shown with."""
        return self.last_size < SMALL

    @property
    def tiny_field(self) -> bool:
        """Whether what its one position sees is too small on it to be looked at."""
        return self.field is not None and self.field.side <= self.size / 4

    @property
    def image(self) -> str:
        """The picture for the web."""
        return f"images/{self.stem}.webp"

    @property
    def thumbnail(self) -> str:
        """The small picture for cards and tables."""
        return f"images/{self.stem}.small.webp"

    @property
    def lossless(self) -> str:
        """The published 8-bit picture, lossless."""
        return f"images/{self.stem}.png"

    @property
    def embed(self) -> str:
        """The page that shows it alone, to stand in a frame of another site."""
        return f"embed/{self.stem}.html"

    def stage(self, index: int) -> str:
        """A stage of its growth, at native size; the last is the picture."""
        last = index == len(self.stages) - 1
        return self.image if last else f"images/{self.stem}.stage{index}.webp"
