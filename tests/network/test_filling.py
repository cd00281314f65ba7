"""What of a file fills a network, and what of the network may stay."""

from pathlib import Path

import pytest
import torch
from support.checkpoints import State, Tiny, filled, prefixed, state, without
from torch import nn

from atlas.errors import AtlasError
from atlas.network.weights.filling import fill

# Which entry


@pytest.mark.parametrize("key", ["ema", "ema.module"])
def test_averaged_weights_can_be_asked_for(tmp_path: Path, key: str) -> None:
    torch.save({"model": state(), "ema": {"module": state(2)}}, tmp_path / "w.pth")
    network = Tiny()
    fill(network, tmp_path / "w.pth", key)
    assert torch.equal(network.body.weight, state(2)["body.weight"])


def test_one_of_two_prefixes_can_be_asked_for(tmp_path: Path) -> None:
    torch.save(prefixed("online.", state()) | prefixed("target.", state(2)), tmp_path / "w.pth")
    network = Tiny()
    fill(network, tmp_path / "w.pth", "target")
    assert torch.equal(network.body.weight, state(2)["body.weight"])


def test_a_key_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    torch.save({"model": state(), "ema": state(2)}, tmp_path / "w.pth")
    with pytest.raises(AtlasError, match="under the key 'emma'; it holds 'model', 'ema'"):
        fill(Tiny(), tmp_path / "w.pth", "emma")


def test_the_network_may_have_the_prefix_that_the_file_has_not(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "w.pth")
    network = nn.ModuleDict({"net": Tiny()})
    assert "below 'net.'" in "".join(fill(network, tmp_path / "w.pth"))
    assert torch.equal(network.state_dict()["net.body.weight"], state()["body.weight"])


# The head


@pytest.mark.parametrize(
    ("held", "line"),
    [
        (state(1, 7), "the head fc.weight has 7 classes in the file and 5 in the network: left"),
        (without(state(), "fc.weight", "fc.bias"), "the head fc.weight is not in the file: left"),
        (without(state(), "fc.bias"), "the head fc.bias is not in the file: left"),
        (
            {**without(state(), "fc.weight", "fc.bias"), "fc.0.weight": torch.ones(3, 6)},
            "the head fc.weight is not in the file: left",
        ),
    ],
)
def test_another_head_leaves_that_of_the_network_and_is_said(
    tmp_path: Path, held: State, line: str
) -> None:
    torch.save(held, tmp_path / "w.pth")
    network = filled(3)
    assert line in "\n".join(fill(network, tmp_path / "w.pth"))
    assert torch.equal(network.body.weight, state()["body.weight"])
    assert torch.equal(network.fc.weight, state(3)["fc.weight"])
    assert torch.equal(network.fc.bias, state(3)["fc.bias"])
