"""Whether what will be computed is what the user's own module computes.

Images go through the module, whose parts are listened to, and through what stands for it; every
layer is compared, of images that leave early, at two sizes, and the gradient that leads back.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from atlas.errors import AtlasError, reason_of
from atlas.network.arithmetic import exact_arithmetic
from atlas.network.network import Network
from atlas.network.parts import Hooks, part_of, share
from atlas.network.ways import LayerTrunk, layer_trunk, unit_trunk

TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-8}
"""How far values may differ, of the largest of their layer: by rounding alone."""

SIDES = (64, 96)
"""Of the images compared, in pixels, where the network takes images of any size."""


def verify(network: Network, layers: Sequence[str]) -> None:
    """Hold what will be computed against the user's own module, before anything is.

    A network that differs is computed whole from then on, and its ``remarks`` say so.
    Raises AtlasError for a layer of which no picture can be made.
    """
    names = [name for name in dict.fromkeys(layers) if name not in network.faithful]
    if not names:
        return
    try:
        check_faithful(network, names)
    except Unfaithful as reason:
        if network.graph is None:
            raise AtlasError(f"{network.name} cannot be shown: {reason}") from None
        network.take_plain_way(str(reason))
        return verify(network, layers)
    network.faithful.update(names)


class Unfaithful(Exception):
    """Where what will be computed differs from the module, in a few words."""


class Compared(NamedTuple):
    """How far a layer is from what the module gives there, as a part of the largest value."""

    layer: str
    size: int
    error: float


def check_faithful(network: Network, layers: Sequence[str]) -> list[Compared]:
    """Compare what a network computes with its module.

    Args:
        network: whose module is asked.
        layers: by name.

    Returns:
        What was compared, layer by layer and size by size.

    Raises:
        Unfaithful: for a layer that differs.
        AtlasError: for a layer with which no network can be shown: it depends on the other images
            of a batch, on luck, or lets no gradient back to the image.
    """
    names = sorted(set(layers), key=network.depth)
    reference = _Reference(network, names)
    tolerance = TOLERANCE[network.dtype]
    found: list[Compared] = []
    with exact_arithmetic():
        for size in _sides(network):
            images = _noise(network, len(names), size)
            wanted = reference(images)
            _refuse_neighbors(network, reference, images, wanted, tolerance)
            _compare_whole(network, reference, images[:1], tolerance)
            got = _leaving(layer_trunk(network, names), names, images)
            units = _one_of_each(network, names)
            maps = _maps(network, units, images)
            for i, (layer, unit) in enumerate(units):  # which the image of this number leaves at
                whole = wanted[layer][i : i + 1]
                error = max(_difference(got[layer], whole), _difference(maps[i], whole[:, unit]))
                if error > tolerance:
                    raise Unfaithful(
                        f"{layer} would be {error:.1%} off what {network.name} itself gives"
                    )
                found.append(Compared(layer, size, error))
        _check_gradients(network, names)
    return found


def _sides(network: Network) -> list[int]:
    if network.sizes.fixed:
        return [network.sizes.fixed]
    sides = (max(side, network.smallest_input) for side in SIDES)
    deepest = network.layers[-1].name
    return sorted({network.seen_size(deepest, side) for side in sides})


def _noise(network: Network, count: int, size: int) -> Tensor:
    generator = torch.Generator().manual_seed(size)
    shape = (count, network.channels, size, size)
    images = torch.rand(shape, generator=generator, dtype=torch.float64)
    return network.normalize(images.to(network.device, network.dtype))


class _Reference:
    """What the user's module gives: its parts by hooks; what is none by the graph as traced."""

    def __init__(self, network: Network, layers: Sequence[str]) -> None:
        parts = {name for name, _ in network.module.named_modules() if name}
        self._layers = layers
        known = [layer for layer in layers if part_of(layer, parts) in parts]
        self._hooks = Hooks(share(network.module), known)
        self._network = network

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Every layer for each image, BxUxHxW."""
        with torch.no_grad():
            found = dict(self._hooks.run(images))
            # A function, or a list of parts.
            others = [layer for layer in self._layers if layer not in found]
            found |= self._network.values(others, images)
        return {layer: self._network.layout(layer).maps(found[layer]) for layer in self._layers}

    def output(self, images: Tensor) -> list[Tensor]:
        """The tensors that the whole module gives."""
        with torch.no_grad():
            return _tensors(self._hooks.whole(images))


def _refuse_neighbors(
    network: Network,
    reference: _Reference,
    images: Tensor,
    together: dict[str, Tensor],
    tolerance: float,
) -> None:
    """Raise AtlasError where an image is answered otherwise beside others, or a second time."""
    image = images[:1]
    # Beside its opposite it is beside another, if there is one layer and so one image alone.
    alone, beside = reference(image), reference(torch.cat([image, -image]))
    for layer, own in alone.items():
        others = (together[layer][:1], beside[layer][:1])
        if all(_difference(other, own) <= tolerance for other in others):
            continue
        if _difference(reference(image)[layer], own) > tolerance:
            raise AtlasError(
                f"{network.name} answers the same image otherwise each time in {layer!r}: "
                "something in it is drawn by lot; switch that off in inference mode"
            )
        raise AtlasError(
            f"what {network.name} gives in {layer!r} for an image depends on the other images of "
            "its batch, as with a batch norm without running statistics; no picture can be made "
            "for it"
        )


def _compare_whole(
    network: Network, reference: _Reference, image: Tensor, tolerance: float
) -> None:
    """Raise Unfaithful where the graph as traced gives another output than the module."""
    if network.graph is None:
        return
    wanted = reference.output(image)
    try:
        with torch.no_grad():
            got = _tensors(network.graph(image))
    except Exception as error:  # whatever a graph says to a size that it was not traced at
        raise Unfaithful(f"its graph fails where it does not: {reason_of(error)}") from error
    alike = len(got) == len(wanted)
    if not alike or any(_difference(*pair) > tolerance for pair in zip(got, wanted, strict=True)):
        raise Unfaithful(f"the output would be another than what {network.name} itself gives")


def _tensors(output: object) -> list[Tensor]:
    """The tensors of numbers in what a module returns, in a row."""
    return [
        value
        for value in tree_leaves(output)
        if isinstance(value, Tensor) and value.is_floating_point() and value.numel()
    ]


def _leaving(trunk: LayerTrunk, layers: Sequence[str], images: Tensor) -> dict[str, Tensor]:
    """What each image gives that leaves at its own layer."""
    try:
        with torch.no_grad():
            return dict(trunk.activations(images, dict.fromkeys(layers, 1)))
    except Exception as error:  # of many kinds: what a graph says to a batch that is parted
        raise Unfaithful(f"images cannot leave early: {reason_of(error)}") from error


def _one_of_each(network: Network, layers: Sequence[str]) -> list[tuple[str, int]]:
    """A unit in the middle of each layer."""
    return [(layer, network.layer(layer).units // 2) for layer in layers]


def _maps(network: Network, units: Sequence[tuple[str, int]], images: Tensor) -> list[Tensor]:
    """The map of each image's own unit, as a picture of it is made, but in full precision."""
    try:
        with torch.no_grad():
            own = unit_trunk(network, units).maps(units, images.device)
            return [each[None] for some in own(images) for each in some]
    except Exception as error:  # as of _leaving
        raise Unfaithful(f"single units cannot leave early: {reason_of(error)}") from error


def _check_gradients(network: Network, layers: Sequence[str]) -> None:
    """Raise AtlasError for a layer that tells an image nothing of how to excite its units.

    In the precision of the maximization, which not every module computes in.
    """
    images = _noise(network, len(layers), _sides(network)[0]).requires_grad_()
    units = _one_of_each(network, layers)
    try:
        trunk = unit_trunk(network, units, network.convolution_dtype)
        maps = [own for some in trunk.maps(units, images.device)(images) for own in some]
        gradients = [
            torch.autograd.grad(own.sum(), images, retain_graph=True)[0]
            if own.requires_grad
            else None
            for own in maps
        ]
    except Exception as error:  # of many kinds: of a module's own making
        hint = "; try --precision float32" if network.precision == "bfloat16" else ""
        raise AtlasError(
            f"{network.name} lets no gradient be computed in {network.precision} "
            f"({reason_of(error)}){hint}"
        ) from error
    for layer, own, gradient in zip(layers, maps, gradients, strict=True):
        if gradient is None or (own.any() and not gradient.any()):
            raise _no_gradient(network, layer)
        if own.isfinite().all() and not gradient.isfinite().all():
            raise AtlasError(f"{network.name} has a gradient with NaN or infinity in {layer!r}")


def _no_gradient(network: Network, layer: str) -> AtlasError:
    return AtlasError(
        f"no gradient leads from {layer!r} of {network.name} back to the image, so no picture can "
        "be made for it: look for detach(), no_grad() or rounding before it"
    )


def _difference(values: Tensor, wanted: Tensor) -> float:
    """The largest difference, as a part of the largest value."""
    known = wanted.isfinite()
    if values.shape != wanted.shape or not torch.equal(values.isfinite(), known):
        return float("inf")
    if not known.any():  # numbers too large for the precision, in which ranking will name the unit
        return 0.0
    values, wanted = values[known], wanted[known]
    scale = wanted.abs().amax().item()
    off = (values - wanted).abs().amax().item()
    return off / scale if scale else off
