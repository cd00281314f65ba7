"""Settings: what a build can be asked, described in one place.

A field of ``Settings`` with its description is an option of the command line, a key of
``atlas.toml``, a variable of make, and a row of ``docs/commands.md``. The command line wins over
the file, the file over the defaults.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from atlas._system import readers
from atlas._system.filenames import is_device, refuse_twins
from atlas._system.readers import Unit, whole
from atlas.errors import UsageError
from atlas.network.addresses.address import find_address
from atlas.network.precision import PRECISIONS
from atlas.recipe import CHOICES, PHOTOGRAPH, PHOTOGRAPHS, RECIPES, TILES, Recipe, read_recipe
from atlas.recipe_names import recipe_of, split_name


class Description(NamedTuple):
    """What is known of a setting beside its name and its default.

    Args:
        read: turns what a user gives into the setting; raises ValueError that says what it wants.
        value: how its value is called; None for a setting of yes or no.
        purpose: what it does.
        computed: whether it shapes what is computed, and so is kept by the run.
        option: whether it is an option of the command line.
    """

    read: Callable[[Any], Any]
    value: str | None
    purpose: str
    computed: bool = True
    option: bool = True


def _setting(default: Any, *description: Any, **more: Any) -> Any:
    return field(default=default, metadata={"description": Description(*description, **more)})


def _network(value: Any) -> str:
    """A name or an address. Raises UsageError for what looks like an address and is none."""
    find_address(readers.text(value))
    return value


def _recipes(value: Any) -> tuple[tuple[str, Recipe], ...]:
    """Tables of constants by the name of the recipe, which is also that of a folder."""
    if not isinstance(value, dict) or not all(isinstance(table, dict) for table in value.values()):
        raise ValueError("tables such as [recipes.mine], with the constants of each recipe")
    for name in value:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
            raise ValueError(f"tables named in letters, digits, _ and -, which {name!r} is not")
        if split_name(name.lower())[0] in (*RECIPES, PHOTOGRAPHS, PHOTOGRAPH, TILES):
            raise ValueError(
                f"tables with names of their own, which {name!r} is not: atlas uses it itself"
            )
        if is_device(name):
            raise ValueError(f"tables named as folders can be, which {name!r} is not on Windows")
    refuse_twins(value, "rename one of these recipes")
    return tuple((name, read_recipe(name, table)) for name, table in value.items())


@dataclass(frozen=True)
class Settings:
    """Everything a build can be asked.

    Raises UsageError for a recipe that does not exist or cannot be, and for contradictions.
    """

    network: str = _setting(
        "googlenet",
        _network,
        "ADDRESS",
        "googlenet, bvlc_googlenet, a classifier of torchvision, package.module:attr or "
        "file.py:attr (runs that code), timm:NAME or hf-hub:ORG/NAME",
    )
    network_args: tuple[tuple[str, Any], ...] = _setting(
        (),
        readers.named_values,
        "KEY=VALUE,...",
        "what the callable at an address, or timm, is called with",
    )
    weights: str = _setting(
        "auto", readers.path, "auto|imagenet|bundled|PATH", "where the weights come from"
    )
    weights_key: str | None = _setting(
        None,
        readers.text,
        "KEY",
        "which entry of a file of weights to take, such as state_dict_ema",
    )
    transform_input: bool | None = _setting(
        None,
        readers.yes_or_no,
        "auto|yes|no",
        "whether googlenet or inception_v3 was trained on images in -1..1",
    )
    input: str | None = _setting(
        None,
        readers.shape,
        "CxHxW",
        "channels, height and width of the images it was trained on; by default 3x224x224",
    )
    mean: tuple[float, ...] | None = _setting(
        None,
        readers.numbers,
        "A,B,...",
        "of the images it was trained on, by channel, in 0..1; or in 0..255, if any is above 1",
    )
    std: tuple[float, ...] | None = _setting(
        None, readers.positive, "A,B,...", "their standard deviation, likewise"
    )
    probe: str = _setting(
        "auto",
        readers.path,
        "auto|stimuli|imagenette|imagenette-160|FOLDER",
        "the images that units are ranked on",
    )
    labels: str | None = _setting(
        None,
        readers.path,
        "FILE",
        "classes of the probe images (CSV: image,label); by default the folders they lie in",
    )
    classes: str | None = _setting(
        None,
        readers.path,
        "FILE",
        "what the network's classes are called: a name a line, or CSV: number,name",
    )
    layers: tuple[str, ...] | None = _setting(
        None, readers.names, "A,B,...", "names or patterns such as 'inception4*'"
    )
    units: tuple[Unit, ...] | None = _setting(
        None,
        readers.units,
        "LAYER:UNIT,...",
        "maximize these instead of the strongest of each layer",
    )
    top: int | None = _setting(10, whole(1, "all"), "N|all", "how many units of each layer")
    recipe: tuple[str, ...] = _setting(
        ("clear", "article"), readers.names, "NAME,...", "the constants of the maximization"
    )
    recipes: tuple[tuple[str, Recipe], ...] = _setting(
        (), _recipes, "TABLES", "recipes of one's own, by name", option=False
    )
    sign: str = _setting(
        "positive",
        readers.one_of(*CHOICES["sign"]),
        "|".join(CHOICES["sign"]),
        "negative: what lowers a unit most, in layers without ReLU; RECIPE-negative",
        computed=False,  # the run keeps the names of the recipes, which say so
    )
    position: str = _setting(
        "all",
        readers.one_of(*CHOICES["position"]),
        "|".join(CHOICES["position"]),
        "center: one position instead of the whole map; RECIPE-center",
        computed=False,
    )
    faces: bool = _setting(
        False,
        readers.flag,
        None,
        "of units with two faces, a picture of each too: RECIPE-face1, RECIPE-face2",
        computed=False,  # likewise
    )
    samples: int = _setting(
        1, whole(1, largest=1000), "N", "pictures of each unit, from different noise"
    )
    tiles: bool | None = _setting(
        None,
        readers.flag,
        None,
        "a small picture of every unit too; by default on a GPU",
    )
    upscales: int | None = _setting(
        None, whole(0), "N", "enlargements of a picture, instead of the recipe's"
    )
    steps: int | None = _setting(
        None,
        whole(1, largest=10_000),
        "N",
        "optimizer steps at each size, instead of the recipe's",
    )
    seed: int = _setting(0, whole(0), "N", "another seed, another noise to start from")
    device: str = _setting("auto", readers.device, "auto|cpu|cuda|cuda:N", "where to compute")
    precision: str = _setting(
        "auto",
        readers.one_of("auto", *PRECISIONS),
        "|".join(("auto", *PRECISIONS)),
        "of the network during maximization",
    )
    judge: str = _setting(
        "auto",
        readers.one_of("auto", "imagenet", "bundled"),
        "auto|imagenet|bundled",
        "whose weights the judge of likeness has",
    )
    batch: int | None = _setting(
        None, whole(1, "auto", largest=10_000), "auto|N", "pictures made at once"
    )
    run: str = _setting(
        "runs/default",
        readers.path,
        "FOLDER",
        "where everything computed is kept; a build continues there",
        computed=False,
    )
    site: str = _setting(
        "site", readers.path, "FOLDER", "where the finished pages are", computed=False
    )
    templates: str | None = _setting(
        None,
        readers.path,
        "FOLDER",
        "templates that go before the built-in ones",
        computed=False,
    )
    notes: str | None = _setting(
        None,
        readers.path,
        "FILE",
        "what you call units (CSV: layer,unit,text); the run keeps it",
        computed=False,
    )
    base_url: str | None = _setting(
        None, readers.url, "URL", "the address the site will have", computed=False
    )
    publish_probe_images: bool = _setting(
        False,
        readers.flag,
        None,
        "show the strongest images of a folder of one's own in the site",
        computed=False,
    )
    quiet: bool = _setting(False, readers.flag, None, "no progress bars and no log", computed=False)

    def __post_init__(self) -> None:
        # By their whole names, which a run keeps: raises UsageError for what no recipe can have.
        object.__setattr__(self, "recipe", tuple(self.recipes_asked()))
        self._refuse_contradictions()

    def recipes_asked(self) -> dict[str, Recipe]:
        """The recipes asked for by name, built in or of one's own, with the upscales and steps."""
        known = RECIPES | dict(self.recipes)
        ends = {"sign": self.sign, "position": self.position}
        named = dict(recipe_of(name, known, ends) for name in self.recipe)
        if self.faces:
            named |= self._faces(named, ends)
        asked = {"upscales": self.upscales, "steps": self.steps}
        changes = {name: value for name, value in asked.items() if value is not None}
        return {name: _changed(name, recipe, changes) for name, recipe in named.items()}

    def _faces(self, named: Mapping[str, Recipe], ends: Mapping[str, str]) -> dict[str, Recipe]:
        """Both faces by each of some recipes that can make them."""
        known = RECIPES | dict(self.recipes)
        able = [
            name
            for name, recipe in named.items()
            if recipe.objective == "relative_mean" and recipe.sign == "positive"
        ]
        if not able:
            raise UsageError(
                "faces are pictures by a recipe with the objective relative_mean and the sign "
                "positive, such as clear; add it with --recipe"
            )
        plain = [name for name in able if named[name].face == "any"]
        faces = CHOICES["face"][1:]
        return dict(
            recipe_of(name, known, {**ends, "face": face}) for name in plain for face in faces
        )

    def _refuse_contradictions(self) -> None:
        for layer, unit in self.units or ():
            if self.layers and not any(fnmatchcase(layer, pattern) for pattern in self.layers):
                raise UsageError(
                    f"units asks for {layer}:{unit} and layers leaves out {layer}; add it there, "
                    "or leave layers out"
                )

    def as_json(self) -> dict[str, Any]:
        """The settings as a run keeps them, in the form a file gives them."""
        kept = {name: value for name, value in asdict(self).items() if DESCRIPTIONS[name].computed}
        if self.units is not None:
            kept["units"] = [f"{layer}:{unit}" for layer, unit in self.units]
        kept["top"] = self.top or "all"
        kept["batch"] = self.batch or "auto"
        kept["network_args"] = dict(self.network_args) or None
        kept["recipes"] = {name: asdict(recipe) for name, recipe in self.recipes}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in kept.items()
            if value is not None
        }


DESCRIPTIONS: Mapping[str, Description] = {
    each.name: each.metadata["description"] for each in fields(Settings)
}
"""Every setting's description, by its name."""

DEFAULTS: Mapping[str, Any] = {each.name: each.default for each in fields(Settings)}
"""What every setting is where nobody has said anything."""


def _changed(name: str, recipe: Recipe, changes: Mapping[str, int]) -> Recipe:
    """A recipe with other upscales or steps. Raises UsageError that names it."""
    try:
        return replace(recipe, **changes)
    except UsageError as error:
        raise UsageError(f"recipe {name}: {error}, or leave it out with --recipe") from None
