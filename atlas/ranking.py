"""Statistics of every unit over a probe set, in one streaming pass, and the ranking they give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from atlas import probe
from atlas.network import Network, exact_arithmetic
from atlas.probe import ProbeSet
from atlas.progress import Progress
from atlas.ragged import Trunk

STRONGEST = 9
"""How many of a unit's strongest images are kept."""

BATCH = 32


@dataclass
class LayerStatistics:
    """Statistics of a layer's units, updated batch by batch; memory does not grow with images.

    All are float64. ``mean`` is over images and positions; ``squares`` the sum of squared
    deviations of the images' means; ``conditions`` the mean over each group of images.
    ``strongest`` holds the ``image``, ``mean``, ``peak``, ``position`` and ``rms`` of each unit's
    strongest images by spatial mean, as UxK tables; images with the same mean stay in the order
    shown.
    """

    width: int = 1
    images: int = 0
    positions: int = 0
    mean: Tensor = field(default_factory=lambda: torch.zeros(()))
    squares: Tensor = field(default_factory=lambda: torch.zeros(()))
    max: Tensor = field(default_factory=lambda: torch.tensor(-torch.inf))
    active: Tensor = field(default_factory=lambda: torch.zeros(()))
    strongest: dict[str, Tensor] = field(default_factory=dict)
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
        best = responses["mean"].argsort(dim=0, descending=True, stable=True)[:STRONGEST]
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
) -> dict[str, LayerStatistics]:
    """Show every image of a probe set to the network once; measure all units of the layers.

    ``conditions`` names groups of images by their indices; ``LayerStatistics.conditions`` is then
    the CxU mean activation over each group. ``progress`` is called with the number of images done.
    """
    trunk = Trunk(network, layers)
    groups = list((conditions or {}).values())
    membership = torch.zeros(len(groups), len(images), dtype=torch.float64)
    for row, members in enumerate(groups):
        membership[row, list(members)] = 1 / len(members)
    membership = membership.to(network.device)
    statistics = {layer: LayerStatistics() for layer in trunk.layers}
    with torch.inference_mode(), exact_arithmetic():
        for indices, pixels in probe.batches(images, BATCH):
            shown = torch.from_numpy(pixels).to(network.device, network.dtype)
            normalized = network.normalize(shown.permute(0, 3, 1, 2) / 255)
            chosen = torch.tensor(indices, device=network.device)
            for layer, activations in trunk.activations(normalized):
                statistics[layer].update(activations, chosen, membership[:, chosen])
            if progress is not None:
                progress(len(indices))
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
    chosen = network.select(layers) if layers else network.layers
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


def strongest_table(
    statistics: Mapping[str, LayerStatistics], names: Sequence[str]
) -> pd.DataFrame:
    """Columns layer, unit, place, image, mean, peak, row, column, rms; nine rows a unit."""
    tables = []
    for layer, found in statistics.items():
        response = {name: table.cpu().numpy() for name, table in found.strongest.items()}
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
