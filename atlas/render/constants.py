"""What the constants of the recipes mean, said for readers of the pages."""

import json
from collections.abc import Mapping
from typing import Any

from atlas.render.catalog import Catalog

Constants = Mapping[str, Any]

MEANINGS = {
    "gradient_kernel": "The derivative behind ∇x: Scharr's 3 × 3, Sobel's 3 × 3, or the "
    "5 × 5 of Farid and Simoncelli (2004).",
    "total_variation_weight": "Weight of the total variation, the mean step from a pixel to its "
    "right and its lower neighbor: an edge costs no more than a ramp of the same height (Rudin et "
    "al. 1992, Mahendran and Vedaldi 2016).",
    "objective": "What is maximized: the RMS of the unit's map; its mean over that on the unit's "
    "strongest probe image; or the inverse hyperbolic sine of that, which grows as its "
    "logarithm: one recipe then suits every depth.",
    "jitter": "By how many pixels the picture is moved at most, at random, before each step "
    "(Mahendran and Vedaldi 2016).",
    "zoom": "By which part it is enlarged or reduced at most, at random, before each step: what "
    "holds only at one place or size does not grow (Olah et al. 2017).",
    "color_range": "Free, and clipped when the picture is enlarged; or through a sigmoid, always "
    "between black and white.",
    "color_axes": "Red, green and blue; or the axes along which the colors of photographs vary "
    "independently (Olah et al. 2017).",
    "basis": "What the optimizer changes: pixels, or the cosines that add up to the picture, which "
    "is a preconditioner of the same descent (Olah et al. 2017).",
    "spectrum_decay": "Cosines of a frequency are counted in units of one over it, to this power: "
    "1 is the spectrum of photographs.",
    "start_spread": "Standard deviation of the noise of the parameters that a picture starts from; "
    "0 for pixels of uniform noise.",
}  # fmt: skip
"""Of the constants beyond the article's, or that may differ from it in kind."""


def explained(catalog: Catalog) -> dict[str, str]:
    """The constants in which the recipes of the run differ, and that need words."""
    recipes = list(catalog.constants.values())
    return {
        name: meaning
        for name, meaning in MEANINGS.items()
        if any(recipe.get(name) != recipes[0].get(name) for recipe in recipes)
    }


def tables(catalog: Catalog) -> dict[str, str]:
    """The recipes of the user's own, as ``atlas.toml`` holds them."""
    own = catalog.settings["asked"].get("recipes") or {}
    return {name: table(name, own[name]) for name in catalog.recipes if name in own}


def table(name: str, constants: Constants) -> str:
    """A recipe as a table of ``atlas.toml``."""
    # A number or a plain text is written alike in JSON and in TOML.
    lines = [f"{constant} = {json.dumps(value)}" for constant, value in constants.items()]
    return "\n".join([f"[recipes.{name}]", *lines])


def differences(catalog: Catalog, recipe: str) -> str:
    """The constants in which a recipe differs from the baseline, by name and value."""
    mine, its = catalog.constants[recipe], catalog.constants[catalog.baseline]
    names = [*its, *(name for name in mine if name not in its)]
    return ", ".join(
        f"{name.replace('_', ' ')} {mine.get(name, '–')}"
        for name in names
        if mine.get(name) != its.get(name)
    )
