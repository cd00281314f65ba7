"""Which images a network takes is found out by trying."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import odd_modules as odd
from torch import nn

from atlas import AtlasError, load_network
from atlas.network.layout import Layout, layout_of
from atlas.network.network import Network
from atlas.network.sizes import Sizes


def unet() -> Network:
    torch.manual_seed(0)
    return load_network(odd.UNet(), input=(3, 64, 64))


def lenet() -> Network:
    torch.manual_seed(0)
    return load_network(odd.Flattens(), input=(1, 28, 28))


def test_sizes_that_must_be_divisible_are_found_out() -> None:
    network = unet()
    assert network.sizes == Sizes(smallest=4)
    assert [network.seen_size("out", size) for size in (4, 5, 16, 29, 249)] == [4, 8, 16, 32, 252]
    assert network.seen_size("down2", 29) == 29  # which comes before what has to be divisible


def test_a_network_of_one_size_lets_its_first_layers_see_any() -> None:
    network = lenet()
    assert network.sizes == Sizes(28, fixed=28)
    assert network.seen_size("conv2", 13) == 13
    assert network.seen_size("fc1", 13) == 28
    with pytest.raises(AtlasError, match="no image of 40 pixels in 'fc1'"):
        network.seen_size("fc1", 40)


def test_any_size_from_the_smallest() -> None:
    torch.manual_seed(0)
    network = load_network(nn.Sequential(nn.Conv2d(3, 4, 5), nn.Conv2d(4, 4, 5)), input=(3, 64, 64))
    assert network.sizes == Sizes(smallest=9)
    assert network.seen_size("1", 9) == 9


@given(
    st.integers(1, 9),
    st.integers(2, 40),
    st.integers(2, 40),
    st.integers(0, 3),
    st.sampled_from(["first", "last", "tokens", "tokens last"]),
)
def test_units_are_told_from_positions(
    units: int, side: int, other: int, extra: int, kind: str
) -> None:
    if side == other:
        other += 1
    if not kind.startswith("tokens"):
        extra = 0

    def shape(side: int) -> tuple[int, ...]:
        tokens = side**2 + extra
        shapes = {
            "first": (units, side, side),
            "last": (side, side, units),
            "tokens": (tokens, units),
            "tokens last": (units, tokens),
        }
        return shapes[kind]

    found = layout_of(shape(side), shape(other))
    # A few tokens may be a smaller square and some before it: that is no square for both sizes.
    if found is None:
        assert extra and min(side, other) < 3
        return
    assert found == Layout(kind, extra)  # type: ignore[arg-type]
    assert found.shape(shape(side)) == (units, side, side)
    values = torch.rand(2, *shape(side))
    assert found.maps(values).shape == (2, units, side, side)
