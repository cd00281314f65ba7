"""What identifies a network and its recipes in a run, and what the run says of the network."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from atlas.errors import AtlasError
from atlas.network.layer import Layer
from atlas.network.network import Network
from atlas.network.outputs import classifying
from atlas.network.pooled import pools
from atlas.recipe import Recipe
from atlas.run.schema import Making


def identify(network: Network, recipes: Mapping[str, Recipe], seed: int) -> Making:
    """What identifies a run, but for the probe set.

    Raises AtlasError for a network on a device that atlas does not compute on.
    """
    device = network.device.type
    if device != "cpu" and device != "cuda":
        raise AtlasError(f"{network.name} is on {device}; make it on cpu or cuda")
    return Making(
        network=network.name,
        weights=network.weights.sha256,
        recipes={name: asdict(recipe) for name, recipe in recipes.items()},
        seed=seed,
        precision=network.precision,
        device=device,
        input=[network.channels, network.input_size, network.input_size],
        mean=list(network.mean),
        std=list(network.std),
    )


def describe(network: Network, layers: Sequence[Layer]) -> dict[str, Any]:
    """The network and the layers of a run, and the graph for the drawing: ``network.json``."""
    chosen = {layer.name for layer in layers}
    classifiers = classifying(network, layers)
    origins = pools(network, [layer.name for layer in layers])
    return {
        "network": network.name,
        "input": network.input_size,
        "smallest_input": network.sizes.smallest,
        "fixed": network.sizes.fixed,
        "channels": network.channels,
        "mean": network.mean,
        "std": network.std,
        "layers": [
            asdict(layer)
            | {"pools": origins.get(layer.name), "classifies": layer.name in classifiers}
            for layer in layers
        ],
        "graph": [
            {
                "name": layer.name,
                "kind": kind,
                "units": layer.units,
                "stride": layer.stride,
                "size": layer.height,
                "branches": [asdict(branch) for branch in layer.branches],
                "layer": layer.name in chosen,
            }
            for kind, layer in network.chain()
        ],
    }
