"""What the activation on a picture is held against: the probe image that does most of the same."""

import numpy as np
import pandas as pd

from atlas.recipe import Recipe


class Comparisons:
    """How many times as far as a probe image the pictures of a recipe bring their units.

    Args:
        recipe: says what of a unit's map counts.
        strongest, weakest: as of ``examine_pictures``.
    """

    def __init__(
        self, recipe: Recipe, strongest: pd.DataFrame, weakest: pd.DataFrame | None
    ) -> None:
        self._recipe = recipe
        images = weakest if recipe.sign == "negative" else strongest
        if images is None:
            images = strongest.iloc[:0]
        self._images = images[images["place"] == 1].set_index(["layer", "unit"])

    def gains(self, layer: str, unit: int, mean: float, rms: float) -> tuple[float, float]:
        """The gain of the mean and of the RMS; not a number where there is none."""
        if (layer, unit) not in self._images.index:
            return np.nan, np.nan
        best = self._images.loc[(layer, unit)]
        minimum, alone = self._recipe.sign == "negative", self._recipe.position == "center"
        if minimum and alone:  # how low it is at any position of the images, nobody has noted
            return np.nan, np.nan
        if minimum:
            return (mean / best["mean"] if best["mean"] < 0 else np.nan), np.nan
        if alone:
            return _over(mean, best["peak"]), _over(rms, best["peak"])
        return _over(mean, best["mean"]), _over(rms, best["rms"])


def _over(value: float, reference: float) -> float:
    return value / reference if reference > 0 else np.nan
