"""Activation maximization while the picture is slowly enlarged, many units at a time.

The article's loop ("Deep Dream: visualizing the features learnt by convolutional networks in
PyTorch") for a batch of images, each with a unit of its own, perhaps of different layers. What a
recipe may change lies on four axes: the parameterization of the picture, the views of it that the
network sees, the objective, and the regularizers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas._system import arguments
from atlas._system.progress import Progress
from atlas.errors import UsageError
from atlas.maximize.axes import (
    Axes,
    EncodingOfSize,
    Measure,
    Regularizer,
    Transformation,
    check_axes,
)
from atlas.maximize.loss import Loss
from atlas.maximize.seeding import starting_noise
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.network import Network
from atlas.network.single_channel import SingleChannels
from atlas.recipe import Recipe
from atlas.target import Picture, Pictures, Status, Target

RETRIES = 3
"""How often a unit that is silent at the last size is started again from other noise."""


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
    objective: Measure | None = None,
    regularizers: Mapping[str, Regularizer] | None = None,
    transformations: Transformation | None = None,
    parameterization: EncodingOfSize | None = None,
) -> Pictures:
    """Make the picture of each unit.

    Args:
        network: whose units they are.
        units: (layer, unit) pairs, from any layers in any order.
        recipe: the constants; the article's by default.
        seed: from which, with layer, unit and attempt, each start is drawn.
        init: Nx3xSxS starts, RGB in 0..1, instead of the drawn ones; S is the first size used.
        batch: how many units go through the network at once.
        progress: called with the number of pixels optimized, after every step.
        scales: what a relative objective counts each unit's mean activation in: above 0, best that
            on the unit's strongest probe image; 1 by default, the network's own units.
        objective: in place of the recipe's: a function from the units' maps (BxHxW) and scales (B)
            to one number an image (B), such as ``OBJECTIVES["rms"] + 0.1 * Objective(mine)``.
        regularizers: in place of the recipe's: functions by name, from normalized images
            (Bx3xSxS) to one number an image (B), which are added to the loss.
        transformations: in place of jitter and zoom: a function from normalized images (Bx3xSxS)
            and the number of the step to what the network sees (Bx3xHxW).
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
    if init is not None:
        init = _start(init)
        size = recipe.ladder(network.smallest_input)[0].size
        if tuple(init.shape) != (len(targets), 3, size, size):
            raise UsageError(
                f"init has the shape {tuple(init.shape)}; {(len(targets), 3, size, size)} is needed"
            )
    if scales is not None and targets:
        scales = arguments.numbers("scales", scales, len(targets), positive=True)
    axes = Axes(objective, regularizers, transformations, parameterization)
    check_axes(axes)
    pictures = []
    for first in range(0, len(targets), batch):
        part = slice(first, first + batch)
        start = None if init is None else init[part]
        counted = None if scales is None else scales[part]
        pictures += maximize_chunk(
            network, targets[part], recipe, seed, start, progress, counted, axes
        )
    return Pictures(pictures)


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


def _start(init: Any) -> Tensor:
    """The given starts. Raises UsageError for what is no array of finite fractions."""
    try:
        start = torch.as_tensor(init)
    except (TypeError, ValueError, RuntimeError):
        start = None
    if start is None or not start.is_floating_point() or not start.isfinite().all():
        raise UsageError("init must be an array of finite numbers in 0..1, of floating point")
    return start


def maximize_chunk(
    network: Network,
    targets: Sequence[Target],
    recipe: Recipe,
    seed: int,
    init: Tensor | None = None,
    progress: Progress | None = None,
    scales: Sequence[float] | None = None,
    axes: Axes | None = None,
) -> list[Picture]:
    """Make the pictures of one batch of units; those that stay silent start again together."""
    trunk = SingleChannels(
        network,
        [(target.layer, target.unit) for target in targets],
        network.convolution_dtype,
        redirect=recipe.relu_gradient == "redirected",
    )
    climb = _Climb(network, trunk, recipe, axes or Axes(), seed, progress)
    scales = scales if scales is not None else [1.0] * len(targets)
    with exact_arithmetic():
        pictures = climb.pictures(targets, scales, 0, init)
        for attempt in range(1, RETRIES + 1):
            silent = [i for i, picture in enumerate(pictures) if picture.status == "silent"]
            if not silent:
                break
            again = climb.pictures(
                [targets[i] for i in silent], [scales[i] for i in silent], attempt
            )
            for i, picture in zip(silent, again, strict=True):
                pictures[i] = picture
    return pictures


def enlarge(images: Tensor, factor: float, size: int) -> Tensor:
    """Enlarge BxCxHxW images to ``size`` pixels as ``cv2.resize(fx=factor, fy=factor)`` does.

    OpenCV samples at 1/factor whatever the rounded size; torch's interpolate does so only
    for the size it rounds down to, but the operator behind it takes both.
    """
    operator = torch.ops.aten.upsample_bilinear2d.default
    return operator(images, [size, size], False, factor, factor)


@dataclass(frozen=True)
class _Climb:
    """The way of a batch of pictures through all sizes of the recipe's ladder."""

    network: Network
    trunk: SingleChannels
    recipe: Recipe
    axes: Axes
    seed: int
    progress: Progress | None

    def pictures(
        self,
        targets: Sequence[Target],
        scales: Sequence[float],
        attempt: int,
        init: Tensor | None = None,
    ) -> list[Picture]:
        """Make the pictures once, from their own noise or from images given."""
        network, recipe = self.network, self.recipe
        order = sorted(
            range(len(targets)), key=lambda i: (network.depth(targets[i].layer), targets[i].unit)
        )
        ladder = recipe.ladder(network.smallest_input)
        images = self._start(targets, attempt, ladder[0].size) if init is None else init
        images = images[order].to(network.device, network.dtype)
        units = [(targets[i].layer, targets[i].unit) for i in order]
        loss = Loss(self.trunk, units, images.new_tensor(scales)[order], recipe, self.axes)
        names = [targets[i].stream(self.seed, attempt) for i in order]
        view = self.axes.view(recipe, names, len(ladder) * recipe.steps, images)
        stages: list[tuple[int, Tensor]] = []
        history: list[Tensor] = []

        for rung in ladder:
            if rung is not ladder[0]:
                images = enlarge(images, recipe.factor, rung.size)
            way = self.axes.encoding(network, recipe, rung.size)
            parameters = way.encode(images).requires_grad_()
            adam = torch.optim.Adam([parameters], lr=recipe.learning_rate, fused=True)
            for _ in range(recipe.steps):
                normalized = way.decode(parameters)
                losses, terms = loss(normalized, view(normalized, len(history)))
                (parameters.grad,) = torch.autograd.grad(losses.sum(), parameters)
                adam.step()
                history.append(terms)
                if self.progress is not None:
                    self.progress(len(images) * rung.size**2)
            images = way.shown(parameters)
            if recipe.is_stage(rung, network.smallest_input):
                stages.append((rung.upscale, images))

        steps = torch.stack(history).double().cpu().numpy()  # optimizer steps x terms x images
        finished = images.cpu().numpy()
        grown = [(upscale, batch.cpu().numpy()) for upscale, batch in stages]
        made: dict[int, Picture] = {}
        for place, i in enumerate(order):
            own = dict(zip(loss.terms, steps[:, :, place].T, strict=True))
            made[i] = Picture(
                target=targets[i],
                seed=self.seed,
                attempt=attempt,
                status=_status(own["activation"], own["loss"], recipe.steps),
                image=finished[place],
                activations=own["activation"],
                terms={name: values[-1].item() for name, values in own.items()},
                stages=[(upscale, batch[place]) for upscale, batch in grown],
            )
        return [made[i] for i in range(len(targets))]

    def _start(self, targets: Sequence[Target], attempt: int, size: int) -> Tensor:
        """The pictures before the first step: Bx3xSxS, RGB in 0..1."""
        noise = torch.stack(
            [starting_noise(self.seed, target, attempt, size) for target in targets]
        )
        if not self.recipe.start_spread:
            return noise
        parameters = self.recipe.start_spread * 12**0.5 * (noise - 0.5)
        way = self.axes.encoding(self.network, self.recipe, size)
        return way.shown(parameters.to(self.network.device, self.network.dtype))


def _status(
    activations: NDArray[np.float64], losses: NDArray[np.float64], last_size: int
) -> Status:
    """How a picture ended; ``last_size`` is how many steps its last size had."""
    if not np.isfinite(losses).all():
        return "broken"
    return "ok" if activations[-last_size:].any() else "silent"
