"""Each image leaves at its own layer, with what the whole network alone would compute there."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import agrees, counted, densenet, googlenet, images, network, plain, resnet, seeded
from torch import Tensor, nn

from atlas.errors import AtlasError
from atlas.maximize import objectives
from atlas.network.early_exit import EarlyExitTrunk, part
from atlas.network.network import Network
from atlas.network.single_channel import single_channel_maps


def leave(made: Network, layers: Sequence[str], shown: Tensor) -> list[tuple[str, Tensor]]:
    """The layer and the activations of each image, image i leaving at the i-th layer."""
    found = []
    for layer, values in EarlyExitTrunk(made, layers).activations(shown, Counter(layers)):
        found += [(layer, value[None]) for value in values]
    return found


RESNET_LAYERS = [
    *("conv1", "bn1", "relu", "layer1.0.bn2", "layer1.0.relu_1", "layer1.1.relu", "layer1"),
    *("layer2.0.downsample", "layer2.0.downsample.0", "layer2", "layer3.1.bn1", "layer4"),
    *("avgpool", "fc"),
]
DENSENET_LAYERS = [
    *("features.conv0", "features.norm0", "features.pool0"),
    *("features.denseblock1.denselayer1.norm1", "features.denseblock1.denselayer1.conv1"),
    *("features.denseblock1.denselayer2.relu1", "features.transition1.conv"),
    *("features.denseblock2.denselayer2.conv2", "features.norm5", "classifier"),
]
GOOGLENET_LAYERS = [
    *("conv1.conv", "conv1", "maxpool1", "conv2", "conv3", "maxpool2", "inception3a.branch4.0"),
    *("inception3b.branch2.0.bn", "maxpool3", "inception4a.branch2.1.conv", "inception4c.branch3"),
    *("maxpool4", "inception5b.branch1.conv", "avgpool", "fc"),
]


@pytest.mark.parametrize(
    ("make", "layers"),
    [(googlenet, GOOGLENET_LAYERS), (resnet, RESNET_LAYERS), (densenet, DENSENET_LAYERS)],
)
def test_each_image_has_the_activations_it_has_alone(make: Any, layers: list[str]) -> None:
    made, module = network(make), make().double()
    ordered = sorted([*layers, *layers[::3]], key=made.depth)
    shown = images(len(ordered))
    found = leave(made, ordered, shown)
    assert [layer for layer, _ in found] == ordered
    for (layer, values), image in zip(found, shown, strict=True):
        agrees(values, plain(module, layer, image), 1e-12)


def test_a_concatenation_and_an_addition_can_be_left_at() -> None:
    made, module = network(googlenet), googlenet().double()
    layers = ["inception3a", "inception3b", "inception4e", "inception5b"]
    shown = images(len(layers))
    for (layer, values), image in zip(leave(made, layers, shown), shown, strict=True):
        agrees(values, plain(module, layer, image), 1e-12)

    sums: list[Tensor] = []
    block = resnet().double().get_submodule("layer2.0.relu")
    handle = block.register_forward_pre_hook(lambda _, inputs: sums.append(inputs[0].clone()))
    shown = images(3)
    with torch.inference_mode():
        resnet()(shown)
    handle.remove()
    found = leave(network(resnet), ["layer2.0.add", "layer2.0.add", "layer3"], shown)
    for (_, values), expected in zip(found[:2], sums[1], strict=False):
        agrees(values[0], expected, 1e-12)
    agrees(found[2][1], plain(resnet(), "layer3", shown[2]), 1e-12)


@settings(max_examples=15)
@given(
    st.lists(st.sampled_from([*DENSENET_LAYERS, "features.denseblock2"]), min_size=1, max_size=8)
)
def test_any_choice_of_layers_gives_each_image_its_own(layers: list[str]) -> None:
    made, module = network(densenet), densenet().double()
    ordered = sorted(layers, key=made.depth)
    shown = images(len(ordered))
    found = leave(made, ordered, shown)
    assert [layer for layer, _ in found] == ordered
    for (layer, values), image in zip(found, shown, strict=True):
        agrees(values, plain(module, layer, image), 1e-12)


def test_all_images_stay_to_the_end_where_none_is_said_to_leave() -> None:
    made, module = network(resnet), resnet().double()
    shown = images(3)
    layers = [*RESNET_LAYERS[:6], "layer4", "fc"]
    found = dict(EarlyExitTrunk(made, layers).activations(shown))
    assert list(found) == sorted(layers, key=made.depth)
    for layer, values in found.items():
        for value, image in zip(values, shown, strict=True):
            agrees(value[None], plain(module, layer, image), 1e-12)


def test_a_trunk_can_be_used_again_with_other_images() -> None:
    trunk = EarlyExitTrunk(network(resnet), ["layer1", "layer2"])
    first, second = images(2), images(5)
    before = dict(trunk.activations(first, {"layer1": 2}))
    part = trunk.activations(second, {"layer1": 2, "layer2": 3})
    next(part)  # given up in the middle
    after = dict(trunk.activations(first, {"layer1": 2}))
    assert list(after) == ["layer1"]
    assert torch.equal(before["layer1"], after["layer1"])


# Nothing is computed for an image past its layer


def test_later_layers_are_computed_for_the_images_that_stay() -> None:
    torch.manual_seed(0)
    made = Network(nn.Sequential(*(nn.Conv2d(3, 3, 3) for _ in range(6))), precision="float64")
    trunk = EarlyExitTrunk(made, ["0", "2", "4"])
    with counted() as calls:
        list(trunk.activations(images(6), {"0": 2, "2": 3, "4": 1}))
    assert calls[nn.Conv2d] == [6, 4, 4, 1, 1]
    with counted() as calls:
        list(trunk.activations(images(6), {"0": 2, "2": 4}))
    assert calls[nn.Conv2d] == [6, 4, 4]


@pytest.mark.parametrize(
    ("layer", "convolutions"),
    [
        ("inception4a", 3 + 3 * 6),
        ("inception4a.branch2.1.conv", 3 + 2 * 6 + 2),
        ("maxpool2", 3),
        ("fc", 57),
    ],
)
def test_branches_that_a_layer_does_not_need_are_not_computed(
    layer: str, convolutions: int
) -> None:
    trunk = EarlyExitTrunk(network(googlenet), [layer])
    with counted() as calls:
        list(trunk.activations(images(1), {layer: 1}))
    assert len(calls[nn.Conv2d]) == convolutions
    assert len(calls[nn.Linear]) == (layer == "fc")


# Batch norm is folded where that is exact


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_folding_batch_norm_leaves_the_outputs_unchanged(precision: str) -> None:
    made = network(googlenet, precision)
    layers = [layer.name for layer in made.layers]
    trunk = EarlyExitTrunk(made, layers)
    shown = images(len(layers), size=48)
    with counted() as calls:
        found = dict(trunk.activations(shown, Counter(layers)))
    assert len(calls[nn.Conv2d]) == 57
    assert not calls[nn.BatchNorm2d]
    exact = googlenet().double()
    for layer, image in zip(layers, shown, strict=True):
        expected = plain(exact, layer, image)
        agrees(found[layer].double(), expected, 1e-4 if precision == "float32" else 1e-9)


@pytest.mark.parametrize("layer", ["conv2.conv", "conv2.bn", "inception3a.branch2.1.conv"])
def test_a_norm_is_not_folded_where_it_or_its_convolution_is_a_layer(layer: str) -> None:
    made, module = network(googlenet), googlenet().double()
    trunk = EarlyExitTrunk(made, [layer, "maxpool3"])
    shown = images(3)
    with counted() as calls:
        found = dict(trunk.activations(shown, {layer: 1, "maxpool3": 2}))
    assert len(calls[nn.BatchNorm2d]) == 1
    agrees(found[layer], plain(module, layer, shown[0]), 1e-12)
    agrees(found["maxpool3"][1:], plain(module, "maxpool3", shown[2]), 1e-12)


class SharedConvolution(nn.Module):
    """One convolution called twice, each time before another batch norm, once before none."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.first, self.second = nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.second(self.conv(self.first(self.conv(x)))))


class UsedTwice(nn.Module):
    """A convolution whose output goes to the batch norm and elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)
        self.last = nn.Conv2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return self.last(self.norm(y) + y)


@pytest.mark.parametrize(("make", "layer"), [(SharedConvolution, "conv_2"), (UsedTwice, "last")])
def test_a_convolution_used_twice_keeps_its_weights(make: Any, layer: str) -> None:
    module = seeded(make).double()
    made = Network(module, precision="float64")
    shown = images(1)
    found = dict(EarlyExitTrunk(made, [layer]).activations(shown))
    agrees(found[layer], module(shown), 1e-12)


# What an image cannot do to its neighbors


class Shuffled(nn.Module):
    """Shuffles the units of two groups, twice, having asked for the shape once."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        batch, units, height, width = y.size()

        def shuffle(z: Tensor) -> Tensor:
            grouped = z.view(batch, 2, units // 2, height, width)
            return grouped.transpose(1, 2).reshape(batch, units, height, width)

        return shuffle(self.second(shuffle(y)))


def test_an_image_cannot_leave_where_the_batch_size_is_computed_with() -> None:
    made = Network(seeded(Shuffled), precision="float64")
    trunk = EarlyExitTrunk(made, ["second", "reshape_1"])
    with pytest.raises(AtlasError, match=r"'second'.*size of the batch") as caught:
        list(trunk.activations(images(3), {"second": 1, "reshape_1": 2}))
    assert "\n" not in str(caught.value)
    together = dict(trunk.activations(images(3)))  # all stay: ranking can
    assert together["second"].shape == together["reshape_1"].shape


def test_shufflenets_own_layers_can_be_left_at() -> None:
    module = seeded(torchvision.models.shufflenet_v2_x0_5, weights=None)
    made = Network(module, precision="float64")
    layers = ["conv1", "stage2.0.branch2.3", "stage2", "stage3", "conv5"]
    shown = images(len(layers))
    for (layer, values), image in zip(leave(made, layers, shown), shown, strict=True):
        agrees(values, plain(module.double(), layer, image), 1e-12)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=2, max_size=4).filter(
        lambda parts: any(used for _, used in parts)
    )
)
def test_the_gradient_of_parts_is_that_of_a_split_in_the_layout_of_the_values(
    parts: list[tuple[int, bool]],
) -> None:
    sizes = [size for size, _ in parts]
    values = images(sum(sizes), size=5).to(memory_format=torch.channels_last).requires_grad_()

    def total(pieces: tuple[Tensor, ...]) -> Tensor:
        used = [piece for piece, (_, used) in zip(pieces, parts, strict=True) if used]
        return torch.cat(used).square().sum()

    (found,) = torch.autograd.grad(total(part(values, sizes)), values)
    (expected,) = torch.autograd.grad(total(values.split(sizes)), values)
    assert torch.equal(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_an_images_gradient_does_not_depend_on_its_neighbors() -> None:
    made = network(googlenet)
    layers = ["conv1", "inception3a", "inception4a", "inception4a", "inception5b"]

    def gradients(shown: Tensor, leaving: Counter[str], units: Tensor) -> Tensor:
        leaf = shown.clone().requires_grad_()
        values, first = [], 0
        for layer, activations in EarlyExitTrunk(made, list(leaving)).activations(leaf, leaving):
            last = first + leaving[layer]
            maps = single_channel_maps(activations, units[first:last])
            values.append(objectives.root_mean_square(maps))
            first = last
        return torch.autograd.grad(torch.cat(values).sum(), leaf)[0]

    shown = images(len(layers), size=40)
    # The unit that answers most, since a silent one has no gradient.
    found = leave(made, layers, shown)
    units = torch.tensor([int(values[0].amax((1, 2)).argmax()) for _, values in found])
    together = gradients(shown, Counter(layers), units)
    for i, layer in enumerate(layers):
        alone = gradients(shown[i : i + 1], Counter([layer]), units[i : i + 1])
        assert alone.abs().max() > 0
        agrees(together[i : i + 1], alone, 1e-10)
    changed = shown.clone()
    changed[[0, 1, 3, 4]] = torch.nan
    agrees(gradients(changed, Counter(layers), units)[2:3], together[2:3], 1e-10)


def test_the_images_of_the_caller_are_not_written_to() -> None:
    made = Network(nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 2, 3)), precision="float64")
    shown = images(2)
    before = shown.clone()
    list(EarlyExitTrunk(made, ["0", "1"]).activations(shown, {"0": 1, "1": 1}))
    assert torch.equal(shown, before)


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(AtlasError, match="inception4a"):
        EarlyExitTrunk(network(googlenet), ["inception4aa"])
