"""What units read from and argue for, against plain autograd and against kernels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from support import odd_modules as odd
from support.networks import googlenet, images
from torch import Tensor, nn

from atlas.network.network import Network
from atlas.network.pooled import pools
from atlas.relate.contributions import ARGUED, Contributions, Unit, contributions
from atlas.relate.own_pictures import from_pictures

WAYS = ("graph", "plain")


def made(module: nn.Module, way: str, side: int = 16, channels: int = 3) -> Network:
    network = Network(module.eval(), input=(channels, side, side), precision="float64")
    if way == "plain":
        network.take_plain_way("for the test")
    return network


def found(
    network: Network, layers: Sequence[str], shown: dict[Unit, list[int]], probe: Tensor
) -> dict[Unit, Contributions]:
    repeated = pools(network, layers)
    return contributions(network, layers, repeated, shown, lambda numbers: probe[list(numbers)])


def close(one: np.ndarray | None, other: Tensor, tolerance: float = 1e-10) -> None:
    assert one is not None
    wanted = other.detach().numpy()
    np.testing.assert_allclose(one, wanted, rtol=0, atol=tolerance * np.abs(wanted).max())


@pytest.mark.parametrize("way", WAYS)
def test_on_a_linear_path_a_contribution_is_that_of_the_kernel(way: str) -> None:
    torch.manual_seed(0)
    first, second = odd.stem(), nn.Conv2d(8, 4, 3, padding=1)
    network = made(nn.Sequential(first, nn.ReLU(inplace=True), nn.AvgPool2d(2), second), way)
    probe = images(2, 16)
    own = found(network, ["1", "2", "3"], {("3", 2): [1, 0]}, probe)["3", 2]
    with torch.no_grad():
        before = nn.AvgPool2d(2)(first.double()(probe).relu())
        second.double()
        each = [
            nn.functional.conv2d(before[:, c : c + 1], second.weight[2:3, c : c + 1], padding=1)
            for c in range(8)
        ]
    # Of the layer that is pooled, as its channels are the same.
    close(own.reads, torch.stack([kernel.mean() for kernel in each]))
    assert own.reads is not None and second.bias is not None
    assert own.response == pytest.approx(own.reads.sum() + second.bias[2].item(), rel=1e-10)


class Classifier(nn.Module):
    """Branches that are concatenated, local normalization, a skip, and classes."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.stem, self.left = nn.Conv2d(channels, 8, 3, 2, 1), nn.Conv2d(8, 3, 1)
        self.norm, self.right = nn.LocalResponseNorm(3, alpha=1.0), nn.Conv2d(8, 5, 3, padding=1)
        self.pool, self.after, self.fc = nn.MaxPool2d(2), odd.convolution(), nn.Linear(8, 6)

    def stages(self, x: Tensor) -> dict[str, Tensor]:
        stem = self.stem(x).relu()
        normed = self.norm(stem)
        cat = torch.cat([self.left(normed), self.right(normed)], 1)
        pool = self.pool(cat.sigmoid())
        last = self.after(pool).relu() + pool
        return {"stem": stem, "after": last, "fc": self.fc(last.mean((2, 3)))}

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(x)["fc"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("channels", [1, 3])
def test_contributions_are_activation_times_gradient(way: str, channels: int) -> None:
    torch.manual_seed(0)
    module = Classifier(channels)
    network = made(module, way, channels=channels)
    probe = torch.randn(5, channels, 16, 16, dtype=torch.float64)
    shown = {("stem", 3): [4, 0, 2, 1], ("norm", 5): [0], ("after", 1): [1, 2, 0, 3]}
    own = found(network, ["stem", "norm", "after"], shown, probe)
    module.double()
    stem = module.stem(probe)
    for unit, numbers in ((("stem", 3), shown["stem", 3]),):
        value = stem[numbers[:ARGUED]].detach().requires_grad_()
        normed = module.norm(value.relu())
        pool = module.pool(torch.cat([module.left(normed), module.right(normed)], 1).sigmoid())
        logits = module.fc((module.after(pool).relu() + pool).mean((2, 3)))
        expected = []
        for k in range(6):
            (gradient,) = torch.autograd.grad(logits[:, k].sum(), value, retain_graph=True)
            expected.append((value * gradient)[:, unit[1]].sum((1, 2)).mean())
        close(own[unit].argues, torch.stack(expected))
        assert own[unit].reads is None
    value = module.norm(stem.relu())[shown["after", 1]].detach().requires_grad_()
    pool = module.pool(torch.cat([module.left(value), module.right(value)], 1).sigmoid())
    response = module.after(pool)[:, 1].mean((1, 2))
    (gradient,) = torch.autograd.grad(response.sum(), value)
    close(own["after", 1].reads, (value * gradient).sum((2, 3)).mean(0))
    assert own["after", 1].response == pytest.approx(response.mean().item(), rel=1e-10)


def test_units_of_branches_read_as_units_of_the_whole_layer() -> None:
    network = Network(googlenet(), input=(3, 64, 64), precision="float64")
    layers, probe = ["inception3a", "inception3b"], images(2, 64)
    shown: dict[Unit, list[int]] = {("inception3b", unit): [0, 1] for unit in (5, 200, 400, 470)}
    own = found(network, layers, shown, probe)
    value = network.values(["inception3a"], probe)["inception3a"].requires_grad_()
    responses = network.module.get_submodule("inception3b")(value).mean((0, 2, 3))
    for (_, unit), each in own.items():
        (gradient,) = torch.autograd.grad(responses[unit], value, retain_graph=True)
        close(each.reads, (value * gradient).sum((0, 2, 3)), 1e-8)


@pytest.mark.parametrize("way", WAYS)
def test_a_unit_has_the_same_contributions_beside_any_others(way: str) -> None:
    torch.manual_seed(0)
    network, probe = made(Classifier(), way), images(12, 16)
    many: dict[Unit, list[int]] = {("after", u): [u, u + 1, u + 4] for u in range(8)}
    alone = found(network, ["stem", "after"], {("after", 3): many["after", 3]}, probe)["after", 3]
    beside = found(network, ["stem", "after"], many, probe)["after", 3]
    assert alone.reads is not None and alone.argues is not None
    close(beside.reads, torch.from_numpy(alone.reads))
    close(beside.argues, torch.from_numpy(alone.argues))


@pytest.mark.parametrize("way", WAYS)
def test_flat_layers_read_from_maps_and_the_last_argues_for_itself(way: str) -> None:
    torch.manual_seed(0)
    module = odd.Flattens()
    network = made(module, way, side=28, channels=1)
    probe = torch.randn(3, 1, 28, 28, dtype=torch.float64)
    own = found(network, ["conv2", "fc1", "fc2"], {("fc1", 4): [0, 2], ("fc2", 7): [1]}, probe)
    reads, last = own["fc1", 4].reads, module.fc2.weight.double()[7]
    assert reads is not None and reads.shape == (16,)
    values = network.values(["fc1", "fc2"], probe)
    read = values["fc1"][1] * (values["fc1"][1] > 0) * last.detach()
    close(own["fc2", 7].reads, read)
    logit = torch.zeros(10, dtype=torch.float64)
    logit[7] = values["fc2"][1, 7]
    close(own["fc2", 7].argues, logit)


def test_tokens_that_are_no_positions_count_too() -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    module: Any = timm.create_model(
        "vit_tiny_patch16_224", img_size=32, depth=2, num_classes=5, embed_dim=12, num_heads=2
    )
    network = Network(module, input=(3, 32, 32), precision="float64")
    probe = images(1)
    own = found(network, ["blocks.0", "blocks.1"], {("blocks.0", 3): [0]}, probe)["blocks.0", 3]
    value = network.values(["blocks.0"], probe)["blocks.0"].requires_grad_()
    module.double()
    logits = module.forward_head(module.norm(module.blocks[1](value)))
    gradients = [torch.autograd.grad(own, value, retain_graph=True)[0] for own in logits[0]]
    close(own.argues, torch.stack([(value * each)[0, :, 3].sum() for each in gradients]), 1e-8)


def test_pictures_of_any_size_are_shown_as_the_network_takes_them() -> None:
    torch.manual_seed(0)
    network = Network(odd.UNet(), input=(3, 32, 32), precision="float64")
    generator = np.random.default_rng(0)
    pictures = {
        ("bottom", unit): generator.integers(0, 255, (side, side, 3), np.uint8)
        for unit, side in enumerate((30, 32, 32))
    }
    own = from_pictures(network, ["down2", "bottom"], {}, pictures)
    assert list(own) == list(pictures)
    shown = torch.from_numpy(pictures["bottom", 2]).permute(2, 0, 1)[None].double() / 255
    values = network.values(["bottom"], network.normalize(shown))["bottom"]
    assert own["bottom", 2].response == pytest.approx(values[0, 2].mean().item())
    assert own["bottom", 0].reads is not None and own["bottom", 0].argues is None


def test_a_picture_that_only_the_layers_before_the_head_take_has_no_logits() -> None:
    torch.manual_seed(0)
    network = Network(odd.Flattens(), input=(1, 28, 28), precision="float64")
    generator = np.random.default_rng(0)
    pictures = {
        ("conv2", unit): generator.integers(0, 255, (side, side, 1), np.uint8)
        for unit, side in enumerate((28, 40))
    }
    own = from_pictures(network, ["conv1", "conv2"], {}, pictures)
    assert own["conv2", 0].argues is not None and own["conv2", 1].argues is None
    assert np.any(own["conv2", 1].reads)


@pytest.mark.parametrize("way", WAYS)
def test_several_cores_find_what_one_does(way: str) -> None:
    torch.manual_seed(0)
    network, probe = made(Classifier(), way), images(40, 16)
    shown: dict[Unit, list[int]] = {("after", u): [*range(5 * u, 5 * u + 5)] for u in range(8)}
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = found(network, ["stem", "after"], shown, probe)
        torch.set_num_threads(3)
        together = found(network, ["stem", "after"], shown, probe)
    finally:
        torch.set_num_threads(threads)
    for unit, one in alone.items():
        np.testing.assert_array_equal(one.reads, together[unit].reads)
        np.testing.assert_array_equal(one.argues, together[unit].argues)
