"""Activation maximization while the picture is slowly enlarged, many units at a time.

The article's loop ("Deep Dream: visualizing the features learnt by convolutional networks in
PyTorch") for a batch of images, each with a unit of its own, perhaps of different layers.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas import objective
from atlas.errors import UsageError
from atlas.network import Network, exact_arithmetic
from atlas.progress import Progress
from atlas.ragged import Trunk
from atlas.recipe import Recipe

RETRIES = 3
"""How often a unit that is silent at the last size is started again from other noise."""

TERMS = ("activation", "pixel", "gradient", "loss")
ACTIVATION, LOSS = 0, 3

Status = Literal["ok", "silent", "broken"]


@dataclass(frozen=True)
class Target:
    """A unit to maximize, and which of its pictures: samples differ in their starting noise."""

    layer: str
    unit: int
    sample: int = 1


@dataclass(frozen=True)
class Picture:
    """What the maximization of one unit gave.

    Args:
        target: the unit.
        seed: of the run.
        attempt: 0, or how often the unit was started again.
        status: ``silent`` when the unit's activation was zero throughout the last size at every
            attempt, ``broken`` when its loss was not finite at some step, else ``ok``.
        image: 3xHxW, RGB in 0..1; float64 when the network is, else float32.
        activations: RMS of the unit before every optimizer step.
        terms: activation, pixel, gradient and loss before the last step.
        stages: upscale and image (3xSxS, RGB in 0..1) of the article's growth series.
    """

    target: Target
    seed: int
    attempt: int
    status: Status
    image: NDArray[np.floating]
    activations: NDArray[np.float64]
    terms: dict[str, float]
    stages: list[tuple[int, NDArray[np.floating]]]


def maximize_units(
    network: Network,
    units: Sequence[tuple[str, int] | Target],
    recipe: Recipe | None = None,
    seed: int = 0,
    init: Tensor | NDArray[np.floating] | None = None,
    batch: int = 16,
    progress: Progress | None = None,
) -> list[Picture]:
    """Make the picture of each unit.

    Args:
        network: whose units they are.
        units: (layer, unit) pairs, from any layers in any order.
        recipe: the constants; the article's by default.
        seed: from which, with layer, unit and attempt, each start is drawn.
        init: Nx3xSxS starts, RGB in 0..1, instead of the drawn ones; S is the first size used.
        batch: how many units go through the network at once.
        progress: called with the number of pixels optimized, after every step.

    Returns:
        One picture per unit, in the order asked.

    Raises:
        AtlasError: for a layer or unit the network does not have, or a start of another shape.
    """
    recipe = recipe or Recipe()
    targets = [unit if isinstance(unit, Target) else Target(*unit) for unit in units]
    for target in targets:
        count = network.layer(target.layer).units
        if not 0 <= target.unit < count:
            raise UsageError(
                f"{target.layer} has no unit {target.unit}; its units are 0 to {count - 1}"
            )
    if init is not None:
        size = recipe.ladder(network.smallest_input)[0].size
        if tuple(init.shape) != (len(targets), 3, size, size):
            raise UsageError(
                f"init has the shape {tuple(init.shape)}; {(len(targets), 3, size, size)} is needed"
            )
        init = torch.as_tensor(init)
    pictures = []
    for first in range(0, len(targets), batch):
        part = slice(first, first + batch)
        start = None if init is None else init[part]
        pictures += maximize_chunk(network, targets[part], recipe, seed, start, progress)
    return pictures


def maximize_chunk(
    network: Network,
    targets: Sequence[Target],
    recipe: Recipe,
    seed: int,
    init: Tensor | None = None,
    progress: Progress | None = None,
) -> list[Picture]:
    """Make the pictures of one batch of units; those that stay silent start again together."""
    trunk = Trunk(network, [target.layer for target in targets], network.convolution_dtype)
    size = recipe.ladder(network.smallest_input)[0].size
    if init is None:
        init = torch.stack([starting_noise(seed, target, 0, size) for target in targets])
    pictures = _climb(network, trunk, targets, recipe, seed, 0, init, progress)
    for attempt in range(1, RETRIES + 1):
        silent = [i for i, picture in enumerate(pictures) if picture.status == "silent"]
        if not silent:
            break
        again = [targets[i] for i in silent]
        noise = torch.stack([starting_noise(seed, target, attempt, size) for target in again])
        retried = _climb(network, trunk, again, recipe, seed, attempt, noise, progress)
        for i, picture in zip(silent, retried, strict=True):
            pictures[i] = picture
    return pictures


def starting_noise(seed: int, target: Target, attempt: int, size: int) -> Tensor:
    """Uniform noise, 3xSxS float32 in [0, 1), that depends on the arguments alone.

    Raw bits of PCG64, whose stream numpy keeps stable, seeded by SHA-256; 24 of each 64 bits
    make a value that float32 holds exactly, so every precision starts from the same noise.
    """
    name = f"{seed}/{target.layer}/{target.unit}/{target.sample}/{attempt}"
    bits = np.random.PCG64(int.from_bytes(hashlib.sha256(name.encode()).digest()))
    values = (bits.random_raw(3 * size * size) >> np.uint64(40)) * 2.0**-24
    return torch.from_numpy(values.astype(np.float32)).reshape(3, size, size)


def enlarge(images: Tensor, factor: float, size: int) -> Tensor:
    """Enlarge BxCxHxW images to ``size`` pixels as ``cv2.resize(fx=factor, fy=factor)`` does.

    OpenCV samples at 1/factor whatever the rounded size; torch's interpolate does so only
    for the size it rounds down to, but the operator behind it takes both.
    """
    operator = torch.ops.aten.upsample_bilinear2d.default
    return operator(images, [size, size], False, factor, factor)


def _climb(
    network: Network,
    trunk: Trunk,
    targets: Sequence[Target],
    recipe: Recipe,
    seed: int,
    attempt: int,
    init: Tensor,
    progress: Progress | None,
) -> list[Picture]:
    """Take the images through all sizes of the recipe's ladder, once."""
    order = sorted(range(len(targets)), key=lambda i: network.depth(targets[i].layer))
    units = torch.tensor([targets[i].unit for i in order], device=network.device)
    leaving = Counter(target.layer for target in targets)
    ladder = recipe.ladder(network.smallest_input)
    images = network.normalize(init[order].to(network.device, network.dtype))
    stages: list[tuple[int, Tensor]] = []
    history: list[Tensor] = []

    with exact_arithmetic():
        for rung in ladder:
            if rung is not ladder[0]:
                enlarged = enlarge(shown(network, images), recipe.factor, rung.size)
                images = network.normalize(enlarged)
            images.requires_grad_()
            adam = torch.optim.Adam([images], lr=recipe.learning_rate)
            for _ in range(recipe.steps):
                terms = _terms(trunk, images, units, leaving, recipe)
                (images.grad,) = torch.autograd.grad(terms[LOSS].sum(), images)
                adam.step()
                history.append(terms.detach())
                if progress is not None:
                    progress(len(images) * rung.size**2)
            images = images.detach()
            if recipe.is_stage(rung, network.smallest_input):
                stages.append((rung.upscale, shown(network, images)))

    steps = torch.stack(history).double().cpu().numpy()  # optimizer steps x terms x images
    pictures: dict[int, Picture] = {}
    for place, i in enumerate(order):
        own = steps[:, :, place]
        pictures[i] = Picture(
            target=targets[i],
            seed=seed,
            attempt=attempt,
            status=_status(own, recipe.steps),
            image=stages[-1][1][place].cpu().numpy(),
            activations=own[:, ACTIVATION],
            terms=dict(zip(TERMS, own[-1].tolist(), strict=True)),
            stages=[(upscale, batch[place].cpu().numpy()) for upscale, batch in stages],
        )
    return [pictures[i] for i in range(len(targets))]


def _terms(
    trunk: Trunk, images: Tensor, units: Tensor, leaving: Counter[str], recipe: Recipe
) -> Tensor:
    """The terms of each image's loss and their weighted sum: 4xB."""
    activations: list[Tensor] = []
    first = 0
    for layer, values in trunk.activations(images, leaving):
        last = first + leaving[layer]
        activations.append(objective.activation(values, units[first:last]))
        first = last
    activation = torch.cat(activations)
    pixel = objective.pixel(images)
    gradient = objective.gradient(images, recipe.gradient_kernel)
    loss = (
        -recipe.activation_weight * activation
        + recipe.pixel_weight * pixel
        + recipe.gradient_weight * gradient
    )
    return torch.stack([activation, pixel, gradient, loss])


def _status(steps: NDArray[np.float64], last_size: int) -> Status:
    if not np.isfinite(steps[:, LOSS]).all():
        return "broken"
    return "ok" if steps[-last_size:, ACTIVATION].any() else "silent"


def shown(network: Network, images: Tensor) -> Tensor:
    """The normalized images as RGB in 0..1, clipped."""
    return network.denormalize(images).clamp(0, 1)
