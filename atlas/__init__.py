"""Atlas turns a trained GoogLeNet into a browsable website of what its units look for."""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atlas.build.build import build
    from atlas.build.compare import compare
    from atlas.errors import AtlasError, UsageError
    from atlas.examine.evidence import examine_pictures
    from atlas.maximize.directions import maximize_directions
    from atlas.maximize.units import maximize_units
    from atlas.network.layer import Layer
    from atlas.network.loading import load_network
    from atlas.network.network import Network
    from atlas.probe.array import Images
    from atlas.probe.opening import open_probe_set
    from atlas.rank.ranking import rank_units
    from atlas.recipe import RECIPES, Recipe
    from atlas.render.site import render
    from atlas.run.folder import Run
    from atlas.settings import Settings
    from atlas.target import Picture, Target

__version__ = "0.1.0"
__all__ = [
    "RECIPES",
    "AtlasError",
    "Images",
    "Layer",
    "Network",
    "Picture",
    "Recipe",
    "Run",
    "Settings",
    "Target",
    "UsageError",
    "build",
    "compare",
    "examine_pictures",
    "load_network",
    "maximize_directions",
    "maximize_units",
    "open_probe_set",
    "rank_units",
    "render",
]

_HOMES = {
    "AtlasError": "errors",
    "Images": "probe.array",
    "Layer": "network.layer",
    "Network": "network.network",
    "Picture": "target",
    "RECIPES": "recipe",
    "Recipe": "recipe",
    "Run": "run.folder",
    "Settings": "settings",
    "Target": "target",
    "UsageError": "errors",
    "build": "build.build",
    "compare": "build.compare",
    "examine_pictures": "examine.evidence",
    "load_network": "network.loading",
    "maximize_directions": "maximize.directions",
    "maximize_units": "maximize.units",
    "open_probe_set": "probe.opening",
    "rank_units": "rank.ranking",
    "render": "render.site",
}


def __getattr__(name: str) -> Any:
    # Torch takes seconds to load: the command line answers wrong usage without it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


class _Face(ModuleType):
    """This package, whose ``build`` and ``render`` are the functions and not their rooms."""

    def __setattr__(self, name: str, value: object) -> None:
        # Python binds a room to the package when it is first loaded.
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
