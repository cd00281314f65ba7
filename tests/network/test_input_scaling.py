"""Whether an Inception network takes images in -1..1 is told by what its batch norm has seen."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models import GoogLeNet, Inception3, get_model

from atlas.errors import UsageError
from atlas.network.imagenet import IMAGENET_MEAN, IMAGENET_STD
from atlas.network.weights.input_scaling import takes_unit_range
from atlas.network.weights.named import load_model
from atlas.probe.stimuli import battery

MEAN, STD = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
RANGES = {"normalized": False, "-1..1": True}


def bundled() -> GoogLeNet:
    model, _ = load_model("googlenet", "bundled")
    assert isinstance(model, GoogLeNet)
    return model


def rewritten(model: GoogLeNet) -> GoogLeNet:
    """The same network, but for its padding, for images in -1..1."""
    model = copy.deepcopy(model)
    first: Any = model.conv1
    with torch.no_grad():
        first.bn.running_mean -= (first.conv.weight * ((0.5 - MEAN) / STD)).sum((1, 2, 3))
        first.conv.weight *= 0.5 / STD
    model.transform_input = True
    return model


def fine_tuned(model: GoogLeNet) -> GoogLeNet:
    """The network with every number a tenth up or down."""
    model = copy.deepcopy(model)
    torch.manual_seed(3)
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value *= 1 + 0.1 * torch.randn(value.shape)
    return model


@pytest.mark.parametrize("tuned", [False, True])
@pytest.mark.parametrize("range", RANGES)
def test_the_bundled_network_is_told_from_itself_for_other_images(range: str, tuned: bool) -> None:
    model = rewritten(bundled()) if RANGES[range] else bundled()
    image = torch.rand(1, 3, 64, 64)
    inner = (..., slice(2, -2), slice(2, -2))  # where no padding is seen, whose zeros are colors
    assert torch.allclose(stem(model, image)[inner], stem(bundled(), image)[inner], atol=1e-3)
    assert takes_unit_range(fine_tuned(model) if tuned else model) is RANGES[range]


@pytest.mark.parametrize("network", ["googlenet", "inception_v3"])
@pytest.mark.parametrize("range", [*RANGES, "0..1", "0..255"])
def test_filters_of_any_kind_are_told_by_other_images(network: str, range: str) -> None:
    natural = [stimulus for stimulus in battery() if stimulus.natural][3::15]
    drawn = torch.stack([torch.from_numpy(each.draw()) for each in natural])
    images = drawn.permute(0, 3, 1, 2)[..., 20:180, 20:180].float() / 255
    model: Any = get_model(network, weights=None, init_weights=False, aux_logits=True)
    assert takes_unit_range(model) is None, "it has seen no image"
    first: Any = model.conv1 if isinstance(model, GoogLeNet) else model.Conv2d_1a_3x3
    seen: dict[str, Tensor] = {
        "normalized": (images - MEAN) / STD,
        "-1..1": 2 * images - 1,
        "0..1": images,
        "0..255": 255 * images,
    }
    with torch.no_grad():
        response = F.conv2d(seen[range], first.conv.weight, stride=first.conv.stride)
    first.bn.running_mean.copy_(response.mean((0, 2, 3)))
    first.bn.running_var.copy_(response.var((0, 2, 3)))
    assert takes_unit_range(model) is RANGES.get(range)


def test_fine_tuned_weights_get_the_images_they_were_trained_on(tmp_path: Path) -> None:
    model, path = fine_tuned(rewritten(bundled())), tmp_path / "w.pth"
    torch.save({"model": model.state_dict()}, path)
    loaded, info = load_model("googlenet", path)
    assert isinstance(loaded, GoogLeNet) and loaded.transform_input is True
    said = "\n".join(info.remarks)
    assert "the statistics of conv1 are those of images in -1..1" in said
    assert "--transform-input no turns it off" in said
    image = torch.rand(1, 3, 64, 64)
    assert torch.allclose(loaded.conv1(loaded._transform_input(image)), stem(model, image))
    other, changed = load_model("googlenet", path, transform_input=False)
    assert isinstance(other, GoogLeNet) and other.transform_input is False
    assert changed.sha256 != info.sha256, "another network, another run"


def stem(model: GoogLeNet, image: Tensor) -> Tensor:
    return model.eval().conv1(model._transform_input(image))


def test_what_cannot_be_told_is_said_on_every_page(tmp_path: Path) -> None:
    state = get_model("googlenet", weights=None, init_weights=False, num_classes=3).state_dict()
    torch.save(state, tmp_path / "w.pth")
    loaded, info = load_model("googlenet", tmp_path / "w.pth")
    assert isinstance(loaded, GoogLeNet) and loaded.transform_input is False
    assert info.notice is not None and "--transform-input yes turns it on" in info.notice
    loaded, info = load_model("googlenet", tmp_path / "w.pth", transform_input=True)
    assert isinstance(loaded, GoogLeNet) and loaded.transform_input is True
    assert info.notice is None


def test_inception_v3_can_be_told_to_transform_its_input(tmp_path: Path) -> None:
    model = get_model("inception_v3", weights=None, init_weights=False, num_classes=2)
    torch.save(model.state_dict(), tmp_path / "w.pth")
    loaded, _ = load_model("inception_v3", tmp_path / "w.pth", transform_input=True)
    assert isinstance(loaded, Inception3) and loaded.transform_input is True


def test_other_networks_have_no_input_to_transform() -> None:
    with pytest.raises(UsageError, match="a choice for googlenet and inception_v3 alone"):
        load_model("resnet18", "auto", transform_input=True)
