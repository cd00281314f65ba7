"""What comes behind a layer, computed from another value of it, is what the network itself makes.

Each promise is held in both ways: the graph, and hooks on the module.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from support import odd_modules as odd
from support.networks import agrees, images, resnet
from torch import Tensor, nn

from atlas.network.intervention import intervention
from atlas.network.network import Network
from atlas.network.tangents import derivative, forward_mode, twice_backward

WAYS = ("graph", "plain")


def made(module: nn.Module, way: str, side: int = 16, channels: int = 3) -> Network:
    network = Network(module.eval(), input=(channels, side, side), precision="float64")
    if way == "plain" and network.graph is not None:
        network.take_plain_way("for the test")
    return network


class Skips(nn.Module):
    """A skip around ``middle``, a ReLU that overwrites and is called twice, and classes."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle, self.beside = odd.stem(), odd.convolution(), odd.convolution()
        self.relu, self.fc = nn.ReLU(inplace=True), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.first(x))
        x = x * self.relu(self.middle(x)) + x
        return torch.softmax(self.fc(self.beside(x).reshape(len(x), 8, -1).mean(2)), 1)

    def logits(self, x: Tensor, middle: Tensor | None = None) -> Tensor:
        """As forward, before the softmax, and with another output of ``middle``."""
        x = F.relu(self.first(x))
        x = x * F.relu(self.middle(x) if middle is None else middle) + x
        return self.fc(self.beside(x).mean((2, 3)))


def skips() -> Skips:
    torch.manual_seed(0)
    return Skips().double()


PAIRS: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    "a skip": (skips, "middle", "beside"),
    "a module called twice": (skips, "relu", "relu_1"),
    "in place before a skip": (
        lambda: nn.Sequential(
            odd.stem(), odd.PreActivated(nn.ReLU(inplace=True)), odd.convolution()
        ),
        "0",
        "2",
    ),
    "a sum in place": (
        lambda: nn.Sequential(odd.stem(), odd.AddedInPlace(), odd.convolution()),
        "1.first",
        "2",
    ),
    "a batch norm": (resnet, "layer1", "layer2"),
    "a vector without a batch": (odd.Scaled, "conv1", "conv2"),
    "branches on values": (odd.Branches, "conv1", "conv2"),
    "a signature of transformers": (odd.Signature, "conv1", "conv2"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", PAIRS)
def test_with_nothing_replaced_a_later_layer_is_what_it_was(case: str, way: str) -> None:
    make, source, target = PAIRS[case]
    torch.manual_seed(1)
    network, shown, rows = made(make(), way, 32), images(2), [1, 0, 1]
    ends = (source, target)
    begun = intervention(network, ends, [ends]).begin(shown, [], [ends])
    expected = network.values(ends, shown)
    value = begun.value(source, rows)
    agrees(value, expected[source][rows], 1e-10)
    agrees(begun.go_on(ends, rows, value), expected[target][rows], 1e-10)
    # Once more, as what computes may not have been changed by it.
    agrees(begun.go_on(ends, rows[:1], value[:1]), expected[target][[1]], 1e-10)


def test_folded_batch_norms_are_in_the_precision_of_the_network() -> None:
    network, ends = Network(resnet(), input=(3, 32, 32)), ("layer1", "layer2")
    shown = images(2).float()
    begun = intervention(network, ends, [ends]).begin(shown, [], [ends])
    found = begun.go_on(ends, [0, 1], begun.value("layer1", [0, 1]))
    assert found.dtype == torch.float32
    agrees(found, network.values(ends, shown)["layer2"], 1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_put_in_counts_and_what_leads_past_it_is_held(way: str) -> None:
    module, shown = skips(), images(3, 16)
    network = made(module, way)
    ends = ("middle", None)
    ways = intervention(network, ["middle"], [ends])
    assert ways.classes == 5
    begun = ways.begin(shown, [], [ends])
    middle = torch.randn(2, 8, 8, 8, dtype=torch.float64, requires_grad=True)
    logits = begun.go_on(ends, [2, 0], middle)
    expected = module.logits(shown[[2, 0]], middle)
    agrees(logits, expected, 1e-10)
    (found,) = torch.autograd.grad(logits.square().sum(), middle)
    (wanted,) = torch.autograd.grad(expected.square().sum(), middle)
    agrees(found, wanted, 1e-10)


@pytest.mark.parametrize("way", WAYS)
def test_a_layer_that_does_not_lead_to_another_changes_nothing_there(way: str) -> None:
    class Apart(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = odd.stem(), odd.stem()

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.left(x), self.right(x)

    torch.manual_seed(0)
    network, ends = made(Apart(), way), ("left", "right")
    begun = intervention(network, ends, [ends]).begin(images(1, 16), [], [ends])
    value = torch.zeros_like(begun.value("left", [0])).requires_grad_()
    right = begun.go_on(ends, [0], value)
    assert not right.requires_grad
    agrees(right, network.values(["right"], images(1, 16))["right"], 1e-10)


@pytest.mark.parametrize("way", WAYS)
def test_maps_and_features_are_no_logits(way: str) -> None:
    torch.manual_seed(0)
    maps = nn.Sequential(odd.stem(), odd.convolution())
    features = nn.Sequential(odd.stem(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 6))
    features.append(nn.Unflatten(1, (2, 3)))
    for module in (maps, features):
        assert intervention(made(module, way), ["0"], [("0", None)]).classes == 0


class Cubed(torch.autograd.Function):
    """Has no forward mode."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return values**3

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors
        return gradients[0] * 3 * values**2


@pytest.mark.parametrize("cube", [lambda x: x**3, Cubed.apply])
def test_derivatives_along_a_direction_are_those_of_plain_autograd(
    cube: Callable[[Tensor], Tensor],
) -> None:
    generator = torch.Generator().manual_seed(3)
    place, direction, weight = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((2, 4), (2, 4), (4, 3))
    )
    jacobian = torch.autograd.functional.jacobian(lambda x: cube(x) @ weight, place)
    expected = torch.einsum("akbj,bj->ak", jacobian, direction)
    with forward_mode():
        agrees(derivative(lambda x: cube(x) @ weight, place, direction), expected, 1e-12)
    agrees(twice_backward(lambda x: cube(x) @ weight, place, direction), expected, 1e-12)


def test_an_error_of_a_modules_own_is_not_taken_for_a_missing_derivative() -> None:
    def fails(values: Tensor) -> Tensor:
        raise RuntimeError("no such thing")

    with forward_mode(), pytest.raises(RuntimeError, match="no such thing"):
        derivative(fails, torch.zeros(1), torch.zeros(1))
