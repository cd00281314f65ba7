"""What units read from and argue for on their own pictures, which may have any size."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas._system.progress import Progress
from atlas.network.fit import fit_or_shrink
from atlas.network.network import Network
from atlas.relate.contributions import Contributions, Unit, contributions


def from_pictures(
    network: Network,
    layers: Sequence[str],
    pools: Mapping[str, str],
    pictures: Mapping[Unit, NDArray[np.uint8]],
    progress: Progress | None = None,
) -> dict[Unit, Contributions]:
    """As ``contributions``, each unit on one picture of its own.

    Args:
        network, layers, pools: as there.
        pictures: SxSxC bytes, of any sizes.
        progress: called with how many pictures are done.

    Returns:
        Of the units whose layer takes a picture of that size, enlarged or not. No logits where the
        network as a whole does not take it.
    """
    shown: dict[Unit, Tensor] = {}
    for unit, picture in pictures.items():
        image = torch.from_numpy(picture).to(network.device, network.dtype).permute(2, 0, 1) / 255
        seen = fit_or_shrink(network, unit[0], network.normalize(image[None]))
        if seen is not None:
            shown[unit] = seen[0]
    units = list(shown)
    found: dict[Unit, Contributions] = {}
    for side in sorted({image.shape[-1] for image in shown.values()}):
        own = {unit: [i] for i, unit in enumerate(units) if shown[unit].shape[-1] == side}
        found |= contributions(
            network,
            layers,
            pools,
            own,
            lambda numbers: torch.stack([shown[units[number]] for number in numbers]),
            logits=_takes(network, side),
            progress=progress,
        )
    return {unit: found[unit] for unit in units}


def _takes(network: Network, side: int) -> bool:
    """Whether the whole network takes images of so many pixels."""
    shape = (1, network.channels, side, side)
    try:
        with torch.no_grad():
            network.module(torch.zeros(shape, device=network.device, dtype=network.dtype))
    except Exception:  # whatever a module says to an image that it does not take
        return False
    return True
