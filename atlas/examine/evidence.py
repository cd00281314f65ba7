"""What a finished picture does to the network, measured on the 8-bit picture as published."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from atlas._system.progress import Progress
from atlas._system.workers import in_batches
from atlas.examine.comparisons import Comparisons
from atlas.examine.perturbations import MOVING, PERTURBATIONS
from atlas.examine.spectrum import slope
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.fit import fit_or_shrink
from atlas.network.middle import middle
from atlas.network.network import Network
from atlas.network.ways import LayerTrunk, layer_trunk
from atlas.recipe import Recipe
from atlas.target import Target


def examine_pictures(
    network: Network,
    targets: Sequence[Target],
    pictures: Sequence[NDArray[np.uint8]],
    *,
    activations: pd.DataFrame,
    strongest: pd.DataFrame,
    weakest: pd.DataFrame | None = None,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Show pictures to the network in full precision and compare with the probe set.

    Args:
        network: whose units the pictures are of.
        targets: the unit of each picture.
        pictures: SxSxC bytes.
        activations, strongest: statistics over the probe set, as ranking's tables.
        weakest: likewise, of layers without ReLU; for recipes of the minimum.
        recipe: by which the pictures were made; what it counts of a unit's map is measured.
        progress: called with the number of pictures done.

    Returns:
        One row a picture, in the order given. ``mean`` and ``rms``: activation of the unit.
        ``gain_mean``, ``gain_rms``: over those of the unit's strongest probe image; undefined
        where that does not excite the unit. ``z``: the mean in standard deviations over the probe
        set; ``standing``: its rank among all units of the layer, 1 the highest; both undefined
        for a unit that no probe image changes. ``shift``, ``blur``, ``jpeg``, ``rescale``: what is
        left of the RMS after each perturbation of ``robustness``, averaged over its variants;
        undefined where there was none, when the network takes no picture of that size, or for JPEG
        when it has channels other than gray or red, green and blue. ``slope``:
        of the picture's spectrum. ``alike``: how alike the unit's pictures are, see ``_alike``;
        undefined for one alone.

        By a recipe of the minimum ``rms`` is that of what lies below 0; ``gain_mean`` is over the
        mean on the unit's weakest image, where that is below 0, and ``gain_rms`` undefined, as no
        RMS is known there; ``z`` has the sign turned, and so has ``standing``.
        By one of the center everything is measured at the middle position. The gains are then over
        the unit's peak on its strongest image, and for the minimum undefined; so are ``z`` and
        ``standing``, as the spread over the probe set is that of means, and ``shift`` and
        ``rescale``, which move the picture away from the position.
    """
    asked = recipe or Recipe()
    counted = {target.layer: _counted(network, target.layer, asked) for target in targets}
    references = {own: Comparisons(own, strongest, weakest) for own in counted.values()}
    layers = dict(list(activations.groupby("layer")))
    rows: dict[int, dict[str, float]] = {}
    responses: dict[int, NDArray[np.float64]] = {}
    trunks = threading.local()  # a pass through a trunk leaves its values in it

    def examine(chosen: Sequence[int], report: Progress) -> None:
        if not hasattr(trunks, "own"):
            trunks.own = layer_trunk(network, [target.layer for target in targets])
        for i in chosen:
            layer, unit = targets[i].layer, targets[i].unit
            recipe = counted[layer]
            shown = _views(pictures[i], recipe)
            means, norms = _responses(network, trunks.own, layer, shown, recipe)
            mean, rms = means["picture"][0], norms["picture"][0, unit]
            deviations = _deviations(mean, layers[layer])
            if recipe.sign == "negative":
                deviations = -deviations
            gain_mean, gain_rms = references[recipe].gains(layer, unit, mean[unit], rms)
            anywhere = recipe.position == "all"
            rows[i] = {
                "mean": mean[unit],
                "rms": rms,
                "gain_mean": gain_mean,
                "gain_rms": gain_rms,
                "z": deviations[unit] if anywhere else np.nan,
                "standing": _standing(deviations, unit) if anywhere else np.nan,
                **{
                    name: norms[name][:, unit].mean() / rms
                    if rms > 0 and len(norms[name])
                    else np.nan
                    for name in PERTURBATIONS
                },
                "slope": slope(pictures[i]),
            }
            responses[i] = deviations
            report(1)

    # One at a time, so that what is measured does not depend on what else is, to the last bit.
    cores = torch.get_num_threads() if network.device.type == "cpu" else 1
    in_batches(examine, len(pictures), 1, cores, progress)
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


def _counted(network: Network, layer: str, recipe: Recipe) -> Recipe:
    """The recipe as it counts in a layer: of a single position, the middle is all."""
    known = network.layer(layer)
    alone = known.stride is None and (known.height, known.width) == (1, 1)
    return replace(recipe, position="all") if alone else recipe


def _views(picture: NDArray[np.uint8], recipe: Recipe) -> dict[str, list[NDArray[np.uint8]]]:
    """The picture, and what each perturbation of ``PERTURBATIONS`` makes of it.

    Where a single position counts, none that moves the picture away from it.
    """
    still = recipe.position == "center"
    return {"picture": [picture]} | {
        name: [] if still and name in MOVING else made(picture)
        for name, made in PERTURBATIONS.items()
    }


def _responses(
    network: Network,
    trunk: LayerTrunk,
    layer: str,
    shown: Mapping[str, Sequence[NDArray[np.uint8]]],
    recipe: Recipe,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
    """Spatial mean and RMS of every unit of a layer on each image, NxU each, by the images' name.

    Of the positions that the recipe counts; for the minimum the RMS is of what lies below 0.
    Images of one size go through the network together. NaN where it takes none of their size.
    """
    sizes: dict[int, list[tuple[str, int]]] = {}
    means: dict[str, NDArray[np.float64]] = {}
    norms: dict[str, NDArray[np.float64]] = {}
    units = network.layer(layer).units
    for name, images in shown.items():
        means[name] = np.full((len(images), units), np.nan)
        norms[name] = np.full((len(images), units), np.nan)
        for place, image in enumerate(images):
            if network.sizes.fixed or min(image.shape[:2]) >= network.sizes.smallest:
                sizes.setdefault(len(image), []).append((name, place))
    for places in sizes.values():
        batch = torch.from_numpy(np.stack([shown[name][place] for name, place in places]))
        images = batch.to(network.device, network.dtype).permute(0, 3, 1, 2) / 255
        seen = fit_or_shrink(network, layer, network.normalize(images))
        if seen is None:
            continue
        with torch.inference_mode(), exact_arithmetic():
            leaving = {layer: len(places)}
            ((_, values),) = trunk.activations(seen, leaving)
            maps = values.double()
            flat = (middle(maps) if recipe.position == "center" else maps).flatten(2)
            mean = flat.mean(2).cpu().numpy()
            if recipe.sign == "negative":
                flat = flat.clamp(max=0)
            rms = flat.square().mean(2).sqrt().cpu().numpy()
        for i, (name, place) in enumerate(places):
            means[name][place], norms[name][place] = mean[i], rms[i]
    return means, norms


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
