"""The map of each image's own unit is what the whole network alone would compute there."""

from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import counted, densenet, googlenet, images, network, resnet, seeded
from torch import Tensor, nn

from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.network import Network
from atlas.network.single_channel import SingleChannelMaps, SingleChannels, convolve_each

CPU = torch.device("cpu")


@cache
def vgg() -> nn.Module:
    return seeded(torchvision.models.vgg11_bn, weights=None, init_weights=False)


def single_channel_maps(made: Network, units: list[tuple[str, int]], shown: Tensor) -> list[Tensor]:
    """The map of each image, the images in the order of the units."""
    trunk = SingleChannels(made, units, made.convolution_dtype)
    return [own for maps in SingleChannelMaps(trunk, units, CPU)(shown) for own in maps]


# Units of every branch, of several in one layer, and of one twice.
UNITS = {
    googlenet: [
        *(("conv1", 5), ("conv1", 60), ("maxpool1", 7), ("conv2", 3), ("conv3", 100)),
        *(("maxpool2", 191), ("inception3a.branch4.0", 2), ("inception3a.branch2.0", 5)),
        *(("inception3a", 0), ("inception3a", 63), ("inception3a", 64), ("inception3a", 191)),
        *(("inception3a", 192), ("inception3a", 224), ("inception3a", 255)),
        *(("maxpool3", 1), ("maxpool3", 479), ("inception4c.branch2.0.conv", 4)),
        *(("inception4e", 256), ("inception4e", 256), ("maxpool4", 800), ("inception5b", 1000)),
        *(("avgpool", 3), ("fc", 10)),
    ],
    resnet: [
        *(("conv1", 1), ("relu", 2), ("layer1.0.conv2", 3), ("layer1.0.bn2", 3), ("layer1", 9)),
        *(("layer2.0.downsample.0", 7), ("layer3.1.relu", 100), ("layer4", 5), ("fc", 1)),
    ],
    densenet: [
        *(("features.pool0", 1), ("features.denseblock1", 0), ("features.denseblock1", 9)),
        *(("features.denseblock1", 13), ("features.transition1.conv", 2), ("features.norm5", 1)),
    ],
    vgg: [*(("features.0", 1), ("features.3", 63), ("features.6", 4), ("features.27", 500))],
}


@pytest.mark.parametrize("make", UNITS)
def test_each_image_has_the_map_of_its_unit_and_its_gradient(make: Any) -> None:
    made, module = network(make), make().double()
    units = sorted(UNITS[make], key=lambda own: (made.depth(own[0]), own[1]))
    shown = images(len(units), size=40).requires_grad_()
    found = single_channel_maps(made, units, shown)
    (gradients,) = torch.autograd.grad([own.square().sum() for own in found], shown)
    for (layer, unit), image, own, gradient in zip(units, shown, found, gradients, strict=True):
        alone = image.detach().clone().requires_grad_()
        expected = whole(module, layer, alone)[0, unit]
        (direct,) = torch.autograd.grad(expected.square().sum(), alone)
        assert (own - expected).abs().max() <= 1e-11 * expected.abs().max()
        assert (gradient - direct).abs().max() <= 1e-9 * direct.abs().max()


def whole(module: nn.Module, layer: str, image: Tensor) -> Tensor:
    """The layer when the whole network runs on one image, with the graph of its gradient."""
    outputs: list[Tensor] = []
    handle = module.get_submodule(layer).register_forward_hook(
        lambda _, __, output: outputs.append(output.clone())
    )
    module(image[None])
    handle.remove()
    return outputs[0]


@settings(max_examples=60)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 4),
    side=st.tuples(st.integers(5, 8), st.integers(5, 8)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    data=st.data(),
)
def test_each_image_is_convolved_with_its_own_filter(
    batch: int, channels: int, side: tuple[int, int], kernel: tuple[int, int], data: st.DataObject
) -> None:
    padding = tuple(data.draw(st.integers(0, length - 1)) for length in kernel)
    generator = torch.Generator().manual_seed(batch)
    values = torch.randn(batch, channels, *side, generator=generator, dtype=torch.float64)
    filters = torch.randn(batch, channels, *kernel, generator=generator, dtype=torch.float64)
    expected = [
        F.conv2d(image[None], taps[None], padding=padding)[0, 0]
        for image, taps in zip(values, filters, strict=True)
    ]
    found = convolve_each(values, filters, padding)
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("unit", "convolutions"),
    [
        (("inception4a", 0), 3 + 2 * 6),  # its first branch is one convolution
        (("inception4a", 192), 3 + 2 * 6 + 1),  # its second reduces first
        (("inception4a", 500), 3 + 2 * 6),  # its fourth pools first
        (("conv3", 5), 2),
        (("maxpool2", 5), 2),
        (("conv1", 5), 1),  # has a stride
    ],
)
def test_the_other_filters_of_a_layer_are_not_computed(
    unit: tuple[str, int], convolutions: int
) -> None:
    with counted() as calls:
        single_channel_maps(network(googlenet), [unit], images(1))
    assert len(calls[nn.Conv2d]) == convolutions


def test_what_a_later_layer_alone_needs_is_computed_for_the_images_that_stay() -> None:
    units = [("inception3a", 0), ("inception3a", 70), ("inception3b", 0)]
    with counted() as calls:
        single_channel_maps(network(googlenet), units, images(3))
    # The stem and the reduction of the second branch for all, what is left of 3a for the last.
    assert calls[nn.Conv2d] == [3, 3, 3, 3, 1, 1, 1, 1, 1]


def test_in_bfloat16_a_map_is_as_exact_as_that_of_the_whole_layer() -> None:
    units = [("conv3", unit) for unit in range(192)]
    shown = images(1, size=64)
    exact = dict(EarlyExitTrunk(network(googlenet), ["conv3"]).activations(shown))["conv3"][0]
    rough = EarlyExitTrunk(network(googlenet, "bfloat16"), ["conv3"], torch.bfloat16)
    whole = dict(rough.activations(shown.float()))["conv3"][0]
    own = single_channel_maps(
        network(googlenet, "bfloat16"), units, shown.float().expand(192, -1, -1, -1)
    )
    assert (torch.stack(own) - exact).norm() <= 1.1 * (whole - exact).norm()
