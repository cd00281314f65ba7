"""What identifies a run, the refusal to go on with something else, and what the run says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from atlas.anatomy import PROBE_SIZE
from atlas.errors import AtlasError
from atlas.filenames import refuse_twins
from atlas.network import Layer, Network
from atlas.recipe import Recipe
from atlas.store import Run


def identify(network: Network, recipes: Mapping[str, Recipe], seed: int) -> dict[str, Any]:
    """What identifies a run, but for the probe set, whose hash is under ``probe``."""
    return {
        "network": network.name,
        "weights": network.weights.sha256,
        "recipes": {name: asdict(recipe) for name, recipe in recipes.items()},
        "seed": seed,
        "precision": network.precision,
        "device": network.device.type,
    }


def check_identity(run: Run, asked: Mapping[str, Any]) -> None:
    """Raise AtlasError when the run was made with something else than is asked.

    A recipe that the run does not have yet extends it, as more layers or units do.
    """
    if not run.has("run.json"):
        return
    kept = run.settings()["identity"]
    refuse_twins([*kept["recipes"], *asked["recipes"]], "rename the recipe, or name another --run")
    shared = {
        # A constant that the run does not name is from after it, at its default.
        name: asdict(Recipe()) | kept["recipes"].get(name, recipe)
        for name, recipe in asked["recipes"].items()
    }
    for name, before in (kept | {"recipes": shared}).items():
        if name in asked and before != asked[name]:
            raise AtlasError(
                f"{run.path} was made with other {name}: {_difference(before, asked[name])}; name "
                "another folder with --run, or give the settings it was made with"
            )


def _difference(before: Any, now: Any) -> str:
    """The first thing that differs, in words."""
    while isinstance(before, dict):
        key = next(key for key in {**now, **before} if before.get(key) != now.get(key))
        before, now = before.get(key), now.get(key)
        if not isinstance(before, dict):
            return f"{key} {before} there, {now} asked"
    return f"{str(before)[:16]} there, {str(now)[:16]} asked"


def describe(network: Network, layers: Sequence[Layer]) -> dict[str, Any]:
    """The network and the layers of a run, and the graph for the drawing: ``network.json``."""
    chosen = {layer.name for layer in layers}
    return {
        "network": network.name,
        "input": PROBE_SIZE,
        "smallest_input": network.smallest_input,
        "mean": network.mean,
        "std": network.std,
        "layers": [asdict(layer) for layer in layers],
        "graph": [
            {
                "name": layer.name,
                "kind": kind,
                "units": layer.units,
                "stride": layer.stride,
                "size": layer.height,
                "branches": [asdict(branch) for branch in layer.branches],
                "layer": layer.name in chosen,
            }
            for kind, layer in network.chain()
        ],
    }
