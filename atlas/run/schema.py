"""The schema of a run: what each file holds."""

from collections.abc import Hashable
from types import NoneType

SCHEMA = 1
"""The version of the run folder, in ``run.json``."""

COMMANDS = {
    "run": "atlas rank",
    "network": "atlas rank",
    "probe": "atlas rank",
    "skipped": "atlas rank",
    "activations": "atlas rank",
    "ranking": "atlas rank",
    "strongest": "atlas rank",
    "tuning": "atlas rank",
    "tasks": "atlas rank",
    "judge": "atlas rank",
    "plan": "atlas maximize",
    "examination": "atlas examine",
    "identification": "atlas examine",
}
"""The command that makes each file, by its name without suffix."""


TEXTS: dict[Hashable, type[str]] = dict.fromkeys(
    ("layer", "image", "family", "recipe", "file", "reason"), str
)
"""The columns that hold texts, in whatever table."""


TEXT = (str, NoneType)
SETTINGS = {
    "asked": dict,
    "requests": [dict],
    "identity": {
        **dict.fromkeys(("network", "weights", "precision", "device", "probe"), str),
        "recipes": dict,
        "seed": int,
    },
    "weights": {"source": str, "name": str, "sha256": str, "classes": int, "notice": TEXT},
    "probe": {
        **dict.fromkeys(("kind", "name", "sha256"), str),
        **dict.fromkeys(("images", "skipped"), int),
        "synthetic": bool,
    },
    "batch": int,
    "threads": int,
    "versions": dict,
    "warnings": [str],
}
"""The shape of ``run.json``; ``requests`` are all there were, ``asked`` is the latest."""

BRANCHES = [{"name": str, "first": int, "units": int}]
NETWORK = {
    "network": str,
    **dict.fromkeys(("input", "smallest_input"), int),
    **{"mean": [float], "std": [float]},
    "layers": [
        {
            **dict.fromkeys(("units", "height", "width"), int),
            **dict.fromkeys(("stride", "receptive_field"), (int, NoneType)),
            **{"name": str, "center": (list, NoneType), "rectified": bool, "branches": BRANCHES},
        }
    ],
    "graph": [
        {
            **{"name": str, "kind": str, "units": int, "size": int, "layer": bool},
            **{"stride": (int, NoneType), "branches": BRANCHES},
        }
    ],
}
"""The shape of ``network.json``."""
