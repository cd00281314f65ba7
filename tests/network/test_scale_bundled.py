"""The bundled network, its layers scaled: other activations, the same outputs."""

import torch
from torch import Tensor, nn

from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.network import Network
from atlas.network.weights.named import BUNDLED, load_model
from tools.scale_bundled import FACTORS, scaled


def activations(module: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What every default layer and the classifier answer, in float64."""
    network = Network(module, precision="float64")
    layers = [*(layer.name for layer in network.layers), "fc"]
    return dict(EarlyExitTrunk(network, layers).activations(images))


def test_layers_are_scaled_by_their_factors_and_outputs_not_at_all() -> None:
    module, _ = load_model("googlenet", "bundled")
    images = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    before = activations(module, images)
    state = {name: value.double() for name, value in module.state_dict().items()}
    factors = {layer: 1.0 + index / 7 for index, layer in enumerate(FACTORS)}
    module.load_state_dict(scaled(state, factors))
    after = activations(module, images)
    pooled = {"maxpool1": "conv1", "maxpool2": "conv3", "maxpool3": "inception3b"}
    pooled |= {"maxpool4": "inception4e"}
    for layer in before:
        factor = factors.get(pooled.get(layer, layer), 1.0)
        torch.testing.assert_close(after[layer], factor * before[layer], rtol=1e-4, atol=1e-5)


def test_the_bundled_file_is_what_was_trained_times_these_factors() -> None:
    state = torch.load(BUNDLED, weights_only=True)["state_dict"]
    restored = scaled(state, {layer: 1 / factor for layer, factor in FACTORS.items()})
    for value in restored.values():
        if value.is_floating_point():
            torch.testing.assert_close(value.half().float(), value.float(), rtol=1e-6, atol=0)
