"""The layers that are shown where none are asked for: blocks or convolutions, and no head."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from atlas.network.default_layers import default_layers
from atlas.network.network import Network

TORCHVISION = {
    "alexnet": (5, "features.1", "features.11"),
    "convnext_tiny": (20, "features.0", "features.7.2"),
    "densenet121": (8, "features.relu0", "features.denseblock4"),
    "efficientnet_b0": (18, "features.0", "features.8"),
    "efficientnet_v2_s": (20, "features.0", "features.7"),
    "googlenet": (16, "conv1", "inception5b"),
    "inception_v3": (16, "Conv2d_1a_3x3", "Mixed_7c"),
    "mnasnet0_5": (20, "layers.2", "layers.16"),
    "mobilenet_v2": (19, "features.0", "features.18"),
    "mobilenet_v3_small": (13, "features.0", "features.12"),
    "regnet_x_400mf": (20, "stem", "trunk_output.block4.block4-11"),
    "regnet_y_400mf": (17, "stem", "trunk_output.block4.block4-5"),
    "resnet18": (9, "relu", "layer4.1"),
    "resnet50": (17, "relu", "layer4.2"),
    "resnet152": (20, "relu", "layer4.2"),
    "resnext50_32x4d": (17, "relu", "layer4.2"),
    "shufflenet_v2_x0_5": (18, "conv1", "conv5"),
    "squeezenet1_1": (9, "features.1", "features.12"),
    "vgg11": (8, "features.1", "features.19"),
    "vgg11_bn": (8, "features.2", "features.27"),
}
TIMM = {
    "convnext_atto": (16, "stem", "stages.3.blocks.1"),
    "cspdarknet53": (6, "stem", "stages.4"),
    "darknet17": (11, "stem", "stages.4.blocks.0"),
    "densenet121": (8, "features.norm0", "features.denseblock4"),
    "dla46_c": (7, "base_layer", "level5"),
    "edgenext_xx_small": (16, "stem", "stages.3.blocks.1"),
    "efficientnet_b0": (18, "bn1", "bn2"),
    "fasternet_t0": (17, "patch_embed", "stages.3.blocks.1"),
    "ghostnet_050": (18, "act1", "blocks.9"),
    "hrnet_w18_small": (12, "act1", "final_layer"),
    "lcnet_050": (15, "bn1", "blocks.5.1"),
    "mobilenetv3_small_050": (13, "bn1", "blocks.5"),
    "nf_regnet_b0": (18, "stem", "final_act"),
    "regnetx_002": (14, "stem", "s4.b7"),
    "repvgg_a0": (20, "stem", "stages.3.0"),
    "resnet10t": (7, "conv1.2", "layer4.0"),
    "resnet26d": (9, "act1", "layer4.1"),
    "rexnet_100": (18, "stem", "features.16"),
}


def look(module: nn.Module, size: int = 64, channels: int = 3) -> list[str]:
    """The default layers, once it is sure that they are in order and are maps of no head."""
    found = Network(module, input=(channels, size, size))
    names = [layer.name for layer in found.layers]
    depths = [found.depth(name) for name in names]
    assert depths == sorted(set(depths))
    assert all(layer.height > 1 for layer in found.layers[:-1])
    assert not any(found.depth(name) == max(map(found.depth, found.places.named)) for name in names)
    return names


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_family_of_torchvision_shows_its_blocks_or_convolutions(name: str) -> None:
    options = {"aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    if options or name.startswith("vgg"):
        options["init_weights"] = False
    module = torchvision.models.get_model(name, weights=None, num_classes=10, **options)
    found = look(module, 128 if name == "inception_v3" else 64)
    assert (len(found), found[0], found[-1]) == TORCHVISION[name]


@pytest.mark.parametrize("name", TIMM)
def test_networks_of_timm_show_their_blocks(name: str) -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed")
    found = look(timm.create_model(name, num_classes=10))
    assert (len(found), found[0], found[-1]) == TIMM[name]


def test_of_a_very_deep_network_each_size_keeps_its_first_and_last_block() -> None:
    module = torchvision.models.resnet152(weights=None, num_classes=2)
    found = Network(module, input=(3, 64, 64))
    names = [layer.name for layer in found.layers]
    for stage, last in {1: 2, 2: 7, 3: 35, 4: 2}.items():
        assert {f"layer{stage}.0", f"layer{stage}.{last}"} <= set(names)
    assert "20 of 51" in found.why_default


# Networks as people write them


class LeNet(nn.Module):
    """Activations are functions, and the last convolution sees the whole map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.fc1, self.fc2 = nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(F.relu(self.conv3(x)).flatten(1))))


def test_lenet_shows_its_maps_behind_their_activation() -> None:
    assert look(LeNet(), 28, 1) == ["relu", "relu_1"]


class Residual(nn.Module):
    def __init__(self, inside: int, units: int, stride: int, attention: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, units, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(units)
        self.conv2 = nn.Conv2d(units, units, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(units)
        self.squeeze, self.excite = nn.Conv2d(units, 2, 1), nn.Conv2d(2, units, 1)
        self.attention = attention
        self.shortcut = nn.Sequential()
        if stride > 1 or inside != units:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, units, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.attention:
            scale = F.adaptive_avg_pool2d(y, 1)
            y = y * torch.sigmoid(self.excite(F.relu(self.squeeze(scale))))
        return F.relu(y + self.shortcut(x))


class ResNet20(nn.Module):
    """He et al. 2015, section 4.2, as on CIFAR-10."""

    def __init__(self, attention: bool = False) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        sizes, before = [], 16
        for units, stride in ((16, 1), (32, 2), (64, 2)):
            first = Residual(before, units, stride, attention)
            others = [Residual(units, units, 1, attention) for _ in range(2)]
            sizes.append(nn.Sequential(first, *others))
            before = units
        self.layer1, self.layer2, self.layer3 = sizes
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(F.avg_pool2d(x, 8).flatten(1))


RESNET20 = ["relu", *(f"layer{size}.{block}" for size in (1, 2, 3) for block in range(3))]


@pytest.mark.parametrize("attention", [False, True])
def test_resnet20_shows_its_blocks_and_nothing_inside_their_branches(attention: bool) -> None:
    assert look(ResNet20(attention), 32) == RESNET20


class Wrapper(nn.Module):
    """Any network under a name, behind a preparation."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.model = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x * 2)


def test_a_wrapper_shows_what_the_network_inside_would() -> None:
    found = look(Wrapper(Wrapper(ResNet20())), 32)
    assert found == [f"model.model.{name}" for name in RESNET20]


class Listed(nn.Module):
    """Stages in a ModuleList, declared backwards."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(8, 3, 1)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(8 if i else 3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.SiLU())
            for i in range(9)
        )

    def forward(self, x: Tensor) -> Tensor:
        for stage in self.stages:
            x = stage(x)
        return self.head(x).mean((2, 3))


def test_a_list_of_stages_shows_all_and_not_the_logits() -> None:
    assert look(Listed(), 16) == [f"stages.{i}" for i in range(9)]


def test_one_rectifier_used_everywhere_is_told_apart_by_its_call() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
            self.conv2, self.bn2 = nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)
            self.relu = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            x = self.relu(self.bn1(self.conv1(x)))
            return self.relu(self.bn2(self.conv2(x))).mean((2, 3))

    module = Shared()
    found = Network(module, input=(3, 16, 16))
    assert [layer.name for layer in found.layers] == ["relu", "relu_1"]
    assert found.node_of("relu") != found.node_of("relu_1")


# What is known without a graph: the order alone


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (ResNet20, 32),
        (Listed, 16),
        (lambda: torchvision.models.resnet18(weights=None), 64),
        (lambda: torchvision.models.vgg11_bn(weights=None, init_weights=False), 64),
        (lambda: torchvision.models.squeezenet1_1(weights=None), 64),
    ],
)
def test_without_a_graph_the_order_of_the_modules_gives_the_same(
    make: Callable[[], nn.Module], size: int
) -> None:
    module = make()
    found = Network(module, input=(3, size, size))
    blind = {
        depth: replace(operation, sources=None)
        for depth, operation in found.places.operations.items()
    }
    chosen = default_layers(module, replace(found.places, operations=blind))
    assert chosen.names == tuple(layer.name for layer in found.layers)
