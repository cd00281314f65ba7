"""What identifies a run, and the refusal to go on with something else."""

from typing import Any

from msgspec import to_builtins

from atlas._system.filenames import refuse_twins
from atlas.errors import AtlasError
from atlas.recipe import constants
from atlas.run.folder import Run
from atlas.run.schema import Making


def check_identity(run: Run, wanted: Making) -> None:
    """Raise AtlasError when the run was made with something else than is asked.

    A recipe that the run does not have yet extends it, as more layers or units do.
    """
    if not run.has("run.json"):
        return
    kept, asked = _input_of(run) | to_builtins(run.settings().identity), to_builtins(wanted)
    refuse_twins([*kept["recipes"], *asked["recipes"]], "rename the recipe, or name another --run")
    shared = {
        name: constants(kept["recipes"].get(name, recipe))
        for name, recipe in asked["recipes"].items()
    }
    for name, before in (kept | {"recipes": shared}).items():
        if name in asked and before != asked[name]:
            raise AtlasError(
                f"{run.path} was made with other {name}: {_difference(before, asked[name])}; name "
                "another folder with --run, or give the settings it was made with"
            )


def _input_of(run: Run) -> dict[str, Any]:
    """What the network takes, as the run describes it: older ones do so nowhere else."""
    if not run.has("network.json"):
        return {}
    network = run.network()
    shape = [network.channels, network.input, network.input]
    return {"input": shape, "mean": list(network.mean), "std": list(network.std)}


def _difference(before: Any, now: Any) -> str:
    """The first thing that differs, in words."""
    while isinstance(before, dict):
        key = next(key for key in {**now, **before} if before.get(key) != now.get(key))
        before, now = before.get(key), now.get(key)
        if not isinstance(before, dict):
            return f"{key} {before} there, {now} asked"
    before, now = (_shown(value) for value in (before, now))
    return f"{before} there, {now} asked"


def _shown(value: Any) -> str:
    """A value in a message: numbers whole, a digest by how it begins."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)[:16]
