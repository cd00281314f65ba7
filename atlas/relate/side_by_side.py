"""Two networks side by side: which layers, and which units, answer to the same images alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from atlas.relate.alignment import alignment_between
from atlas.relate.correlation import standardized
from atlas.relate.matching import MOST_ASSIGNED, Matching, match, one_to_one
from atlas.relate.responses import Responses


@dataclass(frozen=True)
class LayerPair:
    """A layer of each network.

    Args:
        layer, other: their names.
        alignment: centered kernel alignment, unbiased; nan where one of them is silent.
        matching: of the units of the one with those of the other.
        assigned: where both have as many units, and not too many, for each unit of the one its own
            of the other, one to one, and their correlation.
    """

    layer: str
    other: str
    alignment: float
    matching: Matching
    assigned: tuple[NDArray[np.int64], NDArray[np.float32]] | None


@dataclass(frozen=True)
class SideBySide:
    """Two networks over the same images.

    Args:
        images: how many.
        layers, others: how many units each layer of either has, in the order of depth.
        alignment: LxM, of every layer of the one with every layer of the other.
        pairs: of layers: each with the one that aligns best with it, and those of the same name.
        whole: of all units of the one with all units of the other, layer after layer.
    """

    images: int
    layers: Mapping[str, int]
    others: Mapping[str, int]
    alignment: NDArray[np.float64]
    pairs: list[LayerPair]
    whole: Matching


def shared_images(a: Responses, b: Responses) -> tuple[Responses, Responses]:
    """The responses to those images that both have, in the order of the first."""
    places = {image: place for place, image in enumerate(b.images)}
    both = [image for image in a.images if image in places]
    if a.images == b.images:
        return a, b
    own = {image: place for place, image in enumerate(a.images)}
    return (
        replace(a, images=both, values=a.values[[own[image] for image in both]]),
        replace(b, images=both, values=b.values[[places[image] for image in both]]),
    )


def joined(networks: Mapping[str, Responses]) -> Responses:
    """The responses of several networks as of one, over the images that all of them have.

    A layer is called by its network and its own name: ``NETWORK/LAYER``.
    """
    everywhere = set.intersection(*(set(own.images) for own in networks.values()))
    first = next(iter(networks.values()))
    images = [image for image in first.images if image in everywhere]
    values, units = [], {}
    for name, own in networks.items():
        places = {image: place for place, image in enumerate(own.images)}
        values.append(own.values[[places[image] for image in images]])
        units |= {f"{name}/{layer}": count for layer, count in own.units.items()}
    return Responses(images, np.hstack(values), units)


def side_by_side(
    a: Responses, b: Responses, tell: Callable[[int], object] = lambda count: None
) -> SideBySide:
    """Hold the layers and units of two networks against each other.

    Memory grows with images x units: about 4 bytes for each, of both networks.

    Args:
        a, b: what they answer to the same images, in the same order.
        tell: called with 1 for every pair of layers.
    """
    table = alignment_between(a, b)
    alignment = table["cka"].to_numpy().reshape(len(a.units), len(b.units))
    ours = {layer: standardized(a, layer) for layer in a.units}
    others = {layer: standardized(b, layer) for layer in b.units}
    pairs = []
    for row, column in paired_layers(list(a.units), list(b.units), alignment):
        layer, other = list(a.units)[row], list(b.units)[column]
        x, y = ours[layer], others[other]
        assigned = one_to_one(x, y) if x.shape[1] == y.shape[1] <= MOST_ASSIGNED else None
        matching = match(x, y, f"{layer} and {other}")
        pairs.append(LayerPair(layer, other, alignment[row, column], matching, assigned))
        tell(1)
    whole = match(np.hstack(list(ours.values())), np.hstack(list(others.values())), "all")
    return SideBySide(len(a.images), a.units, b.units, alignment, pairs, whole)


def paired_layers(
    layers: list[str], others: list[str], alignment: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """Which layers are looked at unit by unit: at most 2L + M pairs of L and M layers.

    Each layer with the one that aligns best with it, and those of the same name.
    """
    pairs = {(layers.index(name), others.index(name)) for name in layers if name in others}
    known = np.where(np.isnan(alignment), -np.inf, alignment)
    pairs |= {(row, int(known[row].argmax())) for row in range(len(layers))}
    pairs |= {(int(known[:, column].argmax()), column) for column in range(len(others))}
    return sorted(pairs)
