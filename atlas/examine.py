"""What a finished picture does to the network, measured on the 8-bit picture as published."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from atlas.maximize import Target
from atlas.network import Network, exact_arithmetic
from atlas.progress import Progress
from atlas.ragged import Trunk

BATCH = 16


def examine(
    network: Network,
    targets: Sequence[Target],
    pictures: Sequence[NDArray[np.uint8]],
    activations: pd.DataFrame,
    strongest: pd.DataFrame,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Show pictures to the network in full precision and compare with the probe set.

    Args:
        network: whose units the pictures are of.
        targets: the unit of each picture.
        pictures: HxWx3 bytes, all of one size.
        activations, strongest: statistics over the probe set, as ranking's tables.
        progress: called with the number of pictures done.

    Returns:
        One row a picture, in the order given. ``mean`` and ``rms``: activation of the unit.
        ``gain_mean``, ``gain_rms``: over those of the unit's strongest probe image; undefined
        where that does not excite the unit. ``z``: the mean in standard deviations over the probe
        set; ``standing``: its rank among all units of the layer, 1 the highest; both undefined
        for a unit that no probe image changes.
    """
    reference = strongest[strongest["place"] == 1].set_index(["layer", "unit"])
    layers = dict(list(activations.groupby("layer")))
    order = sorted(range(len(targets)), key=lambda i: network.depth(targets[i].layer))
    rows: dict[int, dict[str, float]] = {}
    for first in range(0, len(order), BATCH):
        chunk = order[first : first + BATCH]
        means, norms = _responses(
            network, [targets[i] for i in chunk], [pictures[i] for i in chunk]
        )
        for i, mean, rms in zip(chunk, means, norms, strict=True):
            unit, layer = targets[i].unit, targets[i].layer
            best = reference.loc[(layer, unit)]
            z, standing = _standing(mean, layers[layer], unit)
            rows[i] = {
                "mean": mean[unit],
                "rms": rms[unit],
                "gain_mean": mean[unit] / best["mean"] if best["mean"] > 0 else np.nan,
                "gain_rms": rms[unit] / best["rms"] if best["rms"] > 0 else np.nan,
                "z": z,
                "standing": standing,
            }
        if progress is not None:
            progress(len(chunk))
    evidence = pd.DataFrame([rows[i] for i in range(len(targets))])
    names = pd.DataFrame(
        {
            "layer": [target.layer for target in targets],
            "unit": [target.unit for target in targets],
            "sample": [target.sample for target in targets],
        }
    )
    return pd.concat([names, evidence.astype({"standing": "Int64"})], axis=1)


def _responses(
    network: Network, targets: Sequence[Target], pictures: Sequence[NDArray[np.uint8]]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Spatial mean and RMS of every unit of each picture's layer; targets in depth order."""
    trunk = Trunk(network, [target.layer for target in targets])
    leaving = Counter(target.layer for target in targets)
    shown = torch.from_numpy(np.stack(pictures)).to(network.device, network.dtype)
    images = network.normalize(shown.permute(0, 3, 1, 2) / 255)
    means: list[NDArray[np.float64]] = []
    norms: list[NDArray[np.float64]] = []
    with torch.inference_mode(), exact_arithmetic():
        for _, values in trunk.activations(images, leaving):
            flat = values.double().flatten(2)
            means += list(flat.mean(2).cpu().numpy())
            norms += list(flat.square().mean(2).sqrt().cpu().numpy())
    return means, norms


def _standing(means: NDArray[np.float64], layer: pd.DataFrame, unit: int) -> tuple[float, float]:
    """The unit's response in standard deviations, and its rank among the layer's units."""
    spread = layer["std"].to_numpy()
    varied = spread > 0
    if not varied[unit]:
        return np.nan, np.nan
    deviations = (means - layer["mean"].to_numpy())[varied] / spread[varied]
    own = (means[unit] - layer["mean"].to_numpy()[unit]) / spread[unit]
    return own, 1 + int((deviations > own).sum())
