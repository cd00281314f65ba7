"""Pictures of directions in the space of a layer's units, asked for from Python.

A layer may write what it knows along directions that no single unit is: what tells two units
apart, or a class, as a linear probe finds it (Olah et al. 2018, "The Building Blocks of
Interpretability"; Kim et al. 2018, "Interpretability Beyond Feature Attribution", TCAV).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas._system import arguments
from atlas._system.progress import Progress
from atlas._system.workers import in_batches
from atlas.errors import UsageError
from atlas.maximize.loop import maximize_chunk
from atlas.maximize.units import check_start
from atlas.network.faithful import verify
from atlas.network.network import Network
from atlas.recipe import Recipe
from atlas.target import Picture, Pictures, Target


@dataclass(frozen=True)
class Direction(Target):
    """A direction to maximize; ``unit`` is its place among those asked.

    Args:
        name: by which its random numbers are drawn: that of the unit along whose axis it lies, or
            else a hash of the vector, so that no neighbor changes its picture.
    """

    name: str = ""

    def stream(self, seed: int, attempt: int) -> str:
        """The name of the random numbers of its picture."""
        return f"{seed}/{self.layer}/{self.name}/{self.sample}/{attempt}"

    @property
    def caption(self) -> str:
        """What stands below its picture."""
        return f"{self.layer}, direction {self.unit}"


def maximize_directions(
    network: Network,
    layer: str,
    vectors: NDArray[Any] | Tensor | Sequence[Sequence[float] | NDArray[Any]],
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    init: Tensor | NDArray[np.floating] | None = None,
    batch: int = 16,
    progress: Progress | None = None,
) -> Pictures:
    """Make a picture of each of some directions in the space of a layer's units.

    What takes the place of a unit's map is the inner product of the vector and the activations at
    every position. By an objective of the mean the length of a vector says how much it weighs
    beside the regularizers. The vector that is 1 at a unit and 0 elsewhere gives that unit's own
    picture.

    Args:
        network: whose layer it is.
        layer: by name.
        vectors: NxU, with U the units of the layer; none of them all zeros.
        recipe: the constants; the article's by default.
        seed: from which, with layer, vector and attempt, each start is drawn.
        init: NxCxSxS starts in 0..1, instead of the drawn ones; S is the first size used.
        batch: how many directions go through the network at once, at most.
        progress: called with the number of pixels optimized, after every step.

    Returns:
        One picture per vector, in the order given: a list that shows itself in a notebook.

    Raises:
        UsageError: for vectors of another shape, or that are not finite or all zeros.
    """
    arguments.instance("network", network, Network, "one that load_network returned")
    recipe = (
        Recipe() if recipe is None else arguments.instance("recipe", recipe, Recipe, "a Recipe")
    )
    seed = arguments.whole("seed", seed, 0)
    batch = arguments.whole("batch", batch, 1)
    own = _vectors(vectors, network.layer(layer).units, layer)
    verify(network, [layer])
    targets = [Direction(layer, place, name=_name(row)) for place, row in enumerate(own.numpy())]
    start = None if init is None else check_start(init, network, recipe, len(targets))
    own = own.to(network.device)
    made: dict[int, Picture] = {}

    def make(chunk: Sequence[int], report: Progress) -> None:
        pictures = maximize_chunk(
            network,
            [targets[i] for i in chunk],
            recipe,
            seed,
            None if start is None else start[list(chunk)],
            report,
            directions=own,
        )
        made.update(zip(chunk, pictures, strict=True))

    cores = torch.get_num_threads() if network.device.type == "cpu" else 1
    in_batches(make, len(targets), batch, cores if len(targets) >= cores else 1, progress)
    return Pictures(made[i] for i in range(len(targets)))


def _vectors(vectors: Any, units: int, layer: str) -> Tensor:
    """The vectors as float64 on the CPU. Raises UsageError for what are none."""
    wanted = f"vectors must be N x {units} finite numbers, one for each unit of {layer}"
    try:
        known = vectors.detach().cpu() if isinstance(vectors, Tensor) else np.asarray(vectors)
        found = torch.as_tensor(known).to(torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(wanted) from None
    if found.ndim != 2 or found.shape[1] != units or not found.isfinite().all():
        shape = " x ".join(map(str, found.shape))
        raise UsageError(f"{wanted}, and not {shape or 'a number'}" if found.isfinite().all()
                         else wanted)  # fmt: skip
    if not found.any(dim=1).all():
        place = int((~found.any(dim=1)).nonzero()[0])
        raise UsageError(f"vector {place} is all zeros, which is no direction")
    return found


def _name(vector: NDArray[np.float64]) -> str:
    """What the random numbers of a direction are named after."""
    (places,) = vector.nonzero()
    if len(places) == 1:
        return str(places[0])
    return sha256((vector + 0.0).tobytes()).hexdigest()  # a negative zero is a zero
