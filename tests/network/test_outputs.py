"""The classes of a network: how many, which layer's units they are, and what they are called."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import nn
from torchvision.models import ResNet18_Weights, get_model

from atlas.network.addresses.timm_models import timm_classes
from atlas.network.architectures import untrained
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.network.outputs import classifying, count_outputs
from atlas.network.weights import named
from atlas.network.weights.class_names import class_names, imagenet_classes


class Tail(nn.Module):
    """A convolution and a classifier of ten classes; what is given after it is another's affair."""

    def __init__(self, after: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 10, 3)
        self.fc = nn.Linear(10, 10)
        self.after = after

    def forward(self, x: torch.Tensor) -> Any:
        return self.after(self.fc(self.conv(x).relu().mean((2, 3))))


def layers_of(network: Network, *names: str) -> set[str]:
    return classifying(network, [network.layer(name) for name in names])


@pytest.mark.parametrize(
    "after",
    [
        lambda x: x,
        lambda x: x.softmax(1),
        lambda x: nn.functional.log_softmax(x, 1),
        lambda x: (x, x.sum()),
        lambda x: x if x.sum() > -1e9 else 2 * x,  # has no graph
    ],
)
def test_a_layer_is_the_classes_where_it_is_given_or_its_softmax(after: Any) -> None:
    torch.manual_seed(0)
    network = load_network(Tail(after).eval(), input=(3, 32, 32))
    assert count_outputs(network) == 10
    assert layers_of(network, "conv", "fc") == {"fc"}


def test_a_layer_that_is_read_by_others_is_not() -> None:
    torch.manual_seed(0)
    network = load_network(Tail(nn.Linear(10, 10)).eval(), input=(3, 32, 32))
    assert layers_of(network, "conv", "fc", "after") == {"after"}


@pytest.mark.parametrize("after", [lambda x: {"classes": x}, lambda x: x[:, None], torch.argmax])
def test_a_network_that_gives_no_row_of_numbers_has_no_classes(after: Any) -> None:
    network = load_network(Tail(after).eval(), input=(3, 32, 32))
    assert count_outputs(network) is None and layers_of(network, "fc") == set()


def test_maps_whose_means_are_given_are_the_classes() -> None:
    torch.manual_seed(0)
    network = Network(get_model("squeezenet1_1").eval(), input=(3, 64, 64))
    assert layers_of(network, "classifier.1", "classifier.2") == {"classifier.2"}, "after its ReLU"


def test_the_bundled_network_has_the_classes_of_its_file() -> None:
    network = load_network("googlenet", "bundled")
    assert len(network.weights.categories) == 202 == count_outputs(network)
    assert network.weights.categories[0] == "goldfish"
    assert layers_of(network, "inception5b", "fc") == {"fc"}
    assert "categories" not in network.weights.as_json()


def test_published_weights_have_torchvisions_classes_wherever_they_lie() -> None:
    published = ResNet18_Weights.IMAGENET1K_V1
    names = tuple(published.meta["categories"])
    sha256 = Path(published.url).stem.rpartition("-")[2] + "0" * 56
    assert class_names("resnet18", sha256, {}, 1000) == names
    assert class_names("resnet18", sha256, {}, 999) == ()
    assert class_names("resnet50", sha256, {}, 1000) == ()


def test_a_file_of_ones_own_has_the_classes_it_names_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "own.pth"
    state = untrained("resnet18", 3).state_dict()
    for names, expected in (
        (["cat", " dog\n", "newt"], ("cat", r"dog\n", "newt")),
        (["cat", "dog"], ()),
        (["cat", "", "newt"], ()),
        ([1, 2, 3], ()),
        ("cat", ()),
    ):
        torch.save({"state_dict": state, "classes": names}, path)
        assert named.load_model("resnet18", path)[1].categories == expected
    torch.save(untrained("resnet18").state_dict(), path)
    assert named.load_model("resnet18", path)[1].categories == (), "1000 outputs say nothing"


def test_a_module_has_no_classes_however_many_outputs() -> None:
    assert load_network(get_model("squeezenet1_1").eval()).weights.categories == ()


def test_caffes_googlenet_has_imagenets_classes() -> None:
    names = class_names("bvlc_googlenet", "0" * 64, {}, 1000)
    assert names == imagenet_classes()
    assert (names[0], names[207], names[999]) == ("tench", "golden retriever", "toilet tissue")
    assert class_names("bvlc_googlenet", "0" * 64, {}, 365) == ()


@pytest.mark.parametrize(
    ("tag", "own", "arguments", "expected"),
    [
        ("a1_in1k", {}, {}, 1000),
        ("in1k", {}, {}, 1000),
        ("fb_in22k_ft_in1k", {}, {}, 1000),
        ("fb_in22k", {"num_classes": 21841}, {}, 0),
        ("a1_in1k", {}, {"num_classes": 1000}, 0),  # then its head is drawn by lot
        ("", {}, {}, 0),
        ("mine", {"label_names": ["cat", "dog"]}, {}, 2),
    ],
)
def test_timms_classes_are_imagenets_where_its_tag_says_so(
    tag: str, own: dict[str, Any], arguments: dict[str, Any], expected: int
) -> None:
    module: Any = timm.create_model("resnet10t", pretrained=False)
    assert module.pretrained_cfg["tag"] == "c3_in1k"
    module.pretrained_cfg = {**module.pretrained_cfg, "tag": tag, **own}
    assert len(timm_classes(module, arguments)) == expected
