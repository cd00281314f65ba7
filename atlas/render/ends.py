"""What pictures of a unit's minimum, face or one position show, and what their figures mean.

A plain picture is of what excites the unit, anywhere in its map.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from atlas.render.catalog import Catalog
from atlas.render.method import listed
from atlas.render.picture import Picture
from atlas.render.svg import number
from atlas.render.units import Layer

UNKNOWN = "how low the unit is at single positions of the {images} is not known"


@dataclass(frozen=True)
class Headline:
    """How far a picture brings its unit, as the page says it first.

    Args:
        title: of the figure.
        value: the gain; None where it is undefined.
        said: the same in a sentence.
        lifted: what the picture does to units that it moves further than its own.
    """

    title: str
    value: float | None
    said: str
    lifted: str


def shows(picture: Picture, layer: Layer) -> str:
    """What is seen on a picture that is not plain, to be said before all else."""
    words = []
    if picture.face != "any":
        words.append(
            f"This is one of the unit's two faces: it leans toward the {picture.face} of the two "
            "kinds of its strongest images."
        )
    if picture.minimum:
        words.append(
            "This is the unit's minimum: what brings it furthest below 0, the other end of what it "
            "answers to."
        )
    if picture.alone:
        words.append(f"{'Of' if picture.minimum else 'This is what excites'} one position alone, "
                     f"the middle of the map; {_sees(picture, layer)}")  # fmt: skip
    return " ".join(words)


def _sees(picture: Picture, layer: Layer) -> str:
    if not layer.field_known:
        return "how many pixels it sees is not known."
    if layer.receptive_field is None:
        return "it sees the whole picture."
    seen = f"it sees {layer.receptive_field} × {layer.receptive_field} pixels"
    if not picture.field:
        return f"{seen}, more than the picture has."
    return f"{seen}, outlined. What lies outside changes nothing for it."


def counted(picture: Picture) -> str:
    """What the curve of a picture has in place of the RMS of the unit."""
    if picture.alone:
        below = ", as far as it is below 0" if picture.minimum else ""
        whose = "the unit's activation" if picture.face == "any" else "what is maximized"
        return f"Size of {whose} at the middle position{below},"
    if picture.face != "any":
        return "RMS of what is maximized, the unit and what leans it toward this face,"
    return "RMS of what of the unit's map is below 0" if picture.minimum else "RMS of the unit"


def headline(catalog: Catalog, picture: Picture) -> Headline:
    """The gain of a picture."""
    strongest, weakest = catalog.strongest_image, catalog.weakest_image
    value = picture.gain
    title = "Gain, mean" if picture.minimum else "Gain, RMS"
    lifted = "lowered" if picture.minimum else "lifted"
    times = number(value)
    if picture.minimum and picture.alone:
        said = f"No gain is given: {UNKNOWN.format(images=catalog.probe_word)}."
    elif picture.minimum:
        said = (
            f"No gain is given: the {weakest} does not bring the unit below 0."
            if value is None
            else f"On the published picture the unit is {times} times as far below 0, in the mean, "
            f"as on its {weakest}."
        )
    elif value is None:
        said = f"No gain is given: the {strongest} does not excite the unit."
    elif picture.alone:
        said = (
            f"On the published picture the unit is {times} times as active at this position as "
            f"where it peaks on its {strongest}."
        )
    else:
        said = (
            f"On the published picture the unit is {times} times as active (RMS) as on its "
            f"{strongest}."
        )
    return Headline("Gain" if picture.alone else title, value, said, lifted)


def instead(catalog: Catalog, key: str, pictures: Iterable[Picture]) -> str:
    """What a figure means for those of some pictures that are not plain; empty where nothing."""
    found = {
        picture.recipe: words for picture in pictures if (words := _instead(catalog, key, picture))
    }
    return _by_recipe(found)


def undefined(catalog: Catalog, key: str, pictures: Iterable[Picture], otherwise: str) -> str:
    """Why some pictures have no figure: for what they show, or else as others have none."""
    found = {picture.recipe: _undefined(catalog, key, picture) for picture in pictures}
    plain = otherwise if "" in found.values() else ""
    told = _by_recipe({recipe: words for recipe, words in found.items() if words}, "None by")
    return f"{plain} {told}".strip()


def _undefined(catalog: Catalog, key: str, picture: Picture) -> str:
    if key in ("gain_rms", "gain_mean") and picture.minimum:
        if picture.alone:
            return UNKNOWN.format(images=catalog.probe_word)
        if key == "gain_rms":
            return f"of the {catalog.weakest_image} the mean alone is known"
        return f"the {catalog.weakest_image} does not bring the unit below 0"
    if picture.alone and key == "standing":
        return "how far units vary is known of the means of their maps, not of one position"
    if picture.alone and key in ("robustness", "shift", "rescale"):
        return "a shift or another size moves the picture away from its one position"
    return ""


def _instead(catalog: Catalog, key: str, picture: Picture) -> str:
    gain = key in ("gain_rms", "gain_mean")
    if picture.minimum and picture.alone:
        return "" if gain or key == "standing" else _of_minimum(catalog, key)
    if picture.minimum:
        return _of_minimum(catalog, key)
    if picture.alone and gain:
        return f"at its one position, over the unit's peak on the {catalog.strongest_image}"
    return ""


def _of_minimum(catalog: Catalog, key: str) -> str:
    return {
        "gain_mean": f"how many times as far below 0 as on the {catalog.weakest_image}",
        "standing": "by how far each is lowered",
        "identified": "which of the two lowers the unit",
    }.get(key, "")


def _by_recipe(found: dict[str, str], begun: str = "By") -> str:
    """Sentences, each told once for the recipes of which it is true."""
    recipes: dict[str, list[str]] = {}
    for recipe, words in found.items():
        recipes.setdefault(words, []).append(recipe)
    return " ".join(f"{begun} {listed(own)}: {words}." for words, own in recipes.items())
