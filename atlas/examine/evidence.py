"""What a finished picture does to the network, measured on the 8-bit picture as published."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from atlas._system.progress import Progress
from atlas.examine.perturbations import PERTURBATIONS
from atlas.examine.spectrum import slope
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.network import Network
from atlas.target import Target

BATCH = 16


def examine_pictures(
    network: Network,
    targets: Sequence[Target],
    pictures: Sequence[NDArray[np.uint8]],
    *,
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
        for a unit that no probe image changes. ``shift``, ``blur``, ``jpeg``, ``rescale``: what is
        left of the RMS after each perturbation of ``robustness``, averaged over its variants;
        undefined where there was none, or when the network takes no picture as small. ``slope``:
        of the picture's spectrum. ``alike``: how alike the unit's pictures are, see ``_alike``;
        undefined for one alone.
    """
    reference = strongest[strongest["place"] == 1].set_index(["layer", "unit"])
    layers = dict(list(activations.groupby("layer")))
    order = sorted(range(len(targets)), key=lambda i: network.depth(targets[i].layer))
    trunk = EarlyExitTrunk(network, [target.layer for target in targets])
    with ThreadPoolExecutor() as pool:
        slopes = list(pool.map(slope, pictures))
    rows: dict[int, dict[str, float]] = {}
    responses: dict[int, NDArray[np.float64]] = {}
    for first in range(0, len(order), BATCH):
        chunk = order[first : first + BATCH]
        own, shown = [targets[i] for i in chunk], [pictures[i] for i in chunk]
        means, norms = _responses(network, trunk, own, shown)
        rest = _remaining(network, trunk, own, shown)
        for place, i in enumerate(chunk):
            unit, layer = targets[i].unit, targets[i].layer
            mean, rms = means[place], norms[place]
            best = reference.loc[(layer, unit)]
            deviations = _deviations(mean, layers[layer])
            rows[i] = {
                "mean": mean[unit],
                "rms": rms[unit],
                "gain_mean": mean[unit] / best["mean"] if best["mean"] > 0 else np.nan,
                "gain_rms": rms[unit] / best["rms"] if best["rms"] > 0 else np.nan,
                "z": deviations[unit],
                "standing": _standing(deviations, unit),
                **{
                    name: left[place] / rms[unit] if rms[unit] > 0 else np.nan
                    for name, left in rest.items()
                },
                "slope": slopes[i],
            }
            responses[i] = deviations
        if progress is not None:
            progress(len(chunk))
    evidence = pd.DataFrame([rows[i] for i in range(len(targets))])
    excited = (evidence["rms"] > 0).tolist()
    evidence["alike"] = _alike(targets, [responses[i] for i in range(len(targets))], excited)
    names = pd.DataFrame(
        {
            "layer": [target.layer for target in targets],
            "unit": [target.unit for target in targets],
            "sample": [target.sample for target in targets],
        }
    )
    return pd.concat([names, evidence.astype({"standing": "Int64"})], axis=1)


def _responses(
    network: Network,
    trunk: EarlyExitTrunk,
    targets: Sequence[Target],
    pictures: Sequence[NDArray[np.uint8]],
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Spatial mean and RMS of every unit of each picture's layer; targets in depth order."""
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


def _remaining(
    network: Network,
    trunk: EarlyExitTrunk,
    targets: Sequence[Target],
    pictures: Sequence[NDArray[np.uint8]],
) -> dict[str, list[float]]:
    """RMS of each picture's unit after each perturbation, averaged over its variants."""
    left: dict[str, list[float]] = {}
    for name, perturb in PERTURBATIONS.items():
        norms = []
        with ThreadPoolExecutor() as pool:
            perturbed = list(pool.map(perturb, pictures))
        for variant in zip(*perturbed, strict=True):
            if min(variant[0].shape[:2]) < network.smallest_input:
                norms.append([np.nan] * len(targets))
                continue
            _, found = _responses(network, trunk, targets, variant)
            norms.append([rms[t.unit] for rms, t in zip(found, targets, strict=True)])
        left[name] = np.mean(norms, axis=0).tolist()
    return left


def _deviations(means: NDArray[np.float64], layer: pd.DataFrame) -> NDArray[np.float64]:
    """Responses of a layer in standard deviations over the probe set; NaN where they are none."""
    spread = layer["std"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, (means - layer["mean"].to_numpy()) / spread, np.nan)


def _standing(deviations: NDArray[np.float64], unit: int) -> float:
    """The rank of the unit in its layer, 1 the highest, among units that differ between images."""
    own = deviations[unit]
    return np.nan if np.isnan(own) else 1 + int((deviations > own).sum())


def _alike(
    targets: Sequence[Target],
    deviations: Sequence[NDArray[np.float64]],
    excited: Sequence[bool],
) -> NDArray[np.float64]:
    """How alike the pictures of each unit are to its layer.

    The cosine between the responses of all units of the layer, in standard deviations, averaged
    over the pairs of the unit's pictures: 1 when the layer sees the same in all. A picture that
    does not excite the unit is none of it.
    """
    groups: dict[tuple[str, int], list[int]] = {}
    for i, (target, own) in enumerate(zip(targets, excited, strict=True)):
        if not own:
            continue
        groups.setdefault((target.layer, target.unit), []).append(i)
    found = np.full(len(targets), np.nan)
    for members in groups.values():
        if len(members) > 1:
            found[members] = mean_cosine(np.stack([deviations[i] for i in members]))
    return found


def mean_cosine(vectors: NDArray[np.float64]) -> float:
    """The cosine between two of N vectors (NxD), averaged over all pairs; NaN counts for none."""
    known = np.nan_to_num(vectors)
    lengths = np.linalg.norm(known, axis=1, keepdims=True)
    if not lengths.all():
        return np.nan
    directions = known / lengths
    pairs = np.triu_indices(len(directions), 1)
    return float((directions @ directions.T)[pairs].mean())
