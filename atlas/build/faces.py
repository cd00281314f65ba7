"""The faces of the units of a run: which units have two, and where a picture of each leans."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from atlas.build.probe import probe_set
from atlas.build.session import Session
from atlas.build.shown import Shown
from atlas.examine.clarity import have_two
from atlas.maximize.faces import leaning
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.ways import layer_trunk
from atlas.rank.places import STRONGEST
from atlas.recipe import Recipe
from atlas.run.folder import Run

Unit = tuple[str, int]


def two_faced(run: Run) -> dict[Unit, NDArray[np.bool_]]:
    """Of the units with two faces, which of their strongest images are of the second group."""
    if not run.has("clarity.csv"):
        return {}
    table = run.table("clarity")
    places = [[int(place) - 1 for place in second.split()] for second in table["second"]]
    second = np.zeros((len(table), STRONGEST), bool)
    for row, own in zip(second, places, strict=True):
        row[own] = True
    chosen = have_two(
        table["within"].to_numpy(float), table["polysemanticity"].to_numpy(float), second
    )
    units = zip(table["layer"], table["unit"], second, chosen, strict=True)
    return {(layer, unit): own for layer, unit, own, two in units if two}


def directions(
    session: Session, recipe: Recipe, units: Sequence[Unit], scales: Sequence[float]
) -> dict[Unit, NDArray[np.float64]]:
    """Where the pictures of units lean by a recipe; reads the units' strongest images.

    Args:
        session: of a run whose units have two faces.
        recipe: that asks for one of them.
        units: by layer and number.
        scales: activation of each on its strongest image.
    """
    run, network, groups = session.run, session.network, two_faced(session.run)
    probe = probe_set(session)
    shown = Shown(network, probe.at(network.input_size))
    numbers = {name: number for number, name in enumerate(probe.names)}
    strongest = run.table("strongest").sort_values("place", kind="stable")
    images = strongest.groupby(["layer", "unit"])["image"].agg(list)
    spreads = run.table("activations").groupby("layer")["std"]
    found: dict[Unit, NDArray[np.float64]] = {}
    for (layer, unit), scale in zip(units, scales, strict=True):
        seen = shown([numbers[name] for name in images[layer, unit]])
        with torch.inference_mode(), exact_arithmetic():
            ((_, maps),) = layer_trunk(network, [layer]).activations(seen)
            responses = maps.flatten(2).mean(2).double().cpu().numpy()
        second = groups[layer, unit]
        own, other = responses[second], responses[~second]
        if recipe.face == "first":
            own, other = other, own
        spread = spreads.get_group(layer).to_numpy(float)
        found[layer, unit] = leaning(unit, recipe.face_weight, scale, own, other, spread)
    return found
