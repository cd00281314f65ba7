"""Pictures of the two faces of a unit: what excites it and is like one group of its images.

The strongest images of a unit may be of two kinds (see ``atlas.examine.clarity``), and its picture
then shows one of them, or a mixture. Each kind has a picture of its own where the unit's activation
is maximized together with what else its layer does on images of this kind and not of the other: a
direction in the space of the layer's units. Nguyen et al. 2016, "Multifaceted feature
visualization", start from the mean of each group's images instead, which would leave a trace of
these images in the picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from atlas._system.progress import Progress
from atlas.maximize.axes import Axes
from atlas.maximize.directions import Direction
from atlas.maximize.loop import maximize_chunk
from atlas.network.network import Network
from atlas.recipe import Recipe
from atlas.target import Picture, Target


def leaning(
    unit: int,
    weight: float,
    scale: float,
    toward: NDArray[np.floating],
    away: NDArray[np.floating],
    spread: NDArray[np.floating],
) -> NDArray[np.float64]:
    """The direction of a unit that leans toward one group of images, over the units of its layer.

    It is the unit itself and, ``weight`` times, the difference between the two groups in all other
    units, each counted in units of its spread. The difference is of a length by which the groups
    lie ``scale`` apart, so that both count as on these images.

    Args:
        unit: by number.
        weight: of the difference.
        scale: activation of the unit on its strongest image.
        toward, away: responses of the layer's units to the images of each group: MxU, NxU.
        spread: standard deviation of each unit's response over all images: U.

    Returns:
        U weights; 0 for units that no image tells from another.
    """
    apart = toward.mean(0) - away.mean(0)
    told = spread > 0
    told[unit] = False
    axis = np.divide(apart, spread**2, out=np.zeros(len(apart)), where=told)
    length = (apart * axis).sum()
    direction = weight * scale / length * axis if length > 0 else axis
    direction[unit] = 1
    return direction


def maximize_faces(
    network: Network,
    targets: Sequence[Target],
    recipe: Recipe,
    seed: int,
    *,
    directions: Mapping[tuple[str, int], NDArray[np.float64]],
    scales: Sequence[float],
    axes: Axes | None = None,
    progress: Progress | None = None,
    grown: Sequence[Picture] | None = None,
    until: int | None = None,
) -> list[Picture]:
    """Make the pictures of units along directions of theirs, each from the unit's own noise.

    Args:
        directions: of each unit, as of ``leaning``.
        network, targets, recipe, seed, scales, axes, progress, grown, until: as of
            ``maximize_chunk``.

    Returns:
        One picture per target, in their order.
    """
    made: dict[int, Picture] = {}
    for layer in dict.fromkeys(target.layer for target in targets):
        places = [i for i, target in enumerate(targets) if target.layer == layer]
        units = list(dict.fromkeys(targets[i].unit for i in places))
        rows = torch.from_numpy(np.stack([directions[layer, unit] for unit in units]))
        own = [
            Direction(layer, units.index(targets[i].unit), targets[i].sample, str(targets[i].unit))
            for i in places
        ]
        begun = grown and [
            replace(grown[i], target=each) for i, each in zip(places, own, strict=True)
        ]
        pictures = maximize_chunk(
            network,
            own,
            recipe,
            seed,
            axes=axes,
            progress=progress,
            scales=[scales[i] for i in places],
            grown=begun,
            until=until,
            directions=rows.to(network.device),
        )
        made.update(zip(places, pictures, strict=True))
    return [replace(made[i], target=target) for i, target in enumerate(targets)]
