"""How strong the waves of the probe images are, for recipes that take it from them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from atlas.build.session import Session
from atlas.maximize.parameterization import Parameterization
from atlas.maximize.spectrum import ring_means
from atlas.network.network import Network
from atlas.probe.probe_set import ProbeSet, batches
from atlas.probe.size import in_channels
from atlas.recipe import NATURAL_PLANES, Recipe
from atlas.run.folder import Run

BATCH = 8


def keep_spectrum(session: Session, probe: ProbeSet) -> None:
    """Measure the probe images, unless the run knows them already, or no recipe asks for it."""
    run, recipes = session.run, session.settings.recipes_asked().values()
    if not _asked(recipes) or probe.synthetic or run.has("spectrum.csv"):
        return
    with session.progress("spectrum", len(probe), "images") as progress:
        total, count = np.zeros(()), 0
        for _, pixels in batches(probe, BATCH):
            for planes in _planes(session.network, pixels):
                total = total + ring_means(planes)
            count += len(pixels)
            progress(len(pixels))
    axis, frequency = np.indices(total.shape).reshape(2, -1)
    amplitudes = (total / count).ravel()
    table = pd.DataFrame({"axis": axis, "frequency": frequency, "amplitude": amplitudes})
    run.write_table("spectrum", table)


def kept_spectrum(run: Run, recipe: Recipe) -> NDArray[np.float64] | None:
    """What a recipe needs of the probe images: CxK; None for that of natural images.

    Raises AtlasError where the run does not have it.
    """
    if not _asked([recipe]) or run.settings().probe.synthetic:
        return None
    table = run.table("spectrum")
    return table.pivot(index="axis", columns="frequency", values="amplitude").to_numpy(float)


def _asked(recipes: Iterable[Recipe]) -> bool:
    return any(recipe.basis == "phases" for recipe in recipes)


def _planes(network: Network, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The color planes of images (NxSxSxC bytes) in which waves have phases: NxCxSxS."""
    color_range, color_axes = NATURAL_PLANES
    recipe = Recipe(color_range=color_range, color_axes=color_axes)
    shown = in_channels(pixels, network.channels)
    images = torch.from_numpy(shown).permute(0, 3, 1, 2).to(network.device, network.dtype) / 255
    return Parameterization(network, recipe, shown.shape[1]).encode(images).double().cpu().numpy()
