"""What each channel of the layer before contributes to a unit, and a unit to the logits.

Activation times gradient, summed over positions: of a function that is linear in a channel, exactly
its part (Shrikumar et al. 2017, "Learning Important Features Through Propagating Activation
Differences", section 3, where it is compared with others).
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas._system.progress import Progress
from atlas._system.workers import in_order
from atlas.errors import AtlasError
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.branches import in_branch
from atlas.network.intervention import Begun, Intervention, intervention
from atlas.network.network import Network
from atlas.network.tangents import derivative, forward_mode
from atlas.relate.neighbors import before

Unit = tuple[str, int]
"""The name of a layer, and the number of a unit of it."""

BATCH = {"cpu": 8, "cuda": 32}
"""Images that go through the network together, and at most so many with a change each."""

TOLERANCE = 1e-3
"""Of a response that is computed in two ways, relative to the highest activation."""

ARGUED = 3
"""On so many of its images, the first, a unit's part in the logits is measured: it costs most."""


@dataclass(frozen=True)
class Contributions:
    """Of one unit, averaged over its images.

    Args:
        response: the unit's, its mean over positions.
        reads: of every channel of the layer before; None where there is none.
        argues: to every logit, over the first ARGUED of its images; None where there are none.
    """

    response: float
    reads: NDArray[np.float64] | None
    argues: NDArray[np.float64] | None


@dataclass
class _Row:
    """A unit on one of its images, and what is found there."""

    unit: Unit
    image: int
    response: float = 0.0
    map: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    reads: NDArray[np.float64] | None = None
    argues: NDArray[np.float64] | None = None


def contributions(
    network: Network,
    layers: Sequence[str],
    pools: Mapping[str, str],
    shown: Mapping[Unit, Sequence[int]],
    images: Callable[[Sequence[int]], Tensor],
    *,
    logits: bool = True,
    progress: Progress | None = None,
    watch: Callable[[Unit, int, NDArray[np.float32]], object] | None = None,
) -> dict[Unit, Contributions]:
    """What the units read from and argue for, on images of their own.

    Args:
        network: whose units they are.
        layers: in the order of depth.
        pools: as of ``atlas.network.pooled.pools``.
        shown: of each unit the numbers of its images.
        images: gives those of some numbers, BxCxSxS, normalized; called by several threads.
        logits: whether these are asked for; not of images of which the network takes a part only.
        progress: called with how many pairs of a unit and an image are done.
        watch: called with each pair, and the unit's map there (HxW).

    Returns:
        Of each unit, in the order of ``shown``. The gradient of a layer is that by way of it alone:
        what leads past it, such as a skip connection, is held fast.
    """
    argued = {(unit, number) for unit, own in shown.items() for number in own[:ARGUED] if logits}
    passes = _Passes(network, layers, pools, list(shown), argued, images)
    found: dict[Unit, dict[int, _Row]] = {unit: {} for unit in shown}
    cores = torch.get_num_threads() if network.device.type == "cpu" else 1
    batches = _batches(shown, layers, BATCH[network.device.type])
    with exact_arithmetic(), forward_mode():
        for rows in in_order(passes, batches, cores):
            for row in rows:
                found[row.unit][row.image] = row
                if watch is not None:
                    watch(row.unit, row.image, row.map)
            if progress is not None:
                progress(len(rows))
    return {
        unit: _mean([found[unit][number] for number in numbers]) for unit, numbers in shown.items()
    }


Batch = list[tuple[Unit, int]]


def _batches(
    shown: Mapping[Unit, Sequence[int]], layers: Sequence[str], size: int
) -> Iterator[Batch]:
    """The pairs of a unit and an image, those of ``size`` images in each batch.

    Images come as the units' layers do, so that of a layer there are many in a batch.
    """
    pairs: dict[int, Batch] = {}
    for unit in sorted(shown, key=lambda unit: layers.index(unit[0])):
        for image in shown[unit]:
            pairs.setdefault(image, []).append((unit, image))
    numbers = list(pairs)
    for first in range(0, len(numbers), size):
        yield [pair for number in numbers[first : first + size] for pair in pairs[number]]


class _Passes:
    """Computes batches, each thread with ways through the network of its own.

    Args:
        network, layers, pools, images: as of ``contributions``.
        units: all that come.
        argued: the pairs of which the part in the logits is measured.
    """

    def __init__(
        self,
        network: Network,
        layers: Sequence[str],
        pools: Mapping[str, str],
        units: Sequence[Unit],
        argued: Collection[tuple[Unit, int]],
        images: Callable[[Sequence[int]], Tensor],
    ) -> None:
        self._network = network
        self._layers = layers
        self._images = images
        self._argued = argued
        # A unit of a concatenation is one of a branch, with less on the way to it.
        self._inside = {unit: in_branch(network, *unit) for unit in units}
        sources = {layer: before(layer, layers, pools) for layer in layers}
        self._reads = {
            unit: (source, self._inside[unit][0]) for unit in units if (source := sources[unit[0]])
        }
        self._threads = threading.local()

    @property
    def _own(self) -> Intervention:
        if not hasattr(self._threads, "own"):
            reads, argues = set(self._reads.values()), {(layer, None) for layer in self._layers}
            layers = {*self._layers, *(target for _, target in reads)}
            ways = reads | (argues if self._argued else set())
            self._threads.own = intervention(self._network, layers, ways)
        return self._threads.own

    def __call__(self, batch: Batch) -> list[_Row]:
        numbers = list(dict.fromkeys(image for _, image in batch))
        layers = {unit[0] for unit, _ in batch}
        argued = [pair for pair in batch if self._own.classes and pair in self._argued]
        reading = [pair for pair in batch if pair[0] in self._reads]
        ways = {self._reads[unit] for unit, _ in reading}
        ways |= {(unit[0], None) for unit, _ in argued}
        begun = self._own.begin(self._images(numbers), layers, ways)
        rows = {(unit, image): _Row(unit, image) for unit, image in batch}
        for layer, pairs, places in self._parts(batch, numbers, lambda unit: unit[0]):
            maps = self._network.layout(layer).maps(begun.value(layer, places))
            for place, pair in enumerate(pairs):
                own = maps[place, pair[0][1]]
                rows[pair].map = own.float().cpu().numpy()
                rows[pair].response = own.double().mean().item()
        for way, pairs, places in self._parts(reading, numbers, self._reads.__getitem__):
            units = [self._inside[unit][1] for unit, _ in pairs]
            found, responses = read_from(self._network, begun, way, places, units)
            for pair, own, response in zip(pairs, found.cpu().numpy(), responses, strict=True):
                _check(pair[0], response, rows[pair])
                rows[pair].reads = own
        for layer, pairs, places in self._parts(argued, numbers, lambda unit: unit[0]):
            units = [unit for (_, unit), _ in pairs]
            found = argue_for(self._network, begun, layer, places, units)
            for pair, own in zip(pairs, found.cpu().numpy(), strict=True):
                rows[pair].argues = own
        return list(rows.values())

    def _parts(
        self, batch: Batch, numbers: Sequence[int], key: Callable[[Unit], Any]
    ) -> Iterator[tuple[Any, Batch, list[int]]]:
        """Pairs whose units have a key in common, and the places of their images in the batch."""
        together: dict[Any, Batch] = {}
        for pair in batch:
            together.setdefault(key(pair[0]), []).append(pair)
        size = BATCH[self._network.device.type]
        for common, pairs in together.items():
            for first in range(0, len(pairs), size):
                some = pairs[first : first + size]
                yield common, some, [numbers.index(image) for _, image in some]


def read_from(
    network: Network,
    begun: Begun,
    way: tuple[str, str],
    places: Sequence[int],
    units: Sequence[int],
) -> tuple[Tensor, list[float]]:
    """What each channel of the way's start contributes to units at its end, a row a unit.

    Args:
        network: of the way.
        begun: images on their way.
        way: from a layer to that of the units.
        places: of each unit the number of its image.
        units: by number.

    Returns:
        RxC, float64; and the R responses at the end of the way.
    """
    source, target = way
    value = begun.value(source, places).detach().requires_grad_()
    with torch.enable_grad():
        maps = network.layout(target).maps(begun.go_on(way, places, value))
        responses = maps[range(len(places)), units].mean((1, 2))
    if not responses.requires_grad:  # nothing leads from here to there
        gradient = torch.zeros_like(value)
    else:
        (gradient,) = torch.autograd.grad(responses.sum(), value, materialize_grads=True)
    found = by_channel(value.detach() * gradient, network.layout(source).axis)
    return found, responses.detach().double().tolist()


def argue_for(
    network: Network, begun: Begun, layer: str, places: Sequence[int], units: Sequence[int]
) -> Tensor:
    """What each unit contributes to every logit, RxK in float64; arguments as of ``read_from``.

    The derivative along the unit's own activations is the sum over its positions of activation
    times gradient, of all logits at once.
    """
    value = begun.value(layer, places)
    own = torch.zeros_like(value).movedim(network.layout(layer).axis, 1)
    rows = range(len(places))
    own[rows, units] = value.movedim(network.layout(layer).axis, 1)[rows, units]
    direction = own.movedim(1, network.layout(layer).axis)
    return derivative(
        lambda changed: begun.go_on((layer, None), places, changed), value, direction
    ).double()


def by_channel(values: Tensor, axis: int) -> Tensor:
    """The sums over all that is no channel of a layer's output: BxC, float64."""
    return (
        values.double().movedim(axis, 1).flatten(2).sum(2) if values.ndim > 2 else values.double()
    )


def _check(unit: Unit, response: float, row: _Row) -> None:
    """Raise AtlasError unless a way with nothing replaced ends in the unit's own response."""
    scale = max(abs(row.response), float(np.abs(row.map).max(initial=0)))
    if abs(response - row.response) > TOLERANCE * scale:
        raise AtlasError(
            f"the connections of {unit[0]}:{unit[1]} cannot be measured: computed from the layer "
            "before, it answers otherwise; leave that layer out with --layers"
        )


def _mean(rows: Sequence[_Row]) -> Contributions:
    def mean(found: list[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
        known = [each for each in found if each is not None]
        return np.mean(known, axis=0) if known else None

    return Contributions(
        response=float(np.mean([row.response for row in rows])),
        reads=mean([row.reads for row in rows]),
        argues=mean([row.argues for row in rows]),
    )
