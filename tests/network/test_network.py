"""A network's layers: what they are called, and what one position of each sees."""

from functools import cache

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from atlas.errors import AtlasError, UsageError
from atlas.network.bvlc_googlenet import BVLCGoogLeNet
from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.loading import load_network
from atlas.network.network import Network

LAYERS = [
    *("conv1", "maxpool1", "conv2", "conv3", "maxpool2", "inception3a", "inception3b", "maxpool3"),
    *("inception4a", "inception4b", "inception4c", "inception4d", "inception4e", "maxpool4"),
    *("inception5a", "inception5b"),
]
UNITS = [64, 64, 64, 192, 192, 256, 480, 480, 512, 512, 512, 528, 832, 832, 832, 1024]
STRIDES = [2, 4, 4, 4, 8, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32, 32]
FIELDS = {
    "torchvision": "7 11 11 19 27 43 59 75 107 139 171 203 235 251 315 379",
    "caffe": "7 11 11 19 27 59 91 107 171 235 299 363 427 459 587 715",
}
SMALLEST = {"torchvision": 15, "caffe": 31}


@cache
def module(which: str) -> nn.Module:
    torch.manual_seed(0)
    if which == "caffe":
        return BVLCGoogLeNet()
    return torchvision.models.googlenet(weights=None, init_weights=False, aux_logits=False)


@cache
def network(which: str = "torchvision") -> Network:
    return Network(module(which), name="googlenet")


@pytest.mark.parametrize("which", FIELDS)
def test_the_default_layers_are_the_articles(which: str) -> None:
    layers = network(which).layers
    assert [layer.name for layer in layers] == LAYERS
    assert [layer.units for layer in layers] == UNITS
    assert sum(layer.units for layer in layers) == 7376
    assert [layer.stride for layer in layers] == STRIDES
    assert [(layer.height, layer.width) for layer in layers] == [(224 // s,) * 2 for s in STRIDES]
    assert all(layer.rectified for layer in layers)


@pytest.mark.parametrize("which", FIELDS)
def test_receptive_fields_are_those_of_the_method(which: str) -> None:
    found = [layer.receptive_field for layer in network(which).layers]
    assert found == list(map(int, FIELDS[which].split()))


@pytest.mark.parametrize("which", FIELDS)
def test_the_smallest_input_is_the_first_that_reaches_the_deepest_layer(which: str) -> None:
    assert network(which).smallest_input == SMALLEST[which]
    plain = module(which).eval()
    with torch.inference_mode():
        plain(torch.zeros(1, 3, SMALLEST[which], SMALLEST[which]))
        with pytest.raises(RuntimeError):
            plain(torch.zeros(1, 3, SMALLEST[which] - 1, SMALLEST[which] - 1))


def test_the_smallest_input_serves_the_layers_behind_the_default_ones() -> None:
    vgg = torchvision.models.vgg11(weights=None, init_weights=False)
    found = Network(vgg, name="vgg11")
    assert found.smallest_input == 32  # five poolings by two
    image = torch.zeros(1, 3, 32, 32)
    for _, values in EarlyExitTrunk(found, ["features.20", "avgpool", "classifier.6"]).activations(
        image
    ):
        assert values.numel()


def test_inception_layers_say_which_units_come_from_which_branch() -> None:
    for layer in network().layers:
        if not layer.name.startswith("inception"):
            assert layer.branches == ()
            continue
        assert [branch.name for branch in layer.branches] == [f"branch{i}" for i in range(1, 5)]
        assert layer.branches[0].first == 0
        ends = [branch.first + branch.units for branch in layer.branches]
        assert ends == [branch.first for branch in layer.branches[1:]] + [layer.units]
    units = [branch.units for branch in network().layer("inception4a").branches]
    assert units == [192, 208, 48, 64]  # Szegedy et al. 2014, table 1


def test_concatenations_of_any_network_have_branches() -> None:
    dense = torchvision.models.DenseNet(4, (2, 2, 1, 1), num_init_features=8)
    found = Network(dense)
    block = found.layer("features.denseblock1")
    assert [branch.units for branch in block.branches] == [8, 4, 4]
    assert [branch.first for branch in block.branches] == [0, 8, 12]
    names = [branch.name for branch in block.branches]
    assert names == ["pool0", "denseblock1.denselayer1", "denseblock1.denselayer2"]


class Doubled(nn.Module):
    """Concatenates the image, and one part with itself."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return torch.cat([torch.cat([y], 1), y, y, x], dim=1)


def test_odd_concatenations_have_branches_too() -> None:
    found = Network(Doubled())
    assert [branch.units for branch in found.layer("cat").branches] == [4]
    assert [branch.first for branch in found.layer("cat_1").branches] == [0, 4, 8, 12]


def test_inner_nodes_can_be_named() -> None:
    inner = network().layer("inception4a.branch2.1.conv")
    assert (inner.units, inner.stride, inner.receptive_field) == (208, 16, 75 + 2 * 16)
    assert (inner.height, inner.width) == (14, 14)
    assert not inner.rectified
    for name, units in {"avgpool": 1024, "dropout": 1024, "fc": 1000}.items():
        layer = network().layer(name)
        assert (layer.units, layer.height, layer.width) == (units, 1, 1)
        assert layer.stride is layer.receptive_field is layer.center is None


def test_a_module_that_branches_inside_is_the_output_of_its_last_node() -> None:
    assert network().node_of("inception4a") == network().node_of("inception4a.cat")
    block = network().layer("inception4a.branch2")
    assert block.units == 208
    assert block.rectified


def test_an_unknown_layer_gets_one_line_with_the_nearest_names() -> None:
    for wrong in ("inception4f", "Conv1", "inception4a.branch2.1.covn", "", "inception4a.", "x y"):
        with pytest.raises(AtlasError) as caught:
            network().layer(wrong)
        assert repr(wrong) in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(AtlasError, match=r"inception4[a-e]"):
        network().select(["conv1", "inception4f"])
    with pytest.raises(AtlasError, match=r"inception4a\.branch2\.1\.conv"):
        network().layer("inception4a.branch2.1.covn")


def test_layers_come_in_depth_order_and_once() -> None:
    chosen = network().select(["inception5b", "fc", "inception4a", "conv1", "conv1", "inception4*"])
    names = [layer.name for layer in chosen]
    assert names == ["conv1", *LAYERS[8:13], "inception5b", "fc"]
    depths = [network().depth(name) for name in LAYERS]
    assert depths == sorted(set(depths))


def test_patterns_choose_among_the_default_layers_first() -> None:
    def names(pattern: str) -> list[str]:
        return [layer.name for layer in network().select([pattern])]

    assert names("*pool*") == ["maxpool1", "maxpool2", "maxpool3", "maxpool4"]
    assert names("inception[35]a") == ["inception3a", "inception5a"]
    assert names("inception3a.branch?.1.conv") == [
        f"inception3a.branch{i}.1.conv" for i in (2, 3, 4)
    ]
    with pytest.raises(AtlasError, match=r"'inception6\*'"):
        network().select(["inception6*"])


@pytest.mark.parametrize(
    ("name", "layers", "units", "fields"),
    [
        (
            "resnet18",
            ["relu", *(f"layer{size}.{block}" for size in (1, 2, 3, 4) for block in (0, 1))],
            [64, 64, 64, 128, 128, 256, 256, 512, 512],
            [7, 27, 43, 67, 99, 147, 211, 307, 435],  # Araujo et al. 2019, table 1: 435
        ),
        (
            "vgg11",
            [f"features.{i}" for i in (1, 4, 7, 9, 12, 14, 17, 19)],
            [64, 128, 256, 256, 512, 512, 512, 512],
            [3, 8, 18, 26, 46, 62, 102, 134],
        ),
        (
            "shufflenet_v2_x0_5",
            [
                "conv1",
                *(f"stage{size}.{i}" for size, n in ((2, 4), (3, 8), (4, 4)) for i in range(n)),
                "conv5",
            ],
            None,
            None,
        ),
    ],
)
def test_other_networks_show_blocks_or_activated_convolutions(
    name: str, layers: list[str], units: list[int] | None, fields: list[int] | None
) -> None:
    options = {"init_weights": False} if name == "vgg11" else {}
    found = Network(torchvision.models.get_model(name, weights=None, **options), name=name).layers
    assert [layer.name for layer in found] == layers
    if units is not None:
        assert [layer.units for layer in found] == units
        assert [layer.receptive_field for layer in found] == fields
    assert all(layer.stride and layer.stride * layer.height == 224 for layer in found)


def test_any_module_works_with_its_mean_and_std() -> None:
    torch.manual_seed(0)
    own = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 222**2, 2))
    found = load_network(own, mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 4.0))
    assert found.name == "sequential"
    assert [(layer.name, layer.units) for layer in found.layers] == [("1", 5)]
    assert (found.weights.source, found.weights.classes) == ("module", 2)
    image = np.random.default_rng(0).random((2, 3, 4, 5))
    expected = (image - np.array([0.1, 0.2, 0.3])[:, None, None]) / [[[1.0]], [[2.0]], [[4.0]]]
    normalized = found.normalize(torch.from_numpy(image))
    np.testing.assert_allclose(normalized, expected, rtol=1e-12)
    np.testing.assert_allclose(found.denormalize(normalized), image, rtol=1e-12)


def test_two_modules_are_one_network_only_with_the_same_weights() -> None:
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 2, 3), nn.Conv2d(3, 2, 3)

    def digest(part: nn.Module) -> str:
        return Network(nn.Sequential(part)).weights.sha256

    assert digest(first) != digest(second)
    second.load_state_dict(first.state_dict())
    assert digest(first) == digest(second)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (
            nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 2)),
            "no convolution that makes maps",
        ),
        (
            nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 30 * 30, 2)),
            "cannot take a 3x224x224 image",
        ),
    ],
)
def test_a_module_that_cannot_be_shown_gets_one_line(wrong: nn.Module, reason: str) -> None:
    with pytest.raises(AtlasError, match=reason) as caught:
        load_network(wrong)
    assert "\n" not in str(caught.value)


class Strict(nn.Module):
    """Says itself which images it takes, as transformers do."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        torch._assert(x.shape[2] == self.size, f"Expected {self.size} pixels.\nNo others.")
        return self.conv(x)


def test_a_module_that_asserts_its_size_is_used_at_that_or_refused() -> None:
    assert Network(Strict(224)).smallest_input == 224
    with pytest.raises(AtlasError, match=r"3x224x224 image \(Expected 32 pixels\.\)"):
        Network(Strict(32))


def test_an_unknown_precision_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="float16"):
        Network(nn.Sequential(nn.Conv2d(3, 2, 3)), precision="float16")  # type: ignore[arg-type]


def test_the_callers_module_stays_as_it_was() -> None:
    torch.manual_seed(0)
    own = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Conv2d(4, 2, 1),
    )
    own[3].eval()
    before = {name: value.clone() for name, value in own.state_dict().items()}
    modes = [part.training for part in own.modules()]
    found = load_network(own, precision="float64")
    for _ in EarlyExitTrunk(found, ["2", "4"]).activations(torch.rand(2, 3, 9, 9).double()):
        pass
    assert [part.training for part in own.modules()] == modes
    assert all(value.requires_grad for value in own.parameters())
    assert own[2].inplace
    for name, value in own.state_dict().items():
        assert value.dtype == before[name].dtype
        assert torch.equal(value, before[name]), name


# The receptive field against the gradient of one position with respect to the image


class Fork(nn.Module):
    """Two paths to one place, each of them of ones."""

    def __init__(self, tall: int, wide: int) -> None:
        super().__init__()
        self.tall = ones((tall, 1), (1, 1), (tall // 2, 0))
        self.wide = ones((1, wide), (1, 1), (0, wide // 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.tall(x) + self.wide(x)


def ones(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> nn.Conv2d:
    conv = nn.Conv2d(3, 3, kernel, stride, padding, dilation, bias=False)
    nn.init.constant_(conv.weight, 1 / conv.weight[0].numel())
    return conv


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def parts(draw: st.DrawFn) -> tuple[nn.Module, nn.Module]:
    """A part of a network, and the same with averages for maxima, whose gradient is everywhere."""
    kind = draw(st.sampled_from(["conv", "max", "average", "fork"]))
    if kind == "fork":
        fork = Fork(draw(st.sampled_from([1, 3, 5])), draw(st.sampled_from([1, 3, 5])))
        return fork, fork
    kernel, stride = draw(pairs(1, 4)), draw(pairs(1, 2))
    if kind == "conv":
        conv = ones(kernel, stride, draw(pairs(0, 2)), draw(pairs(1, 2)))
        return conv, conv
    padding = draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2))
    average = nn.AvgPool2d(kernel, stride, padding)
    return nn.MaxPool2d(kernel, stride, padding) if kind == "max" else average, average


def seen(linear: nn.Module, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last row and column that change a position, ``ahead`` of the middle of the map."""
    image = torch.ones(1, 3, 320, 320, dtype=torch.float64, requires_grad=True)
    output = linear(image)[0, 0]
    row, column = (side // 2 + ahead for side in output.shape)
    (gradient,) = torch.autograd.grad(output[row, column], image)
    places = np.argwhere(gradient[0, 0].numpy() != 0)
    return places.min(0), places.max(0)


@settings(max_examples=40)
@given(st.lists(parts(), min_size=1, max_size=4))
def test_a_receptive_field_is_where_the_image_changes_a_position(
    chain: list[tuple[nn.Module, nn.Module]],
) -> None:
    real = nn.Sequential(nn.Conv2d(3, 3, 1), *(part for part, _ in chain))
    found = Network(real).layer(str(len(chain)))
    linear = nn.Sequential(*(average for _, average in chain)).double()
    middle = np.array([side // 2 for side in linear(torch.ones(1, 3, 320, 320).double()).shape[2:]])
    first, last = seen(linear, 0)
    ahead, _ = seen(linear, 1)
    assert first.min() > 0 and last.max() < 319, "the borders cut off nothing"
    assert found.receptive_field == (last - first + 1).max()
    assert found.stride == (ahead - first).max()
    assert found.center is not None
    np.testing.assert_allclose(found.center + middle * (ahead - first), (first + last) / 2)
