"""The pictures of any units of a network, asked for from Python."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas._system import arguments
from atlas._system.progress import Progress
from atlas._system.workers import in_batches
from atlas.errors import UsageError
from atlas.maximize.axes import (
    Axes,
    EncodingOfSize,
    Measure,
    Regularizer,
    Transformation,
    check_axes,
)
from atlas.maximize.loop import maximize_chunk
from atlas.network.faithful import verify
from atlas.network.network import Network
from atlas.recipe import Recipe
from atlas.target import Picture, Pictures, Target


def maximize_units(
    network: Network,
    units: Sequence[tuple[str, int] | Target],
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    init: Tensor | NDArray[np.floating] | None = None,
    batch: int = 16,
    progress: Progress | None = None,
    scales: Sequence[float] | None = None,
    spectrum: NDArray[np.floating] | None = None,
    objective: Measure | None = None,
    regularizers: Mapping[str, Regularizer] | None = None,
    transformations: Transformation | None = None,
    parameterization: EncodingOfSize | None = None,
) -> Pictures:
    """Make the picture of each unit.

    Units of layers for which the recipe has other constants go through the network apart from the
    others of their batch (``Recipe.for_field``).

    Args:
        network: whose units they are.
        units: (layer, unit) pairs, from any layers in any order.
        recipe: the constants; the article's by default.
        seed: from which, with layer, unit and attempt, each start is drawn.
        init: NxCxSxS starts in 0..1, instead of the drawn ones; S is the first size used.
        batch: how many units go through the network at once, at most. On a CPU every core has a
            batch of its own, unless functions are given below.
        progress: called with the number of pixels optimized, after every step.
        scales: what a relative objective counts each unit's mean activation in: above 0, best that
            on the unit's strongest probe image; 1 by default, the network's own units.
        spectrum: for the basis of phases, how strong the waves of images are: CxK amplitudes of
            color planes by cycles an image (``atlas.maximize.spectrum``); by default those of
            natural images.
        objective: in place of the recipe's: a function from the units' maps (BxHxW) and scales (B)
            to one number an image (B), such as ``OBJECTIVES["rms"] + 0.1 * Objective(mine)``.
        regularizers: in place of the recipe's: functions by name, from normalized images
            (BxCxSxS) to one number an image (B), which are added to the loss.
        transformations: in place of jitter, zoom and so on: a function from normalized images
            (BxCxSxS) and the number of the step to what the network sees (BxCxHxW).
        parameterization: in place of the recipe's: a function from the network, the recipe and the
            side of the images to an object like ``Parameterization``.

    Returns:
        One picture per unit, in the order asked: a list that shows itself in a notebook.

    Raises:
        UsageError: for a layer or unit the network does not have, a start of another shape, or
            scales of another number or not above 0, or what is no function of these shapes.
    """
    arguments.instance("network", network, Network, "one that load_network returned")
    recipe = (
        Recipe() if recipe is None else arguments.instance("recipe", recipe, Recipe, "a Recipe")
    )
    seed = arguments.whole("seed", seed, 0)
    batch = arguments.whole("batch", batch, 1)
    targets = _targets(units)
    for target in targets:
        count = network.layer(target.layer).units
        if not 0 <= target.unit < count:
            raise UsageError(
                f"{target.layer} has no unit {target.unit}; its units are 0 to {count - 1}"
            )
    verify(network, [target.layer for target in targets])
    if init is not None:
        init = check_start(init, network, recipe, len(targets))
    if scales is not None and targets:
        scales = arguments.numbers("scales", scales, len(targets), positive=True)
    if spectrum is not None:
        spectrum = _spectrum(spectrum, network.channels)
    axes = Axes(objective, regularizers, transformations, parameterization, spectrum)
    check_axes(axes)
    made: dict[int, Picture] = {}

    def make(chunk: Sequence[int], report: Progress) -> None:
        start = None if init is None else init[list(chunk)]
        counted = None if scales is None else [scales[i] for i in chunk]
        own = [targets[i] for i in chunk]
        pictures = maximize_chunk(network, own, recipe, seed, start, report, counted, axes)
        made.update(zip(chunk, pictures, strict=True))

    # What is the caller's own sees the units in the order asked, from one thread.
    cores = torch.get_num_threads() if network.device.type == "cpu" and axes == Axes() else 1
    in_batches(make, len(targets), batch, cores if len(targets) >= cores else 1, progress)
    return Pictures(made[i] for i in range(len(targets)))


def _targets(units: Any) -> list[Target]:
    """The units asked for. Raises UsageError for what is no pair of a layer and a number."""
    try:
        targets = [unit if isinstance(unit, Target) else Target(*unit) for unit in units]
    except TypeError:
        wanted = "pairs of a layer and a number, such as [('inception4a', 225)]"
        raise UsageError(f"units must be {wanted}") from None
    return [
        replace(
            target,
            unit=arguments.whole("unit", target.unit, 0),
            sample=arguments.whole("sample", target.sample, 1),
        )
        for target in targets
    ]


def check_start(init: Any, network: Network, recipe: Recipe, count: int) -> Tensor:
    """The given starts. Raises UsageError for what is no array of so many of finite fractions."""
    try:
        start = torch.as_tensor(init)
    except (TypeError, ValueError, RuntimeError):
        start = None
    if start is None or not start.is_floating_point() or not start.isfinite().all():
        raise UsageError("init must be an array of finite numbers in 0..1, of floating point")
    size = recipe.ladder(network.sizes)[0].size
    needed = (count, network.channels, size, size)
    if tuple(start.shape) != needed:
        raise UsageError(f"init has the shape {tuple(start.shape)}; {needed} is needed")
    return start


def _spectrum(spectrum: Any, channels: int) -> NDArray[np.float64]:
    """The given amplitudes. Raises UsageError for what is no array of them for each channel."""
    try:
        found = np.asarray(spectrum, np.float64)
    except (TypeError, ValueError):
        found = np.empty((0, 0))
    right = found.ndim == 2 and len(found) == channels and found.shape[1] > 1
    if not right or not np.isfinite(found).all() or (found < 0).any():
        raise UsageError(
            f"spectrum must be an array of {channels} rows of two amplitudes or more, none below 0"
        )
    return found
