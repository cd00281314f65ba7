"""What the constants of the recipes mean, in words for readers of the pages."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from atlas.recipe import RECIPES, constants
from atlas.recipe_names import split_name
from atlas.render.catalog import ARTICLE, Catalog

Constants = Mapping[str, Any]

MEANINGS = {
    "start_size": "Side of the first picture, in pixels.",
    "upscales": "How often the picture is enlarged.",
    "factor": "By how much it is enlarged each time.",
    "steps": "Optimizer steps at each size.",
    "learning_rate": "Of Adam: about how far one step moves each number that it changes. The color "
    "range, the color axes and the basis say which numbers these are.",
    "activation_weight": "Weight α of what is maximized.",
    "pixel_weight": "Weight β of rms(x); at 0 this term is left out.",
    "gradient_weight": "Weight γ of rms(∇x); at 0 this term is left out.",
    "gradient_kernel": "The derivative behind ∇x: Scharr's 3 × 3, Sobel's 3 × 3, or the "
    "5 × 5 of Farid and Simoncelli (2004).",
    "total_variation_weight": "Weight of the total variation, the mean step from a pixel to its "
    "right and its lower neighbor: an edge costs no more than a ramp of the same height (Rudin et "
    "al. 1992, Mahendran and Vedaldi 2016).",
    "objective": "What is maximized: the RMS of the unit's map; or its mean over that on the "
    "unit's strongest probe image, so that one recipe suits every network and depth.",
    "jitter": "By how many pixels the picture is moved at most, at random, before each step "
    "(Mahendran and Vedaldi 2016).",
    "zoom": "By which part it is enlarged or reduced at most, at random, before each step: what "
    "holds only at one place or size does not grow (Olah et al. 2017).",
    "rotate": "By how many degrees it is turned at most, at random, before each step (Olah et al. "
    "2017).",
    "crop": "Smallest part of the picture's side that a step sees, anywhere in the picture and as "
    "large as the whole; 1 for always the whole (Fel et al. 2023).",
    "pad": "By how many pixels of the network's mean color the picture is framed before each step "
    "(Olah et al. 2017); at 0 it goes on mirrored past its borders, where it is moved away.",
    "noise": "Standard deviation of the noise that is added before each step, where the network's "
    "images have one of 1 (Fel et al. 2023).",
    "plain_steps": "How many steps, the last of the last size, see the picture itself.",
    "color_range": "Free, and clipped when the picture is enlarged; or through a sigmoid, always "
    "between black and white.",
    "color_axes": "Red, green and blue; or the axes along which the colors of photographs vary "
    "independently (Olah et al. 2017).",
    "basis": "What the optimizer changes: pixels; or the cosines that add up to the picture, which "
    "is a preconditioner of the same descent (Olah et al. 2017); or the phases of waves, each as "
    "strong as in the probe images, or in natural images where those are drawn (Fel et al. 2023).",
    "spectrum_decay": "Cosines of a frequency are counted in units of one over it, to this power: "
    "1 is the spectrum of photographs.",
    "relu_gradient": "Plain; or, where a ReLU is closed everywhere, redirected past it, so that "
    "the descent reaches silent units too (Olah et al. 2017).",
    "start_spread": "Standard deviation of the noise of the parameters that a picture starts from; "
    "0 for pixels of uniform noise.",
    "diversity_weight": "Weight of what keeps several samples of a unit apart: the likeness of a "
    "sample to those before it, as the cosine between the Gram matrices of the layer's maps (Olah "
    "et al. 2017, appendix). The first sample is what it is without others.",
    "fine_below": "A layer of which one position sees fewer pixels a side than this has the "
    "article's objective, jitter, zoom and learning rate: what it looks for is too fine to survive "
    "moving, and its mean can be highest on a flat color.",
    "sign": "Positive; or negative, for what lowers the unit: with its sign turned the mean of its "
    "map is maximized, or the RMS of what is then above 0. For layers without ReLU.",
    "position": "All positions of the unit's map; or the center, the one in row and column "
    "floor(side / 2) counted from 0. What the picture shows outside its receptive field changes "
    "nothing for it.",
    "face": "Any; or of a unit whose strongest images are of two kinds, the picture that leans "
    "toward the first kind, that of the strongest, or toward the second: with the unit's "
    "activation grows what else its layer does on images of this kind and not of the other. Units "
    "without two kinds have no such picture.",
    "face_weight": "Weight of that beside the unit's activation, where a face is asked for; both "
    "are counted as on these images.",
}  # fmt: skip
"""Of every constant, what it does."""


def columns(catalog: Catalog) -> dict[str, Constants]:
    """The recipes of the run; before them the article's, if none of them has its constants."""
    recipes: dict[str, Constants] = dict(catalog.constants)
    return recipes if ARTICLE in recipes.values() else {"the article's": ARTICLE} | recipes


def explained(catalog: Catalog) -> dict[str, str]:
    """The constants in which a recipe of the run differs from the article's, in words."""
    return {
        name: meaning
        for name, meaning in MEANINGS.items()
        if any(recipe[name] != ARTICLE[name] for recipe in catalog.constants.values())
    }


def tables(catalog: Catalog) -> dict[str, str]:
    """The recipes of the user's own, as ``atlas.toml`` holds them."""
    own = {}
    for request in catalog.settings.requests:
        known = request.get("recipes", {})
        for name in request.get("recipe", []):
            base, _ = split_name(name, known)  # the rest is in the name
            if base in known:
                own[name] = table(base, constants(known[base]))
    return {name: own[name] for name in catalog.recipes if name in own}


def table(name: str, own: Constants) -> str:
    """A recipe as a table of ``atlas.toml``: what it changes of the built-in one nearest to it."""
    changes = {
        base: {key: value for key, value in own.items() if asdict(recipe)[key] != value}
        for base, recipe in RECIPES.items()
    }
    base = min(changes, key=lambda each: len(changes[each]))
    # A number or a plain text is written alike in JSON and in TOML.
    lines = [f"{key} = {json.dumps(value)}" for key, value in changes[base].items()]
    return "\n".join([f"[recipes.{name}]", f'base = "{base}"', *lines])


def differences(catalog: Catalog, recipe: str) -> str:
    """The constants in which a recipe differs from the baseline, by name and value."""
    mine, its = catalog.constants[recipe], catalog.constants[catalog.baseline]
    return ", ".join(
        f"{name.replace('_', ' ')} {mine[name]}" for name in its if mine[name] != its[name]
    )
