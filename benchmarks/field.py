"""Recipes that the field uses, and an earlier one, as compositions of the same axes."""

from dataclasses import replace
from typing import NamedTuple

from atlas.recipe import RECIPES, Recipe


class Published(NamedTuple):
    """A recipe: where it is from, what is not as there, if anything, and its constants here."""

    source: str
    differs: str
    recipe: Recipe


FIELD = {
    "clear-1": Published(
        "`clear` as it was before: smaller steps, and views of nearly one size.",
        "",
        replace(RECIPES["clear"], learning_rate=0.05, zoom=0.1, plain_steps=0),
    ),
    "maco": Published(
        "MACO: T. Fel et al. 2023, *Unlocking feature visualization for deeper networks with "
        "magnitude constrained optimization*; constants of Xplique and Horama, its authors' "
        "libraries.",
        "They make pictures of 512 pixels (Xplique) or 1,280 (Horama), of which each step sees 32 "
        "or 6 crops as small as the network's input, and take NAdam; here a picture is as large as "
        "the input, a step sees one crop, and the optimizer is Adam. The strengths of the waves "
        "are means over directions, and of the probe images where these are photographs.",
        replace(
            RECIPES["clear"],
            start_size=224,
            upscales=0,
            steps=256,
            learning_rate=1.0,
            basis="phases",
            start_spread=1.8138,
            jitter=0,
            zoom=0.0,
            plain_steps=0,
            crop=0.5,
            noise=0.08,
            fine_below=0,
        ),
    ),
    "lucid": Published(
        "Lucid: C. Olah, A. Mordvintsev and L. Schubert 2017, *Feature visualization*; defaults of "
        "its `render_vis`, `param.image` and `transform.standard_transforms`.",
        "Its two jitters, of 8 before and of 4 after the rotation, move by 4 and by 2 pixels each "
        "way, as widely as one of 5; its waves are Fourier's, which join opposite borders, and "
        "here cosines in the same units; its frame is gray, and here the network's mean color.",
        replace(
            RECIPES["clear"],
            start_size=128,
            upscales=0,
            steps=512,
            learning_rate=0.05,
            zoom=0.1,
            plain_steps=0,
            start_spread=0.01,
            jitter=5,
            rotate=10.0,
            pad=12,
            fine_below=0,
        ),
    ),
    "pre-image": Published(
        "A. Mahendran and A. Vedaldi 2016, *Visualizing deep convolutional neural networks using "
        "natural pre-images*; 300 steps and a jitter of a quarter of the layer's stride, which is "
        "16 in the middle of GoogLeNet, as their `nnpreimage` has it.",
        "They penalize the sixth power of pixels and the square of their steps, excite one "
        "position, and descend with plain steps; here it is the RMS and the total variation, "
        "weighted so that each is 1 on the photograph that they take for typical (pixels 80 of 255 "
        "from the mean, steps 12).",
        replace(
            RECIPES["article"],
            start_size=224,
            upscales=0,
            steps=300,
            learning_rate=0.1,
            activation_weight=1.0,
            pixel_weight=0.7,
            gradient_weight=0.0,
            total_variation_weight=2.4,
            objective="relative_mean",
            jitter=4,
            relu_gradient="redirected",
        ),
    ),
}
"""By the name that each has in ``docs/recipes.md`` and as a variant of ``benchmarks.ablation``."""
