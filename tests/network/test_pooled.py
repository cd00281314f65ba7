"""Which layers have the channels of an earlier one."""

import pytest
import torch
import torch.nn.functional as F
from support import odd_modules as odd
from torch import Tensor, nn

from atlas.network.network import Network
from atlas.network.pooled import pools


def plain(module: nn.Module, side: int = 16) -> Network:
    network = Network(module, input=(3, side, side))
    network.take_plain_way("for the test")
    return network


class Pools(nn.Module):
    """conv, max pooling, dropout, average pooling, ReLU, pooling, conv, mean over positions."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = odd.stem(), nn.Conv2d(8, 4, 1)
        self.pool1, self.drop, self.pool2 = nn.MaxPool2d(2), nn.Dropout(), nn.AvgPool2d(2)
        self.relu, self.pool3 = nn.ReLU(inplace=True), nn.AdaptiveMaxPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool2(self.drop(self.pool1(self.first(x))))
        return self.last(self.pool3(self.relu(x)))


LAYERS = ["first", "pool1", "pool2", "relu", "pool3", "last"]
FOUND = {"pool1": "first", "pool2": "first", "pool3": "relu"}


@pytest.mark.parametrize("make", [lambda module: Network(module, input=(3, 16, 16)), plain])
def test_a_pooling_repeats_channels_and_a_relu_makes_others(make: type) -> None:
    network = make(Pools())
    assert pools(network, LAYERS) == FOUND
    assert pools(network, LAYERS[1:]) == {"pool2": "pool1", "pool3": "relu"}
    # The ReLU overwrites what the pooling before it gave.
    assert pools(network, ["first", "pool3"]) == {}


def test_the_mean_over_positions_is_a_pooling_and_flattened_maps_are_none() -> None:
    class Means(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = odd.stem(), nn.Linear(8 * 4, 5)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            x = self.conv(x)
            return x.mean((2, 3)), self.fc(F.adaptive_avg_pool2d(x, 2).flatten(1))

    network = Network(Means(), input=(3, 16, 16))
    layers = ["conv", "mean", "adaptive_avg_pool2d", "flatten"]
    assert pools(network, layers) == {"mean": "conv", "adaptive_avg_pool2d": "conv"}


def test_a_container_of_a_pooling_is_one_in_the_plain_way() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        odd.stem(), nn.Sequential(nn.Identity(), nn.MaxPool2d(2)), odd.Branches()
    )
    module[2].conv1 = nn.Conv2d(8, 8, 1)
    network = Network(module, input=(3, 16, 16))
    assert network.graph is None
    assert pools(network, ["0", "1", "2.conv1"]) == {"1": "0"}
