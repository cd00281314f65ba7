"""Recipes: every constant of the maximization, and the ladder of sizes a picture climbs."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from atlas.errors import UsageError
from atlas.ladder import LARGEST, SMALLEST_SCALED, Rung, check_sizes, scaled

if TYPE_CHECKING:  # of a room above this one
    from atlas.network.sizes import Sizes

STAGE_INTERVAL = 9
"""The article shows a growing picture after every ninth upscale; shorter ladders, after each."""


CHOICES = {
    "objective": ("rms", "relative_mean"),
    "gradient_kernel": ("scharr3", "sobel3", "farid5"),
    "color_range": ("free", "sigmoid"),
    "color_axes": ("rgb", "decorrelated"),
    "basis": ("pixels", "cosines", "phases"),
    "relu_gradient": ("plain", "redirected"),
    "sign": ("positive", "negative"),
    "position": ("all", "center"),
    "face": ("any", "first", "second"),
}
"""The constants that are names, and the names there are."""

LIMITS = {
    "jitter": (0, math.inf),
    "zoom": (0, 1),
    "rotate": (0, 45),
    "crop": (0.05, 1),
    "pad": (0, LARGEST),
    "noise": (0, math.inf),
    "spectrum_decay": (0, 4),
    "start_spread": (0, math.inf),
    "fine_below": (0, math.inf),
    "face_weight": (0, math.inf),
}
"""The constants that are numbers of a range, from the least to the most."""

REGULARIZERS = ("pixel", "gradient", "total_variation")
"""The terms of the loss beside the objective; the weight of each is the constant NAME_weight."""


NATURAL_PLANES = ("sigmoid", "decorrelated")
"""The color range and the color axes in which the waves of natural images are measured."""

FINE = ("objective", "jitter", "zoom", "rotate", "crop", "learning_rate")
"""The constants that are the article's in a layer that sees fewer pixels than ``fine_below``."""


def _check(name: str, kind: object, value: object) -> None:
    """Raise UsageError for a value that is not of the kind that the constant is."""
    choices = CHOICES.get(name)
    if choices:
        right, wanted = value in choices, _either(choices)
    else:
        numbers = int if kind is int else (int, float)
        right = isinstance(value, numbers) and not isinstance(value, bool) and abs(value) < 1e9
        wanted = "a whole number" if kind is int else "a number"
    if not right:
        raise UsageError(f"{name} is {value!r}; it must be {wanted}")


def _either(names: Iterable[str]) -> str:
    *some, last = names
    return f"{', '.join(some)} or {last}"


@dataclass(frozen=True)
class Recipe:
    """Every constant of the maximization; the defaults are the article's.

    Args:
        start_size: side of the first picture in pixels.
        upscales: how often the picture is enlarged.
        factor: by how much each time, above 1.
        steps: optimizer steps at each size.
        learning_rate: of Adam, started anew at each size; in units of the parameters.
        activation_weight: of the objective in the loss.
        pixel_weight, gradient_weight, total_variation_weight: of the regularizers; a regularizer
            of weight 0 is not computed.
        gradient_kernel: the derivative behind the gradient term.
        objective: what is maximized. ``rms``: of the unit's map, in the network's own units;
            ``relative_mean``: the map's mean over that on the unit's strongest probe image.
        jitter: by how many pixels the view of each step is moved at most, each way.
        zoom: by which part it is enlarged or reduced at most; 0.1 is up to 1.1 times.
        rotate: by how many degrees it is turned at most, each way.
        crop: smallest part of the picture's side that it shows, anywhere in the picture; 1 for all.
        pad: by how many pixels of the network's mean color the picture is framed; 0 for no frame,
            and a picture that goes on mirrored past its borders.
        noise: standard deviation of the noise that is added to it, where the network's images have
            one of 1.
        plain_steps: how many steps, the last of the last size, see the picture itself.
        color_range: ``free``, clipped between two sizes only, or ``sigmoid``, always within 0..1.
        color_axes: ``rgb``, or ``decorrelated`` as the colors of photographs are.
        basis: of the optimizer's parameters: ``pixels``, the ``cosines`` that make them, or the
            ``phases`` of waves that are as strong as in natural images.
        spectrum_decay: cosines of frequency f are counted in units of 1 / f to this power.
        relu_gradient: ``plain``, or ``redirected`` where a ReLU is closed everywhere, so that it
            reaches silent units; for an objective of the mean, as the RMS has none at zero.
        start_spread: 0 starts from pixels of uniform noise; above 0, from parameters of uniform
            noise with this standard deviation.
        diversity_weight: of the likeness of a unit's second and later samples to those before.
        fine_below: a layer of which one position sees fewer pixels a side has the article's
            constants named in ``FINE``; 0 for none. See ``for_field``.
        sign: ``positive``, or ``negative`` for what lowers the unit: of its map with the sign
            turned the mean is maximized, or the RMS of what is then above 0.
        position: ``all`` positions of the map, or its ``center`` alone: row and column
            floor(side / 2), counted from 0.
        face: ``any``; or of a unit with two faces the one that it leans toward: what the layer
            does on the ``first`` group of its strongest images, that of the strongest, and not on
            the other, or on the ``second``.
        face_weight: of that beside the unit itself, both counted as on these images.

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
    total_variation_weight: float = 0.0
    gradient_kernel: str = "scharr3"
    objective: str = "rms"
    jitter: int = 0
    zoom: float = 0.0
    rotate: float = 0.0
    crop: float = 1.0
    pad: int = 0
    noise: float = 0.0
    plain_steps: int = 0
    color_range: str = "free"
    color_axes: str = "rgb"
    basis: str = "pixels"
    spectrum_decay: float = 1.0
    relu_gradient: str = "plain"
    start_spread: float = 0.0
    diversity_weight: float = 0.0
    fine_below: int = 0
    sign: str = "positive"
    position: str = "all"
    face: str = "any"
    face_weight: float = 2.0

    def __post_init__(self) -> None:
        if self.relu_gradient == "true":  # as it was called before
            object.__setattr__(self, "relu_gradient", "plain")
        for field in fields(self):
            _check(field.name, field.type, getattr(self, field.name))
        if self.start_size < 1 or self.upscales < 0 or not 1 <= self.steps <= 10_000:
            raise UsageError(
                "a recipe needs a start_size of at least 1, upscales of 0, and 1 to 10000 steps"
            )
        if not 1 < self.factor <= 4 or self.learning_rate <= 0:
            raise UsageError("a recipe needs a factor in 1..4 and a learning_rate above 0")
        for name, (least, most) in LIMITS.items():
            if not least <= getattr(self, name) <= most:
                range_ = f"of at least {least}" if most == math.inf else f"in {least:g}..{most:g}"
                raise UsageError(f"a recipe needs a {name} {range_}")
        if not 0 <= self.plain_steps <= self.steps:
            raise UsageError("a recipe needs plain_steps in 0..steps")
        if self.basis == "phases" and (self.color_range, self.color_axes) != NATURAL_PLANES:
            raise UsageError(
                "the basis phases needs the color_range {} and the color_axes {}, in which it is "
                "known how strong the waves of natural images are".format(*NATURAL_PLANES)
            )
        if self.face != "any" and (self.objective == "rms" or self.sign == "negative"):
            raise UsageError(
                "a face needs the objective relative_mean and the sign positive: an RMS does not "
                "tell one side from the other, and what lowers a unit was not looked at"
            )
        check_sizes(self.start_size, self.upscales, self.factor)

    @property
    def plain(self) -> bool:
        """Whether its pictures are of what excites the unit, anywhere in its map, and no more."""
        return (self.sign, self.position, self.face) == ("positive", "all", "any")

    def regularizers(self) -> dict[str, float]:
        """The regularizers that count, and the weight of each."""
        weights = {name: getattr(self, f"{name}_weight") for name in REGULARIZERS}
        return {name: weight for name, weight in weights.items() if weight}

    def is_fine(self, receptive_field: int | None) -> bool:
        """Whether a layer that sees so many pixels a side has the constants of ``FINE``.

        No picture there leans toward a face: see ``atlas.build.request``.
        """
        return receptive_field is not None and receptive_field < self.fine_below

    def for_field(self, receptive_field: int | None) -> "Recipe":
        """What this recipe is for a layer that sees so many pixels a side; None for all of them.

        A layer that sees few pixels looks for a fine pattern. Views that move the picture farther
        than the pattern is wide blur it, small steps in units of 1 / frequency hardly reach it,
        and the mean may be highest on a flat field of one color.
        """
        if self.face != "any" or not self.is_fine(receptive_field):
            return self
        return replace(self, **{name: getattr(Recipe, name) for name in FINE})

    def for_sizes(self, sizes: "Sizes") -> "Recipe":
        """What this recipe is for a network of one size: views move as much less as its ladder is.

        At 9 pixels, 8 of them are not a little. A frame would make a view larger than that size.
        """
        if sizes.fixed is None or not (self.jitter or self.pad):
            return self
        last = self.ladder()[-1].size
        return replace(self, jitter=round(self.jitter * sizes.fixed / last), pad=0)

    def ladder(self, sizes: "Sizes | None" = None) -> list[Rung]:
        """The sizes from first to last, without those below the smallest that a network takes.

        A side grows by the factor and is rounded half to even, as cv2.resize does it. For a network
        of one size all are scaled by the same factor, so that the last is that size: single layers
        take smaller ones, or see them enlarged. Of sizes that are then equal the first is left, and
        none that is too small to tell anything.
        Raises UsageError when no size is large enough.
        """
        rungs = [Rung(0, self.start_size)]
        for upscale in range(1, self.upscales + 1):
            rungs.append(Rung(upscale, round(rungs[-1].size * self.factor)))
        smallest, fixed = sizes or (1, None)
        if fixed is not None:
            rungs = scaled(rungs, fixed)
            smallest = min(SMALLEST_SCALED, fixed)
        used = [rung for rung in rungs if rung.size >= smallest]
        if not used:
            raise UsageError(
                f"the recipe ends at {rungs[-1].size} pixels, below the {smallest} that the "
                "network needs; ask for more upscales"
            )
        return used

    def is_stage(self, rung: Rung, sizes: "Sizes | None" = None) -> bool:
        """Whether the article's growth series shows the picture at the end of this size.

        The first size used stands for upscale 0, and the last is always shown.
        """
        ladder = self.ladder(sizes)
        interval = STAGE_INTERVAL if self.upscales >= STAGE_INTERVAL else 1
        return rung in (ladder[0], ladder[-1]) or rung.upscale % interval == 0


RECIPES = {
    "article": Recipe(),
    "clear": Recipe(
        start_size=64,
        upscales=6,
        factor=1.2551,
        steps=32,
        learning_rate=0.1,
        activation_weight=1.0,
        pixel_weight=0.0,
        gradient_weight=0.0,
        objective="relative_mean",
        jitter=8,
        zoom=0.2,
        plain_steps=1,
        color_range="sigmoid",
        color_axes="decorrelated",
        basis="cosines",
        relu_gradient="redirected",
        start_spread=0.5,
        fine_below=16,
    ),
}
"""The built-in recipes by name: the article's, and one for pictures that are easier to read."""


def constants(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Every constant of a recipe that a run has kept, in today's words.

    A constant that it does not name is from after it: the article's value changes nothing.
    """
    return asdict(Recipe(**kept))


PHOTOGRAPHS = "photographs"
"""No recipe's name: in the tables, where a unit's strongest photographs stand in for pictures."""

PHOTOGRAPH = "photograph"
"""No recipe's name: the same with its strongest alone, as a unit mostly has one picture."""


TILES = "tiles"
"""No recipe's name either: small pictures of every unit lie in folders of this name."""


def read_recipe(name: str, table: Mapping[str, Any]) -> Recipe:
    """A recipe from a table: the constants of its ``base`` (by default ``article``), and changes.

    Raises UsageError that names the first wrong constant.
    """
    base = table.get("base", "article")
    if not isinstance(base, str) or base not in RECIPES:
        raise UsageError(f"recipe {name}: base is {base!r}; it must be {_either(RECIPES)}")
    changes = {key: value for key, value in table.items() if key != "base"}
    known = [field.name for field in fields(Recipe)]
    for key in changes:
        if key not in known:
            near = get_close_matches(key, [*known, "base"], n=1, cutoff=0)[0]
            raise UsageError(f"recipe {name} has no constant {key!r}; the nearest is {near!r}")
    try:
        return replace(RECIPES[base], **changes)
    except UsageError as error:
        raise UsageError(f"recipe {name}: {error}") from None
