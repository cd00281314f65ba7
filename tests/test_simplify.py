"""The rewritten network computes the same, and its gradient is the same."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.network import Network
from atlas.network.simplify import PhaseConv2d


@given(
    kernel=st.integers(1, 8),
    stride=st.integers(2, 4),
    padding=st.integers(0, 4),
    channels=st.integers(1, 4),
    sides=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    bias=st.booleans(),
)
def test_a_strided_convolution_is_the_same_on_phases(
    kernel: int, stride: int, padding: int, channels: int, sides: tuple[int, int], bias: bool
) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(channels, 2, kernel, stride, padding, bias=bias).double()
    assert PhaseConv2d.suits(convolution)
    smallest = max(1, kernel - 2 * padding)
    image = torch.rand(2, channels, smallest + sides[0], smallest + sides[1]).double()
    image.requires_grad_()
    expected, found = convolution(image), PhaseConv2d(convolution)(image)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    weights = torch.rand_like(expected)
    (slope,) = torch.autograd.grad((expected * weights).sum(), image)
    (same,) = torch.autograd.grad((found * weights).sum(), image)
    torch.testing.assert_close(same, slope, rtol=0, atol=1e-12)


def test_only_convolutions_of_images_with_equal_strides_are_done_on_phases() -> None:
    assert PhaseConv2d.suits(nn.Conv2d(3, 8, 7, 2, 3))
    for other in (
        nn.Conv2d(3, 8, 7),
        nn.Conv2d(64, 8, 3, 2),
        nn.Conv2d(3, 8, (7, 5), 2),
        nn.Conv2d(3, 8, 7, (2, 1)),
        nn.Conv2d(3, 8, 7, 2, (3, 1)),
        nn.Conv2d(3, 9, 7, 2, groups=3),
        nn.Conv2d(3, 8, 3, 2, dilation=2),
        nn.Conv2d(3, 8, 7, 2, 3, padding_mode="reflect"),
        nn.Conv2d(3, 8, 7, 1, padding="same"),
    ):
        assert not PhaseConv2d.suits(other)


class Normed(nn.Module):
    """Batch norms called by keyword, twice, and one that has no statistics of its own."""

    def __init__(self, tracked: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4, track_running_stats=tracked)
        self.last = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(input=self.first(input=x)).relu()
        return self.last(self.norm(self.second(x)) + self.norm(input=x))


@pytest.mark.parametrize("tracked", [True, False])
def test_batch_norms_are_folded_however_they_are_called(tracked: bool) -> None:
    torch.manual_seed(0)
    module = Normed(tracked).eval()
    if module.norm.running_mean is not None:
        module.norm.running_mean.uniform_(-1, 1)
    network = Network(module)
    image = torch.rand(2, 3, 12, 12)
    with torch.inference_mode():
        ((_, found),) = EarlyExitTrunk(network, ["last"]).activations(image)
        expected = module(image)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
