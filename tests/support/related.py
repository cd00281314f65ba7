"""Responses of small made-up networks."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from atlas.relate.responses import Responses


def respond(layers: Mapping[str, NDArray[np.floating]]) -> Responses:
    """Standardized responses of layers, from what their units do on the same images."""
    values = np.concatenate(list(layers.values()), axis=1).astype(np.float64)
    spread = values.std(axis=0)
    constant = np.ptp(values, axis=0) == 0
    standardized = np.where(
        constant, 0, (values - values.mean(axis=0)) / np.where(constant, 1, spread)
    )
    images = [f"{number}.png" for number in range(len(values))]
    return Responses(
        images,
        standardized.astype(np.float16),
        {layer: part.shape[1] for layer, part in layers.items()},
    )


def draw(images: int, units: Mapping[str, int], seed: int = 0, causes: int = 6) -> Responses:
    """Units that answer mixtures of a few causes, and some noise."""
    generator = np.random.Generator(np.random.PCG64(seed))
    seen = generator.normal(size=(images, causes))
    return respond(
        {
            layer: seen @ generator.normal(size=(causes, count))
            + generator.normal(size=(images, count))
            for layer, count in units.items()
        }
    )
