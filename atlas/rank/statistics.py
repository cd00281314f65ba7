"""Statistics of every unit over a probe set, in one streaming pass."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas._system.progress import Progress
from atlas._system.workers import in_order
from atlas.errors import AtlasError
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.faithful import verify
from atlas.network.network import Network
from atlas.network.ways import layer_trunk
from atlas.probe import probe_set
from atlas.probe.probe_set import ProbeSet
from atlas.probe.size import in_channels
from atlas.rank import weakest_images
from atlas.rank.high_activations import HighActivations, sampled_positions
from atlas.rank.lots import draw_lots
from atlas.rank.places import RUNNERS_UP, STRONGEST
from atlas.rank.weakest_images import Weakest

BATCH = {"cpu": 8, "cuda": 32}
"""Images in a forward pass: as many as a core's cache likes, or as fill a GPU."""

MOST_IMAGES = 2000
"""Of how many images, drawn by lot, the response of every unit is kept."""

ROUNDING = 1e-6
"""A standard deviation of less, beside the mean, is that of rounding in float32."""

Batch = tuple[list[int], NDArray[np.uint8]]
"""Indices of images, and their pixels: NxSxSxC."""


class Responses(NamedTuple):
    """What the units of a layer do on the images of a batch.

    ``mean``, ``rms`` and ``peak`` over positions, and the ``position`` of the peak, are BxU;
    ``active`` is the number of positions above 0, over all images, of each unit; ``sampled`` are
    the activations at some positions, BxSxU.
    """

    mean: Tensor
    rms: Tensor
    peak: Tensor
    position: Tensor
    active: Tensor
    sampled: Tensor
    height: int
    width: int

    @classmethod
    def of(cls, activations: Tensor, indices: Tensor, images: int) -> "Responses":
        """Of BxUxHxW activations; means and norms in float64.

        ``indices`` are those of the images, of so many ``images`` in all.
        """
        height, width = activations.shape[2:]
        values = activations.permute(0, 2, 3, 1).flatten(1, 2)  # BxPxU, as it lies in memory
        exact = values.double()
        peak, position = values.max(1)
        looked_at = sampled_positions(indices, images, height * width)
        return cls(
            mean=exact.mean(1),
            rms=torch.linalg.vector_norm(exact, dim=1) / (height * width) ** 0.5,
            peak=peak,
            position=position,
            active=(values > 0).sum((0, 1)).double(),
            sampled=values[torch.arange(len(values), device=values.device)[:, None], looked_at],
            height=height,
            width=width,
        )


@dataclass
class LayerStatistics:
    """Statistics of a layer's units, updated batch by batch; memory does not grow with images.

    All are float64. ``mean`` is over images and positions; ``squares`` the sum of squared
    deviations of the images' means; ``conditions`` the mean over each group of images.
    ``strongest`` holds the ``image``, ``mean``, ``peak``, ``position`` and ``rms`` of each unit's
    strongest images by spatial mean, as UxK tables; images with the same mean stay in the order
    shown. ``lots`` are the places of all images in a shuffled order: of images with the same mean,
    the ``weakest`` are chosen by them, and ``responses``, the means of single images, are kept of
    the first ``MOST_IMAGES``, batch by batch: BxU each, of the images ``responded``.
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
    weakest: Weakest = weakest_images.NONE
    conditions: Tensor = field(default_factory=lambda: torch.zeros(()))
    responded: list[Tensor] = field(default_factory=list)
    responses: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.high = HighActivations(len(self.lots))

    def update(self, found: Responses, indices: Tensor, membership: Tensor) -> None:
        """Take in the responses to the images ``indices``; ``membership`` is CxB."""
        means, count, places = found.mean, len(found.mean), found.height * found.width

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
        self.width = found.width
        self.max = torch.maximum(self.max.to(found.peak), found.peak.amax(0))
        self.active = self.active + found.active
        self.conditions = self.conditions + membership @ means
        self.weakest = weakest_images.update(self.weakest, indices, means, self.lots)
        self.high.update(found.sampled)
        drawn = self.lots[indices] < MOST_IMAGES
        self.responded.append(indices[drawn])
        self.responses.append(means[drawn].float())

        responses = {
            "image": indices[:, None].expand_as(found.position),
            "mean": means,
            "peak": found.peak,
            "position": found.position,
            "rms": found.rms,
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
    def standardized(self) -> NDArray[np.float16]:
        """The kept responses in standard deviations from the mean, NxU; 0 where there are none."""
        deviation = torch.cat(self.responses).double() - self.mean
        # What is left of a unit that answers all alike is rounding.
        spread = self.std.where(self.std > ROUNDING * self.mean.abs(), torch.inf)
        return (deviation / spread).half().cpu().numpy()

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
    Images are shown at the size of the network's input, and in gray where it takes one channel.
    Raises AtlasError for a layer that cannot be shown, when a unit's activations are no numbers, or
    no image can be read.
    """
    verify(network, layers)
    images = images.at(network.input_size)
    groups = list((conditions or {}).values())
    membership = torch.zeros(len(groups), len(images), dtype=torch.float64)
    for row, members in enumerate(groups):
        membership[row, list(members)] = 1 / len(members)
    membership = membership.to(network.device)
    lots = draw_lots(len(images)).to(network.device)
    statistics = {layer: LayerStatistics(lots) for layer in sorted(set(layers), key=network.depth)}
    trunks = threading.local()  # a pass through a trunk leaves its values in it

    def respond(batch: Batch) -> tuple[Batch, dict[str, Responses]]:
        if not hasattr(trunks, "own"):
            trunks.own = layer_trunk(network, layers)
        pixels = in_channels(batch[1], network.channels)
        shown = torch.from_numpy(pixels).to(network.device, network.dtype)
        with torch.inference_mode():
            activations = trunks.own.activations(network.normalize(shown.permute(0, 3, 1, 2) / 255))
            shown_as = torch.tensor(batch[0], device=network.device)
            return batch, {
                layer: Responses.of(values, shown_as, len(images)) for layer, values in activations
            }

    # On a CPU each core has a batch alone; they are taken in in their order.
    cores = torch.get_num_threads() if network.device.type == "cpu" else 1
    batches = probe_set.batches(images, BATCH[network.device.type])
    with torch.inference_mode(), exact_arithmetic():
        for (indices, pixels), found in in_order(respond, batches, cores):
            chosen = torch.tensor(indices, device=network.device)
            for layer, responses in found.items():
                statistics[layer].update(responses, chosen, membership[:, chosen])
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
