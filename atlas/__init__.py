"""Atlas turns a trained GoogLeNet into a browsable website of what its units look for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas.errors import AtlasError
    from atlas.maximize.loop import maximize_units
    from atlas.network.loading import load_network
    from atlas.probe.opening import open_probe_set
    from atlas.rank.ranking import rank_units
    from atlas.recipe import RECIPES, Recipe

__version__ = "0.1.0"
__all__ = [
    "RECIPES",
    "AtlasError",
    "Recipe",
    "load_network",
    "maximize_units",
    "open_probe_set",
    "rank_units",
]

_HOMES = {
    "RECIPES": "recipe",
    "AtlasError": "errors",
    "Recipe": "recipe",
    "load_network": "network.loading",
    "maximize_units": "maximize.loop",
    "open_probe_set": "probe.opening",
    "rank_units": "rank.ranking",
}


def __getattr__(name: str) -> Any:
    # Torch takes seconds to load: the command line answers wrong usage without it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
