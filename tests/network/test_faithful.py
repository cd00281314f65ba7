"""What is shown is of the user's own network: as its module gives it, or not at all."""

import copy
import warnings
from collections.abc import Callable

import pytest
import torch
import torchvision
from support import odd_modules as odd
from torch import Tensor, nn

from atlas import AtlasError, load_network
from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.faithful import check_faithful, verify
from atlas.network.network import Network
from atlas.network.single_channel import SingleChannels
from atlas.network.ways import layer_trunk, unit_trunk


def made(module: nn.Module) -> Network:
    return load_network(module, precision="float64", mean=(0.5,) * 3, std=(0.25,) * 3)


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return make().eval()


def given(module: nn.Module, layer: str, images: Tensor) -> Tensor:
    """What the module itself gives, in a layer that is a part of it, the last time it is called."""
    own = copy.deepcopy(module).double()
    outputs: list[Tensor] = []
    part = own.get_submodule(layer)
    part.register_forward_hook(lambda _, __, output: outputs.append(output.clone()))
    with torch.no_grad():
        own(images.clone())
    return outputs[-1]


def noise(count: int, size: int = 48, channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randn(count, channels, size, size, generator=generator, dtype=torch.float64)


def blocks(block: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(odd.stem(), block, nn.Conv2d(8, 4, 3, padding=1))


IN_A_GRAPH: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "ReLU before a skip": (blocks(odd.PreActivated(nn.ReLU(inplace=True))), "2"),
    "LeakyReLU before a skip": (blocks(odd.PreActivated(nn.LeakyReLU(0.1, inplace=True))), "2"),
    "+= before a skip": (blocks(odd.AddedInPlace()), "2"),
    "a module called twice": (odd.CallsInPlace, "conv2"),
    "a learned vector": (odd.Scaled, "conv2"),
    "a signature of transformers": (odd.Signature, "conv2"),
    **{
        f"{way} discarded": (lambda way=way: odd.Discards(way), "conv2")
        for way in ("F.relu", "positional", "torch.relu_", "clamp_", "add_", "mul_")
    },
}
PLAINLY: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "branches on values": (odd.Branches, "conv2"),
    "asserts": (odd.Asserts, "conv2"),
    "assigns to a part": (odd.Assigns, "conv2"),
    **{
        f"{way} discarded": (lambda way=way: odd.Discards(way), "conv2")
        for way in ("of a part", "of a view", "zero_")
    },
}


@pytest.mark.parametrize("case", [*IN_A_GRAPH, *PLAINLY])
def test_every_layer_is_that_of_the_module_itself(case: str) -> None:
    make, layer = (IN_A_GRAPH | PLAINLY)[case]
    module = seeded(make)
    network, images = made(module), noise(3)
    first = "conv1" if hasattr(module, "conv1") else "0"
    verify(network, [first, layer])
    assert (network.graph is None) == (case in PLAINLY)
    assert bool(network.remarks) == (case in PLAINLY)
    trunk = layer_trunk(network, [first, layer])
    found = dict(trunk.activations(images.clone(), {first: 1, layer: 2}))
    torch.testing.assert_close(found[first], given(module, first, images)[:1], rtol=0, atol=1e-12)
    torch.testing.assert_close(found[layer], given(module, layer, images)[1:], rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", ["ReLU before a skip", "branches on values"])
def test_the_gradient_is_that_of_the_module_itself(case: str) -> None:
    make, layer = (IN_A_GRAPH | PLAINLY)[case]
    module = seeded(make)
    network, images = made(module), noise(2).requires_grad_()
    units = [(layer, 1), (layer, 3)]
    maps = torch.cat(list(unit_trunk(network, units).maps(units, images.device)(images)))
    (found,) = torch.autograd.grad(maps.square().sum(), images)
    own = copy.deepcopy(module).double()
    outputs: list[Tensor] = []

    def take(part: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        outputs.append(output)

    own.get_submodule(layer).register_forward_hook(take)
    again = images.detach().clone().requires_grad_()
    own(again.clone())
    wanted = outputs[0][[0, 1], [1, 3]].square().sum()
    torch.testing.assert_close(found, torch.autograd.grad(wanted, again)[0])


def test_silent_units_are_reached_in_the_plain_way_too() -> None:
    class Closed(odd.Branches):
        def __init__(self) -> None:
            super().__init__()
            self.activation = nn.ReLU(inplace=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.activation(super().forward(x))

    module = seeded(Closed)
    with torch.no_grad():
        module.state_dict()["conv2.bias"].fill_(-100)  # closed everywhere
    network, images = made(module), noise(1).requires_grad_()
    assert network.graph is None
    units = [("activation", 2)]
    for redirect in (False, True):
        trunk = unit_trunk(network, units, redirect=redirect)
        (maps,) = trunk.maps(units, images.device)(images)
        (gradient,) = torch.autograd.grad(-maps.mean(), images)
        assert bool(gradient.any()) == redirect


def test_a_graph_that_differs_is_not_used() -> None:
    network = made(seeded(lambda: nn.Sequential(odd.stem(), nn.ReLU(), odd.convolution())))
    assert network.graph is not None
    with torch.no_grad():
        network.graph.state_dict()["2.weight"].mul_(1.01)
    verify(network, ["0", "2"])
    assert network.graph is None
    (remark,) = network.remarks
    assert "slower" in remark and "another" in remark
    verify(network, ["0", "2"])  # the module itself is what it is


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (odd.Detaches, "no gradient leads from 'conv2'.*detach"),
        (odd.Rounds, "no gradient leads from 'conv2'"),
        (odd.Draws, "by lot"),
        (
            lambda: nn.Sequential(odd.stem(), nn.BatchNorm2d(8, track_running_stats=False)),
            "other images of its batch",
        ),
    ],
)
def test_what_no_picture_can_be_made_for_is_refused(
    make: Callable[[], nn.Module], said: str
) -> None:
    network = made(seeded(make))
    with pytest.raises(AtlasError, match=said) as caught:
        verify(network, [list(dict(network.module.named_children()))[-1]])
    assert "\n" not in str(caught.value)


def test_a_scripted_module_is_refused_in_one_line() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(nn.Sequential(odd.stem()))
    with pytest.raises(AtlasError, match="TorchScript"):
        load_network(scripted)


@pytest.mark.parametrize(
    "wrap",
    [torch.compile, nn.DataParallel, torch.optim.swa_utils.AveragedModel],
    ids=["compile", "DataParallel", "AveragedModel"],
)
def test_wrappers_are_taken_off(wrap: Callable[[nn.Module], nn.Module]) -> None:
    module = seeded(lambda: nn.Sequential(odd.stem(), nn.ReLU(), odd.convolution()))
    network = made(wrap(module))
    assert [layer.name for layer in network.layers] == ["1", "2"]


@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated")
def test_computed_weights_are_those_of_the_module() -> None:
    new, old = nn.utils.parametrizations, nn.utils
    module = seeded(
        lambda: nn.Sequential(
            new.weight_norm(odd.stem()),
            nn.ReLU(),
            old.weight_norm(odd.convolution()),
            new.spectral_norm(odd.convolution()),
            old.spectral_norm(odd.convolution()),
            odd.Standardized(8, 8, 3, padding=1),
        )
    )
    module(noise(1).float())  # as a trained module has been called
    module.eval()
    network = made(module)
    names = ["0", "2", "3", "4", "5"]
    assert max(each.error for each in check_faithful(network, names)) < 1e-6
    found = dict(EarlyExitTrunk(network, names).activations(noise(2)))
    with torch.no_grad():
        wanted = module(noise(2).float()).double()
    torch.testing.assert_close(found["5"], wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "layer", "units", "side"),
    [
        ("convnext_tiny", "features.1.0.block.2", 96, 56),
        ("convnext_tiny", "features.1.0.block.5", 96, 56),
        ("swin_t", "features.1", 96, 56),
        ("swin_t", "features.3.0.mlp.0", 768, 28),
        ("vit_b_32", "encoder.layers.encoder_layer_1", 768, 7),
    ],
)
def test_units_are_channels_wherever_their_axis_lies(
    name: str, layer: str, units: int, side: int
) -> None:
    module = seeded(lambda: smaller(name))
    network = load_network(module)
    found = network.layer(layer)
    assert (found.units, found.height, found.width) == (units, side, side)
    verify(network, [layer])
    assert network.graph is not None
    ((_, maps),) = layer_trunk(network, [layer]).activations(noise(1, 224).float())
    wanted = given(module, layer, noise(1, 224))
    if wanted.ndim == 3:  # tokens, of which the first is that of the class
        wanted = wanted[:, 1:].unflatten(1, (side, side))
    torch.testing.assert_close(maps.double(), wanted.permute(0, 3, 1, 2), rtol=1e-3, atol=1e-4)


def smaller(name: str) -> nn.Module:
    if name == "vit_b_32":
        return torchvision.models.VisionTransformer(224, 32, 2, 4, 768, 256, num_classes=5)
    if name == "swin_t":
        return torchvision.models.SwinTransformer([4, 4], 96, [1, 1], [3, 6], [7, 7], num_classes=5)
    stages = [torchvision.models.convnext.CNBlockConfig(96, None, 2)]
    return torchvision.models.ConvNeXt(stages, num_classes=5)


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("alexnet", ["features.0", "features.3"]),
        ("resnet18", ["bn1", "layer1.0.bn1", "layer1.0.bn2"]),
        ("squeezenet1_1", ["features.0"]),
    ],
)
def test_a_layer_before_an_activation_in_place_is_not_rectified(
    name: str, layers: list[str]
) -> None:
    network = load_network(seeded(lambda: torchvision.models.get_model(name, weights=None)))
    for layer in layers:
        assert not network.layer(layer).rectified
    assert network.layer("features.1" if name != "resnet18" else "relu").rectified


def test_a_single_unit_that_would_be_another_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    network = made(seeded(lambda: nn.Sequential(odd.stem(), nn.ReLU(), odd.convolution())))
    trace = SingleChannels._trace
    monkeypatch.setattr(SingleChannels, "_trace", lambda *own: (trace(*own)[0], 0))
    verify(network, ["1", "2"])
    assert network.graph is None, "the units' own maps are compared too"


class Halves(odd.Branches):
    """Computes with numbers of one precision, whatever its weights have."""

    def forward(self, x: Tensor) -> Tensor:
        assert x.shape[2] == x.shape[3]
        return self.conv2(self.conv1(x) * torch.tensor([2.0]))


def test_a_module_that_does_not_compute_in_bfloat16_is_refused_in_one_line() -> None:
    network = load_network(seeded(Halves), precision="bfloat16", mean=(0.5,) * 3, std=(0.5,) * 3)
    with pytest.raises(AtlasError, match=r"in bfloat16 .*try --precision float32"):
        verify(network, ["conv2"])
    verify(load_network(seeded(Halves)), ["conv2"])
