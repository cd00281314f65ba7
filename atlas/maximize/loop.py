"""Activation maximization while the picture is slowly enlarged, many units at a time.

The article's loop ("Deep Dream: visualizing the features learnt by convolutional networks in
PyTorch") for a batch of images, each with a unit of its own, perhaps of different layers. What a
recipe may change lies on four axes: the parameterization of the picture, the views of it that the
network sees, the objective, and the regularizers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas._system.progress import Progress
from atlas.maximize.axes import Axes
from atlas.maximize.diversity import Likeness, with_earlier
from atlas.maximize.loss import Loss
from atlas.maximize.seeding import starting_noise
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.directions import DirectionTrunk
from atlas.network.fit import fit
from atlas.network.middle import middle_field
from atlas.network.network import Network
from atlas.network.ways import UnitTrunk, unit_trunk
from atlas.recipe import Recipe
from atlas.target import LEAST_CONTRAST, Field, Picture, Status, Target

RETRIES = 3
"""How often a unit that is silent at the last size is started again from other noise."""


def maximize_chunk(
    network: Network,
    targets: Sequence[Target],
    recipe: Recipe,
    seed: int,
    init: Tensor | None = None,
    progress: Progress | None = None,
    scales: Sequence[float] | None = None,
    axes: Axes | None = None,
    grown: Sequence[Picture] | None = None,
    until: int | None = None,
    directions: Tensor | None = None,
) -> list[Picture]:
    """Make the pictures of one batch of units; those that stay silent start again together.

    Units of layers for which the recipe has other constants are a batch of their own, and so are
    those of layers for which a picture must be enlarged to other sizes before it is seen.

    Args:
        network, targets, recipe, seed, init, progress, scales, axes: as of ``maximize_units``.
            Where the recipe keeps samples apart, earlier ones that are not among the targets are
            made with them; not for starts that are given.
        grown: what an earlier call with ``until`` gave for the same targets, to go on from. The
            optimizer starts anew at every size, so the pictures are those of one go, to the bit.
        until: side in pixels of the size to stop after; by default the last of the recipe.
        directions: NxU, of which the units of the targets, all of one layer, are the rows; by
            default a unit is a channel of its layer.

    Returns:
        One picture per target, in their order. One that stopped early is no larger than ``until``,
        and silent if it is so at that size; it has not been started again.
    """
    scales = scales if scales is not None else [1.0] * len(targets)
    asked = len(targets)
    diverse = recipe.diversity_weight > 0 and any(target.sample > 1 for target in targets)
    if diverse and init is None:
        scale_of = {(each.layer, each.unit): s for each, s in zip(targets, scales, strict=True)}
        targets = with_earlier(targets)
        scales = [*scales, *(scale_of[each.layer, each.unit] for each in targets[asked:])]
    groups: dict[tuple[Recipe, tuple[int, ...]], list[int]] = {}
    sizes = [rung.size for rung in recipe.ladder(network.sizes)]
    for i, target in enumerate(targets):
        field = network.layer(target.layer).receptive_field
        own = recipe.for_field(field).for_sizes(network.sizes)
        framed = [size + 2 * own.pad for size in sizes] if own.pad else []
        seen = tuple(network.seen_size(target.layer, size) for size in [*sizes, *framed])
        groups.setdefault((own, seen), []).append(i)
    made: dict[int, Picture] = {}
    for (own, _), places in groups.items():
        units = [targets[i] for i in places]
        redirect, dtype = own.relu_gradient == "redirected", network.convolution_dtype
        if directions is None:
            asked_for = [(target.layer, target.unit) for target in units]
            trunk = unit_trunk(network, asked_for, dtype, redirect=redirect)
        else:
            layer = units[0].layer
            trunk = DirectionTrunk(network, layer, directions, dtype, redirect=redirect)
        climb = _Climb(network, trunk, own, axes or Axes(), seed, progress, diverse)
        with exact_arithmetic():
            if grown:
                begun = [grown[i] for i in places]
            else:
                begun = climb.start(units, 0, None if init is None else init[places])
            pictures = climb.finish(begun, [scales[i] for i in places], until)
        made.update(zip(places, pictures, strict=True))
    return [made[i] for i in range(asked)]


def enlarge(images: Tensor, factor: float, size: int) -> Tensor:
    """Enlarge BxCxHxW images to ``size`` pixels as ``cv2.resize(fx=factor, fy=factor)`` does.

    OpenCV samples at 1/factor whatever the rounded size; torch's interpolate does so only
    for the size it rounds down to, but the operator behind it takes both.
    """
    operator = torch.ops.aten.upsample_bilinear2d.default
    return operator(images, [size, size], False, factor, factor)


@dataclass(frozen=True)
class _Climb:
    """The way of a batch of pictures up the recipe's ladder of sizes.

    ``diverse`` keeps samples of a unit apart.
    """

    network: Network
    trunk: UnitTrunk | DirectionTrunk
    recipe: Recipe
    axes: Axes
    seed: int
    progress: Progress | None
    diverse: bool

    def start(
        self, targets: Sequence[Target], attempt: int, init: Tensor | None = None
    ) -> list[Picture]:
        """The pictures before the first step: their own noise, or images given (BxCxSxS)."""
        if init is None:
            size = self.recipe.ladder(self.network.sizes)[0].size
            init = self._noise(targets, attempt, size)
        images = init.to(self.network.device, self.network.dtype).cpu().numpy()
        return [
            Picture(target, self.seed, attempt, "silent", image, np.empty(0), {}, [])
            for target, image in zip(targets, images, strict=True)
        ]

    def finish(
        self, begun: Sequence[Picture], scales: Sequence[float], until: int | None
    ) -> list[Picture]:
        """Go on to ``until`` pixels, or to the last size and there start the silent ones again."""
        last = self.recipe.ladder(self.network.sizes)[-1].size
        pictures = self.go_on(begun, scales, until or last)
        if until is not None and until < last:
            return pictures
        for attempt in range(1, RETRIES + 1):
            silent = [i for i, picture in enumerate(pictures) if picture.status == "silent"]
            if not silent:
                break
            places = silent
            if self.diverse:
                there = [picture.target for picture in pictures]
                needed = with_earlier([there[i] for i in silent])[len(silent) :]
                places = silent + [there.index(each) for each in needed if each in there]
            again = self.start([pictures[i].target for i in places], attempt)
            again = self.go_on(again, [scales[i] for i in places], last)
            for i, picture in zip(silent, again, strict=False):
                pictures[i] = picture
        return pictures

    def go_on(self, begun: Sequence[Picture], scales: Sequence[float], until: int) -> list[Picture]:
        """Optimize pictures of one size, and enlarge and optimize them up to ``until`` pixels."""
        network, recipe = self.network, self.recipe
        order = sorted(range(len(begun)), key=lambda i: self._depth(begun[i].target))
        before = [begun[i] for i in order]
        done = len(before[0].activations)  # optimizer steps
        ladder = recipe.ladder(network.sizes)
        rungs = [rung for rung in ladder[done // recipe.steps :] if rung.size <= until]
        if not rungs:
            return list(begun)
        shown = [rung for rung in ladder if recipe.is_stage(rung, network.sizes)]
        images = torch.from_numpy(np.stack([picture.image for picture in before]))
        images = images.to(network.device, network.dtype)
        units = [(picture.target.layer, picture.target.unit) for picture in before]
        targets = [picture.target for picture in before]
        counted = images.new_tensor(scales)[order]
        likeness = Likeness(network, targets, network.convolution_dtype) if self.diverse else None
        loss = Loss(self.trunk, units, counted, recipe, self.axes, likeness)
        names = [each.target.stream(self.seed, each.attempt) for each in before]
        view = self.axes.view(recipe, names, len(ladder) * recipe.steps, images)
        stages: list[tuple[int, Tensor]] = []
        history: list[Tensor] = []

        for rung in rungs:
            if rung is not ladder[0]:
                images = enlarge(images, self._factor(images, rung.size), rung.size)
            way = self.axes.encoding(network, recipe, rung.size)
            parameters = way.encode(images).requires_grad_()
            adam = torch.optim.Adam([parameters], lr=recipe.learning_rate, fused=True)
            for _ in range(recipe.steps):
                normalized = way.decode(parameters)
                seen = fit(network, units[0][0], view(normalized, done + len(history)))
                losses, terms = loss(normalized, seen)
                (parameters.grad,) = torch.autograd.grad(losses.sum(), parameters)
                adam.step()
                history.append(terms)
                if self.progress is not None:
                    self.progress(len(images) * rung.size**2)
            # In the layout that images have which were kept between two sizes.
            images = way.shown(parameters).contiguous()
            if rung is rungs[-1] or rung in shown:
                stages.append((rung.upscale, images))

        steps = torch.stack(history).double().cpu().numpy()  # optimizer steps x terms x images
        finished = images.cpu().numpy()
        grown = [(upscale, batch.cpu().numpy()) for upscale, batch in stages]
        upscales = {rung.upscale for rung in shown}
        made: dict[int, Picture] = {}
        for place, i in enumerate(order):
            field = None
            if recipe.position == "center":
                frame = 0 if recipe.plain_steps else recipe.pad  # around the last view
                size = images.shape[-1] + 2 * frame
                field = middle_field(network, units[place][0], size, *loss.map_sizes[place])
                field = field and field.moved(-frame)
            own = dict(zip(loss.terms, steps[:, :, place].T, strict=True))
            activations = np.concatenate([begun[i].activations, own["activation"]])
            status: Status = "broken"
            if begun[i].status != "broken" and np.isfinite(own["loss"]).all():
                status = _status(activations, _inside(finished[place], field), recipe)
            made[i] = replace(
                begun[i],
                status=status,
                image=finished[place],
                activations=activations,
                terms={name: values[-1].item() for name, values in own.items()},
                # Where it stopped before was the end of its growth then, and is no stage now.
                stages=[stage for stage in begun[i].stages if stage[0] in upscales]
                + [(upscale, batch[place]) for upscale, batch in grown],
                field=field,
            )
        return [made[i] for i in range(len(begun))]

    def _factor(self, images: Tensor, size: int) -> float:
        """By how much images are enlarged: the recipe's factor, where the ladder is not scaled."""
        scaled = self.network.sizes.fixed is not None
        return size / images.shape[-1] if scaled else self.recipe.factor

    def _depth(self, target: Target) -> tuple[int, int, int]:
        return self.network.depth(target.layer), target.unit, target.sample

    def _noise(self, targets: Sequence[Target], attempt: int, size: int) -> Tensor:
        """What the pictures start from: BxCxSxS in 0..1."""
        noise = torch.stack(
            [
                starting_noise(self.seed, target, attempt, size, self.network.channels)
                for target in targets
            ]
        )
        if not self.recipe.start_spread:
            return noise
        parameters = self.recipe.start_spread * 12**0.5 * (noise - 0.5)
        way = self.axes.encoding(self.network, self.recipe, size)
        return way.shown(parameters.to(self.network.device, self.network.dtype))


def _inside(image: NDArray[np.floating], field: Field | None) -> NDArray[np.floating]:
    """What is seen of an image (CxSxS); the rest is as the penalties make it."""
    if field is None:
        return image
    rows, columns = field.cut(image.shape[-1])
    return image[:, rows, columns]


def _status(
    activations: NDArray[np.float64], image: NDArray[np.floating], recipe: Recipe
) -> Status:
    """How a picture stands of which all numbers are finite; ``activations`` since its start."""
    if not activations[-recipe.steps :].any():
        return "silent"
    flat = image.std() < LEAST_CONTRAST
    if recipe.regularizers() and (flat or activations[-1] < activations[0]):
        return "outweighed"
    return "ok"
