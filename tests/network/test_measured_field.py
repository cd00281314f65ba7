"""Where a network's windows are not known, what its layers see is measured; or not known."""

from collections.abc import Callable

import pytest
import torch
from support import odd_modules as odd
from torch import Tensor, nn

from atlas import load_network
from atlas.network.layer import Layer
from atlas.network.measured_field import measured_field
from atlas.network.receptive_field import Extent, ReceptiveField


def layer(make: Callable[[], nn.Module], name: str) -> Layer:
    torch.manual_seed(0)
    return load_network(make(), input=(3, 96, 96)).layer(name)


def patches(*rest: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(nn.Conv2d(3, 8, 4, 4), *rest, nn.LazyConv2d(8, 3, padding=1))


@pytest.mark.parametrize(
    ("make", "name", "field", "stride"),
    [
        # By the gradient of the module itself: positions of 2 pixels, made of patches of 4.
        (patches(nn.ConvTranspose2d(8, 8, 2, 2)), "2", 8, 2),
        (patches(nn.Upsample(scale_factor=2)), "2", 8, 2),
        (patches(nn.PixelShuffle(2)), "2", 8, 2),
        (
            lambda: nn.Sequential(odd.Plain(3, 8, 7, 2, 3), nn.Conv2d(8, 8, 3, padding=1)),
            "1",
            11,
            2,
        ),
        (lambda: nn.Sequential(odd.Standardized(3, 8, 7, 2), nn.Conv2d(8, 8, 3)), "1", 11, 2),
        (
            lambda: nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 8, 3, 2), nn.ReflectionPad2d(2)),
            "2",
            3,
            2,
        ),
        (odd.Gated, "conv2", 7, 2),
    ],
)
def test_a_layer_sees_what_its_module_sees(
    make: Callable[[], nn.Module], name: str, field: int, stride: int
) -> None:
    def built() -> nn.Module:
        module = make()
        module(torch.zeros(1, 3, 96, 96))
        return module

    found = layer(built, name)
    assert (found.receptive_field, found.stride, found.field_known) == (field, stride, True)


def test_in_the_plain_way_fields_are_measured() -> None:
    found = layer(odd.Branches, "conv2")
    assert (found.receptive_field, found.stride) == (7, 2)
    assert found.center == (0.0, 0.0)


def test_a_measured_field_is_that_of_the_windows() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, (3, 5), 2), nn.MaxPool2d(3, 2), nn.Conv2d(4, 4, 3))
    expected = ReceptiveField((15, 17), (4, 4), (7.0, 8.0))
    assert measured_field(module, 3, 96) == expected


def test_what_sees_all_of_the_image_has_no_field() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1))
    assert measured_field(module, 3, 12) is Extent.WHOLE
    assert measured_field(nn.Sequential(nn.Conv2d(3, 4, 31), nn.ReLU()), 3, 32) is Extent.WHOLE


class Cleans(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.nan_to_num()


class Refuses(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        assert x.isfinite().all()
        return x


@pytest.mark.parametrize("spoils", [Cleans(), Refuses()])
def test_a_field_that_cannot_be_measured_is_not_known(spoils: nn.Module) -> None:
    torch.manual_seed(0)
    assert measured_field(nn.Sequential(spoils, nn.Conv2d(3, 4, 3)), 3, 32) is Extent.UNKNOWN
