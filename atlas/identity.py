"""What identifies a run, and the refusal to go on in a run that was made with something else."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from atlas.errors import AtlasError
from atlas.network import Network
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
    shared = {name: kept["recipes"].get(name, recipe) for name, recipe in asked["recipes"].items()}
    for name, before in (kept | {"recipes": shared}).items():
        if name in asked and before != asked[name]:
            raise AtlasError(
                f"{run.path} was made with other {name}: {_difference(before, asked[name])}; name "
                "another folder with --run, or give the settings it was made with"
            )


def _difference(before: Any, now: Any) -> str:
    """The first thing that differs, in words."""
    while isinstance(before, dict):
        key = next(key for key in before if before[key] != now[key])
        before, now = before[key], now[key]
        if not isinstance(before, dict):
            return f"{key} {before} there, {now} asked"
    return f"{str(before)[:16]} there, {str(now)[:16]} asked"
