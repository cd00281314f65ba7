"""How the pictures are made, in words that are true of the recipes of the run."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from atlas.render.catalog import Catalog
from atlas.render.constants import Constants


class Account(NamedTuple):
    """What is said of recipes that work alike."""

    recipes: list[str]
    words: str


def accounts(catalog: Catalog) -> list[Account]:
    """How the pictures come about, told once for all recipes of which the same is true."""
    found: dict[str, list[str]] = {}
    for recipe, constants in catalog.constants.items():
        found.setdefault(_at_length(constants), []).append(recipe)
    return [Account(recipes, words) for words, recipes in found.items()]


def in_short(constants: Constants) -> str:
    """What becomes of the noise that a picture starts from, in a sentence."""
    text = (
        f"An optimizer changes {IN_SHORT[constants['basis']]} so "
        f"that one unit of the frozen network {'falls' if _negative(constants) else 'answers'} "
        f"{'further below 0' if _negative(constants) else 'more strongly'}"
    )
    if view := _view(constants):
        text += f", on a view that is {view} at every step"
    if constants["gradient_weight"] or constants["total_variation_weight"]:
        text += ", while penalties keep it smooth"
    if constants["upscales"]:
        text += f"; then the picture is enlarged by {_enlargement(constants)}, and so on"
    return f"{text}."


def dips(constants: Constants) -> str:
    """Why the activation does not simply rise while a picture is made."""
    words = []
    if constants["upscales"]:
        words.append(
            "Enlarging blurs the picture, so the activation drops and climbs again at every size."
        )
    if view := _view(constants):
        words.append(
            f"Each step also sees another view of the picture, {view} at random: the activation is "
            f"that on the view, and differs from step to step{_plainly(constants)}."
        )
    return " ".join(words)


def unrectified(recipes: Mapping[str, Constants]) -> str:
    """What pictures of a layer without ReLU may show, by how these recipes reward its units."""
    low = [recipe for recipe, constants in recipes.items() if _negative(constants)]
    upward = {name: own for name, own in recipes.items() if name not in low}
    rms = [recipe for recipe, constants in upward.items() if _by_rms(constants)]
    mean = [recipe for recipe in upward if recipe not in rms]
    several = len(recipes) > 1
    text = "This layer has no ReLU at its end, so its units can be negative."
    if rms:
        text += (
            f" The maximization{f' of {listed(rms)}' if several else ''} rewards the root mean "
            "square of the activation, and with it strong negative activation too: a picture may "
            "show what drives the unit down."
        )
    if mean:
        text += (
            f" The maximization{f' of {listed(mean)}' if several else ''} rewards the mean of the "
            "activation, which negative activation lowers: a picture shows what drives the unit up."
        )
    if low:
        text += (
            f" The maximization{f' of {listed(low)}' if several else ''} rewards negative "
            "activation alone: a picture shows what drives the unit down."
        )
    return text


def maximizers(catalog: Catalog, figure: str) -> str:
    """Which recipes maximize the RMS of a unit's map, or its mean; empty where none does."""
    wanted = figure == "RMS"
    names = [recipe for recipe in catalog.alike if _by_rms(catalog.constants[recipe]) == wanted]
    if not names:
        return ""
    text = f" The {figure} is what {listed(names)} maximize{'s' if len(names) == 1 else ''}"
    if not wanted and any(catalog.constants[recipe]["fine_below"] for recipe in names):
        text += ", but the RMS in layers that see few pixels"
    return f"{text}."


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    *some, last = names
    return f"{', '.join(some)} and {last}" if some else last


def _at_length(constants: Constants) -> str:
    start = "small, as " if constants["upscales"] else "as "
    if not constants["start_spread"]:
        start += "uniform noise"
    else:
        start += "random noise" if _in_pixels(constants) else "noise made of random waves"
    words = [f"A picture starts {start}. What changes are {CHANGED[constants['basis']]}."]
    if view := _view(constants):
        words.append(
            f"At every step the network sees the picture {view}, at random, so that only what "
            f"survives this can grow{_plainly(constants)}."
        )
    if _negative(constants):
        words.append("They change so that the unit falls as far below 0 as it can.")
    if constants["position"] == "center":
        words.append(
            "Of the unit's map one position counts, that in the middle: in row and column "
            "floor(side / 2), counted from 0. Small pictures show what it sees, cut out."
        )
    if constants["face"] != "any":
        words.append(
            f"It leans toward the {constants['face']} of two kinds of images that excite the unit: "
            "with the unit grows, in the mean over the map, what else its layer does on these and "
            "not on the others."
        )
    if constants["upscales"]:
        words.append(
            f"After every {constants['steps']} steps the picture is enlarged by "
            f"{_enlargement(constants)} and the descent goes on."
        )
    if constants["fine_below"]:
        words.append(
            f"In layers that see fewer than {constants['fine_below']} pixels a side, the view "
            "stays still, and the objective and the learning rate are the article's: what such "
            "layers look for is too fine to survive moving."
        )
    return " ".join(words)


IN_SHORT = {
    "pixels": "its pixels",
    "cosines": "the waves in it",
    "phases": "where the waves in it lie",
}
"""What the optimizer changes of a picture, by the basis of its parameters."""

CHANGED = {
    "pixels": "the picture's pixels",
    "cosines": "the amounts of the cosine waves that add up to the picture",
    "phases": "the phases of the waves that add up to the picture; how strong each wave is stays "
    "as it is in natural images",
}
"""The same, at length."""


def _in_pixels(constants: Constants) -> bool:
    return constants["basis"] == "pixels"


def _plainly(constants: Constants) -> str:
    """That the last steps see no view, where it is so; to be put at the end of a sentence."""
    steps = constants["plain_steps"]
    if not steps:
        return ""
    return (
        "; the last step sees the picture itself"
        if steps == 1
        else (f"; the last {steps} steps see the picture itself")
    )


def _view(constants: Constants) -> str:
    """How far the views of the steps go; empty where each step sees the picture itself."""
    moved, zoom, turned = (constants[name] for name in ("jitter", "zoom", "rotate"))
    parts = []
    if constants["crop"] < 1:
        parts.append(f"cut to as little as {100 * constants['crop']:g} % of its side")
    if moved:
        parts.append(f"moved by up to {moved} {'pixel' if moved == 1 else 'pixels'}")
    if zoom:
        parts.append(f"enlarged or reduced by up to {100 * zoom:g} %")
    if turned:
        parts.append(f"turned by up to {turned:g}°")
    if constants["noise"]:
        parts.append("under noise")
    return listed(parts) if parts else ""


def _enlargement(constants: Constants) -> str:
    percent = 100 * (constants["factor"] - 1)
    return f"{percent:.2g} %" if percent < 10 else f"{percent:.0f} %"


def _negative(constants: Constants) -> bool:
    return constants["sign"] == "negative"


def _by_rms(constants: Constants) -> bool:
    return constants["objective"] == "rms"
