"""What is asked of a run: layers, and pictures in the order they are to be made."""

from collections.abc import Container

from atlas._system.filenames import refuse_twins
from atlas.build.faces import two_faced
from atlas.build.session import Session
from atlas.errors import AtlasError
from atlas.network.layer import Layer
from atlas.recipe import Recipe
from atlas.run.plan import Item, Plan, breadth_first


def chosen_layers(session: Session) -> list[Layer]:
    """The layers asked for and those the run has already, in depth order."""
    settings, network, run = session.settings, session.network, session.run
    if settings.layers:
        chosen = network.select(settings.layers)
    elif settings.units:
        chosen = network.select([layer for layer, _ in settings.units])
    else:
        chosen = network.layers
    names = [layer.name for layer in chosen]
    if run.has("network.json"):
        names += [layer.name for layer in run.network().layers]
    if run.has("tuning.csv"):
        names += run.table("tuning")["layer"].unique().tolist()
    names += [item.layer for chunk in Plan.load(run).chunks for item in chunk]
    if slashed := [name for name in names if "/" in name]:
        raise AtlasError(f"the layer {slashed[0]!r} has a / in its name; rename that module")
    refuse_twins(names, "leave one of these layers out with --layers, or rename it")
    return list(network.select(list(dict.fromkeys(names))))


def ranks_wanted(session: Session) -> int | None:
    """How far the ranking goes: as far as asked, and no less far than before."""
    top = session.settings.top
    if top is None or not session.run.has("ranking.csv"):
        return top
    return max(top, session.run.table("ranking")["rank"].to_numpy().max().item())


def wanted_pictures(session: Session) -> list[Item]:
    """The pictures asked for: of all layers the first units, then the second, and so on."""
    settings, network, run = session.settings, session.network, session.run
    ranked = run.table("ranking")
    known = ranked["layer"].unique()
    units: dict[str, list[int]] = {}
    if settings.units:
        for layer, unit in sorted(settings.units, key=lambda own: network.depth(own[0])):
            check_unit(network.layer(layer), unit)
            units.setdefault(layer, []).append(unit)
    else:
        chosen = network.select(settings.layers) if settings.layers else None
        for layer in [each.name for each in chosen] if chosen else known:
            rows = ranked[ranked["layer"] == layer]
            if settings.top is not None:
                rows = rows[rows["rank"] <= settings.top]
            units[layer] = rows["unit"].tolist()
    if missing := [layer for layer in units if layer not in known]:
        raise AtlasError(
            f"{run.path} has no ranking of {', '.join(missing)}; 'atlas rank' with them makes it"
        )
    pairs = breadth_first(units)
    recipes = settings.recipes_asked().items()
    groups = two_faced(run) if any(recipe.face != "any" for _, recipe in recipes) else {}
    return [
        Item(name, layer, unit, sample)
        for name, recipe in recipes
        for layer, unit in pairs
        if has_end(network.layer(layer), recipe)
        if recipe.face == "any" or _can_lean(network.layer(layer), recipe, groups, unit)
        for sample in range(1, settings.samples + 1)
    ]


def has_end(layer: Layer, recipe: Recipe) -> bool:
    """Whether the units of a layer can be what the recipe makes them: below 0, where it asks so."""
    return not (recipe.sign == "negative" and layer.rectified)


def _can_lean(layer: Layer, recipe: Recipe, groups: Container[tuple[str, int]], unit: int) -> bool:
    """Whether a unit has two faces, and its layer more to lean toward than fine patterns."""
    return (layer.name, unit) in groups and not recipe.is_fine(layer.receptive_field)


def left_out(session: Session) -> list[str]:
    """A line for each recipe of the layers asked of which it makes no pictures.

    Raises AtlasError for a recipe that makes none of any.
    """
    settings, network = session.settings, session.network
    asked = settings.layers or [layer for layer, _ in settings.units or ()]
    layers = network.select(asked) if asked else chosen_layers(session)
    lines = []
    for name, recipe in settings.recipes_asked().items():
        without = [layer.name for layer in layers if not has_end(layer, recipe)]
        if len(without) == len(layers):
            raise AtlasError(
                f"{name} shows what brings a unit below 0, and {_listed(without)} end in a ReLU: "
                "name a layer without one with --layers ('atlas layers --all' lists every place)"
            )
        if without:
            lines.append(f"{name} leaves out {_listed(without)}, which end in a ReLU")
    return lines


def _listed(names: list[str]) -> str:
    """Names in a sentence, some of many."""
    shown = names if len(names) < 6 else [*names[:4], f"{len(names) - 4} more"]
    *some, last = shown
    return f"{', '.join(some)} and {last}" if some else last


def check_unit(layer: Layer, unit: int) -> None:
    """Raise AtlasError for a unit that the layer does not have."""
    if unit >= layer.units:
        raise AtlasError(f"{layer.name} has no unit {unit}; its units are 0 to {layer.units - 1}")
