"""Statistics of every unit over a probe set, in one streaming pass, and the ranking they give."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas import arguments, probe, weakest
from atlas.errors import AtlasError
from atlas.network import Network, exact_arithmetic
from atlas.probe import ProbeSet
from atlas.progress import Progress
from atlas.ragged import Trunk

STRONGEST = 9
"""How many of a unit's strongest images are shown."""

RUNNERS_UP = 20
"""How many of those in the places after are kept as well."""

BATCH = 32


@dataclass
class LayerStatistics:
    """Statistics of a layer's units, updated batch by batch; memory does not grow with images.

    All are float64. ``mean`` is over images and positions; ``squares`` the sum of squared
    deviations of the images' means; ``conditions`` the mean over each group of images.
    ``strongest`` holds the ``image``, ``mean``, ``peak``, ``position`` and ``rms`` of each unit's
    strongest images by spatial mean, as UxK tables; images with the same mean stay in the order
    shown. ``weakest`` holds keys of the weakest images, which ``weakest.decode`` reads with the
    ``lots`` of all images.
    """

    lots: Tensor

    width: int = 1
    images: int = 0
    positions: int = 0
    mean: Tensor = field(default_factory=lambda: torch.zeros(()))
    squares: Tensor = field(default_factory=lambda: torch.zeros(()))
    max: Tensor = field(default_factory=lambda: torch.tensor(-torch.inf))
    active: Tensor = field(default_factory=lambda: torch.zeros(()))
    strongest: dict[str, Tensor] = field(default_factory=dict)
    weakest: Tensor = field(default_factory=lambda: torch.empty(0))
    conditions: Tensor = field(default_factory=lambda: torch.zeros(()))

    def update(self, activations: Tensor, indices: Tensor, membership: Tensor) -> None:
        """Take in BxUxHxW activations of the images ``indices``; ``membership`` is CxB."""
        values = activations.permute(0, 2, 3, 1).flatten(1, 2)  # BxPxU, as it lies in memory
        count, places, _ = values.shape
        exact = values.double()
        means = exact.mean(1)  # BxU
        norms = torch.linalg.vector_norm(exact, dim=1)
        peaks, positions = values.max(1)

        # Chan, Golub & LeVeque (1983), eq. 2.1: mean and squared deviations of two parts together.
        batch_mean = means.mean(0)
        deviation = batch_mean - self.mean
        total = self.images + count
        self.squares = (
            self.squares
            + ((means - batch_mean) ** 2).sum(0)
            + deviation**2 * (self.images * count / total)
        )
        self.mean = self.mean + deviation * (count / total)
        self.images = total
        self.positions += count * places
        self.width = activations.shape[3]
        self.max = torch.maximum(self.max.to(peaks), peaks.amax(0))
        self.active = self.active + (values > 0).sum((0, 1)).double()
        self.conditions = self.conditions + membership @ means
        self.weakest = weakest.update(self.weakest, means, self.lots[indices])

        responses = {
            "image": indices[:, None].expand_as(positions),
            "mean": means,
            "peak": peaks,
            "position": positions,
            "rms": norms / places**0.5,
        }
        if self.strongest:
            responses = {
                name: torch.cat([self.strongest[name].T, new]) for name, new in responses.items()
            }
        best = responses["mean"].argsort(dim=0, descending=True, stable=True)[
            : STRONGEST + RUNNERS_UP
        ]
        self.strongest = {name: values.gather(0, best).T for name, values in responses.items()}

    @property
    def std(self) -> Tensor:
        """Standard deviation, over images, of an image's mean activation."""
        return (self.squares / self.images).sqrt()


def measure(
    network: Network,
    images: ProbeSet,
    layers: Sequence[str],
    conditions: Mapping[str, Sequence[int]] | None = None,
    progress: Progress | None = None,
    watch: Callable[[Sequence[int], NDArray[np.uint8]], object] | None = None,
) -> dict[str, LayerStatistics]:
    """Show every image of a probe set to the network once; measure all units of the layers.

    ``conditions`` names groups of images by their indices; ``LayerStatistics.conditions`` is then
    the CxU mean activation over each group. ``progress`` is called with the number of images done,
    ``watch`` with the indices and the pixels of each batch, for whatever else is to be measured in
    images that are decoded once.
    Raises AtlasError when a unit's activations are no numbers, or no image can be read.
    """
    trunk = Trunk(network, layers)
    groups = list((conditions or {}).values())
    membership = torch.zeros(len(groups), len(images), dtype=torch.float64)
    for row, members in enumerate(groups):
        membership[row, list(members)] = 1 / len(members)
    membership = membership.to(network.device)
    lots = weakest.draw_lots(len(images)).to(network.device)
    statistics = {layer: LayerStatistics(lots) for layer in trunk.layers}
    with torch.inference_mode(), exact_arithmetic():
        for indices, pixels in probe.batches(images, BATCH):
            shown = torch.from_numpy(pixels).to(network.device, network.dtype)
            normalized = network.normalize(shown.permute(0, 3, 1, 2) / 255)
            chosen = torch.tensor(indices, device=network.device)
            for layer, activations in trunk.activations(normalized):
                statistics[layer].update(activations, chosen, membership[:, chosen])
            if watch is not None:
                watch(indices, pixels)
            if progress is not None:
                progress(len(indices))
    for layer, found in statistics.items():
        finite = (found.mean + found.squares + found.max).isfinite()
        if not finite.all():
            raise AtlasError(
                f"unit {int(finite.int().argmin())} of {layer} answers the images of "
                f"{images.name!r} with NaN or infinity; try --precision float64"
            )
    return statistics


def rank_units(
    network: Network,
    images: ProbeSet,
    layers: Sequence[str] | None = None,
    top: int | None = 10,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Rank the units of each layer by mean activation over a probe set.

    Args:
        network: whose units they are.
        images: the probe set.
        layers: names or patterns; the network's own choice by default.
        top: how many units of each layer; None for all.
        progress: called with the number of images done.

    Returns:
        Columns layer, rank (from 1), unit, mean; ties by unit number.

    Raises:
        AtlasError: for an unknown layer, or when no image can be read.
    """
    arguments.instance("network", network, Network, "one that load_network returned")
    arguments.instance("images", images, ProbeSet, "one that open_probe_set returned")
    if top is not None:
        arguments.whole("top", top, 1)
    chosen = network.layers if layers is None else network.select(layers)
    names = [layer.name for layer in chosen]
    return ranking_table(activations_table(measure(network, images, names, progress=progress)), top)


def activations_table(statistics: Mapping[str, LayerStatistics]) -> pd.DataFrame:
    """Columns layer, unit, mean, std, max, active_fraction; a row a unit."""
    return pd.concat(
        pd.DataFrame(
            {
                "layer": layer,
                "unit": np.arange(len(found.mean)),
                "mean": found.mean.cpu().numpy(),
                "std": found.std.cpu().numpy(),
                "max": found.max.cpu().numpy(),
                "active_fraction": (found.active / found.positions).cpu().numpy(),
            }
        )
        for layer, found in statistics.items()
    ).reset_index(drop=True)


def ranking_table(activations: pd.DataFrame, top: int | None) -> pd.DataFrame:
    """Columns layer, rank, unit, mean: the units of each layer by mean, then by number."""
    order = ["mean", "unit"]
    ranked = pd.concat(
        layer.sort_values(order, ascending=[False, True]).assign(rank=range(1, len(layer) + 1))
        for _, layer in activations.groupby("layer", sort=False)
    )
    kept = ranked if top is None else ranked.loc[ranked["rank"] <= top]
    return kept.loc[:, ["layer", "rank", "unit", "mean"]].reset_index(drop=True)


def scales(strongest: pd.DataFrame) -> dict[tuple[str, int], float]:
    """What a relative objective counts each unit's mean activation in, by layer and unit.

    It is that on the unit's strongest image. A unit that no image excites has the median of its
    layer's, and where that is not above 0 either, 1.
    """
    best = strongest.loc[strongest["place"] == 1, ["layer", "unit", "mean"]]
    usual = best.groupby("layer")["mean"].transform("median")
    chosen = best["mean"].where(best["mean"] > 0, usual.where(usual > 0, 1.0))
    return dict(zip(zip(best["layer"], best["unit"], strict=True), chosen, strict=True))


def strongest_table(
    statistics: Mapping[str, LayerStatistics], names: Sequence[str]
) -> pd.DataFrame:
    """Columns layer, unit, place, image, mean, peak, row, column, rms; nine rows a unit."""
    tables = []
    for layer, found in statistics.items():
        response = {
            name: table[:, :STRONGEST].cpu().numpy() for name, table in found.strongest.items()
        }
        units, places = np.indices(response["image"].shape)
        row, column = np.divmod(response["position"], found.width)
        table = {
            "layer": layer,
            "unit": units,
            "place": places + 1,
            "image": np.array(names, dtype=object)[response["image"]],
            "mean": response["mean"],
            "peak": response["peak"],
            "row": row,
            "column": column,
            "rms": response["rms"],
        }
        tables.append(pd.DataFrame({k: v if k == "layer" else v.ravel() for k, v in table.items()}))
    return pd.concat(tables).reset_index(drop=True)


def tuning_table(
    statistics: Mapping[str, LayerStatistics], conditions: Sequence[str]
) -> pd.DataFrame:
    """Columns layer, unit and one a condition: mean activation over its images."""
    return pd.concat(
        pd.DataFrame(found.conditions.T.cpu().numpy(), columns=list(conditions))
        .assign(layer=layer, unit=range(len(found.mean)))
        .loc[:, ["layer", "unit", *conditions]]
        for layer, found in statistics.items()
    ).reset_index(drop=True)
