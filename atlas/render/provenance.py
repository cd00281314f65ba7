"""Where a picture comes from, and the command that makes it again."""

from collections.abc import Mapping
from typing import Any

from atlas._system.display import shell_word
from atlas.probe.probe_set import UNNAMED
from atlas.render.catalog import Catalog
from atlas.render.picture import Picture
from atlas.render.unit_facts import base_name
from atlas.render.units import Layer, Unit
from atlas.settings import DEFAULTS


def build_commands(catalog: Catalog) -> list[str]:
    """The commands that make the whole run again, in order: one for every request."""
    commands = []
    for request in catalog.settings.requests:
        scope = {name: request.get(name) for name in ("layers", "units", "top", "samples")}
        names = {name: request.get(name) for name in ("labels", "classes")}
        command, tiles = _command(_settings(catalog, request) | names | scope), request.get("tiles")
        commands.append(
            command if tiles is None else f"{command} --tiles={'yes' if tiles else 'no'}"
        )
    return list(dict.fromkeys(commands))


def unit_command(catalog: Catalog, unit: Unit, picture: Picture) -> str:
    """The command that makes one picture again, in a run of its own."""
    scope = {"units": unit.name, "recipe": picture.recipe, "samples": picture.sample}
    run = f"runs/{unit.layer.slug}-{unit.number:04d}"
    settings = _settings(catalog, _asking(catalog, picture.recipe))
    return _command(settings | scope | {"run": run, "site": f"{run}-site"})


def command_of_recipe(catalog: Catalog, recipe: str) -> str:
    """How a command begins that makes any picture by a recipe; ``scope_of_layer`` goes on."""
    return _command(_settings(catalog, _asking(catalog, recipe)) | {"recipe": recipe})


def scope_of_layer(layer: Layer) -> tuple[str, str]:
    """Two words of such a command, each up to the unit's number: which it is, and its run."""
    name = shell_word(f"{layer.name}:")
    joint = "=" if name.startswith("-") else " "
    return f"--units{joint}{name}", f"runs/{layer.slug}-"


def _asking(catalog: Catalog, recipe: str) -> Mapping[str, Any]:
    """The first request for a recipe."""
    requests = catalog.settings.requests
    return next((each for each in requests if recipe in each.get("recipe", [])), requests[-1])


def _settings(catalog: Catalog, request: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, and what ``auto`` came to."""
    identity = catalog.settings.identity
    names = ("network_args", "weights", "weights_key", "transform_input", "input", "mean", "std")
    names += ("probe", "recipe", "upscales", "steps")
    probe = catalog.settings.probe
    known = probe.kind != "folder" or probe.name == UNNAMED
    return {
        "network": identity.network,
        **{name: request.get(name) for name in names},
        **({"probe": probe.name} if known else {}),
        **({"probe": None} if probe.kind == "array" else {}),  # none that a command can name
        **{name: getattr(identity, name) for name in ("seed", "device", "precision")},
        "batch": catalog.settings.batch,
    }


def _command(options: dict[str, Any]) -> str:
    words = ["atlas", "build"]
    for name, value in options.items():
        value = _as_text(value)
        if value in (None, "") or value == _as_text(DEFAULTS[name]):
            continue
        if name in ("weights", "probe", "labels", "classes"):
            value = base_name(str(value))  # where it lay is nobody's business
        word = shell_word(str(value))  # a negative number would be taken for an option
        option = name.replace("_", "-")
        words += [f"--{option}={word}"] if word.startswith("-") else [f"--{option}", word]
    return " ".join(words)


def _as_text(value: Any) -> Any:
    """Several names, or values by name, as one word."""
    if isinstance(value, dict):
        return ",".join(f"{key}={_value(each)}" for key, each in value.items())
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


def _value(value: Any) -> str:
    """A value as ``--network-args`` reads it."""
    return repr(_without_folders(value))


def _without_folders(value: Any) -> Any:
    """A value in which every text that may be a path is the last part of it."""
    if isinstance(value, dict):
        return {key: _without_folders(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_folders(each) for each in value]
    return base_name(value) if isinstance(value, str) else value
