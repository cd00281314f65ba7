"""Networks by address: what is made, what it is called, and one line for whatever goes wrong."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from atlas.cli import main
from atlas.errors import AtlasError, UsageError
from atlas.network.addresses.address import find_address
from atlas.network.loading import load_network
from atlas.network.network import Network

CODE = """
import torch
from torch import nn
import beside

class MyNet(nn.Module):
    def __init__(self, width=4, name="thin", *, sizes=(3,)):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, width, sizes[0]), nn.BatchNorm2d(width), nn.ReLU())
        self.head = nn.Linear(width, beside.CLASSES)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))

class Zoo:
    small = MyNet(width=2)

    @staticmethod
    def make(width):
        return MyNet(width)

def number():
    return 3

def failing():
    values = []
    return values[1]

def ending():
    raise SystemExit("usage: train")

text = "no network"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with code, which is the current one; what is imported is forgotten."""
    made = tmp_path / "code"
    (made / "package").mkdir(parents=True)
    (made / "mynet.py").write_text(CODE)
    (made / "beside.py").write_text("CLASSES = 5\n")
    (made / "package" / "__init__.py").write_text("")
    (made / "package" / "models.py").write_text(CODE)
    (made / "wrong.py").write_text("import torch\n\ndef f(:\n")
    (made / "raising.py").write_text("x = 1\n\ny = x / 0\n")
    (made / "lacking.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.chdir(made)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    yield made
    for name in set(sys.modules) - known:
        del sys.modules[name]


def layers(network: Network) -> list[tuple[str, int]]:
    return [(layer.name, layer.units) for layer in network.layers]


@pytest.mark.parametrize(
    ("address", "arguments", "units"),
    [
        ("mynet.py:MyNet", {}, 4),
        ("mynet.py:MyNet", {"width": 7, "sizes": [5]}, 7),
        ("mynet.py:Zoo.small", {}, 2),
        ("mynet.py:Zoo.make", {"width": 6}, 6),
        ("package.models:MyNet", {"width": 3}, 3),
    ],
)
def test_a_module_or_a_callable_is_found_in_a_file_or_package(
    address: str, arguments: dict[str, Any], units: int
) -> None:
    found = load_network(address, network_args=arguments)
    assert found.name == address
    assert layers(found) == [("body", units)]
    assert (found.weights.source, found.weights.classes) == ("module", 5)
    assert any("its own weights" in line for line in found.weights.remarks)
    assert any("--mean and --std say otherwise" in line for line in found.remarks)
    said = load_network(address, network_args=arguments, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert not said.remarks


def test_a_file_of_another_folder_finds_what_lies_beside_it_and_is_called_by_its_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_network(str(folder / "mynet.py") + ":MyNet")
    assert found.name == "mynet.py:MyNet"
    assert str(tmp_path) not in repr(found.weights)


def test_a_network_made_twice_is_the_same_and_one_of_other_arguments_is_another(
    folder: Path,
) -> None:
    first, again = load_network("mynet.py:MyNet"), load_network("mynet.py:MyNet")
    assert first.weights.sha256 == again.weights.sha256
    named = load_network("mynet.py:MyNet", network_args={"name": "other"})
    assert named.weights.sha256 != first.weights.sha256


def test_the_lot_of_the_caller_is_not_touched() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    load_network("mynet.py:MyNet")
    assert torch.equal(torch.rand(2), expected)


def test_a_file_of_weights_fills_it(folder: Path) -> None:
    whole = load_network("mynet.py:MyNet").module.state_dict()
    state = {key: value + 1 for key, value in whole.items() if value.is_floating_point()}
    torch.save(state, folder / "mine.pth")
    filled = load_network("mynet.py:MyNet", str(folder / "mine.pth"))
    assert (filled.weights.source, filled.weights.name) == ("file", "mine.pth")
    for key, value in state.items():
        assert torch.equal(filled.module.state_dict()[key], value)
    with pytest.raises(AtlasError, match=r"does not hold the weights of MyNet"):
        load_network("mynet.py:MyNet", str(folder / "mine.pth"), network_args={"width": 3})


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("mynet.py:MyNe", "no 'MyNe' in it; the nearest names are MyNet"),
        ("mynet.py:Zoo.large", "no 'large' in it"),
        ("mynet.py:text", "is str, and no torch.nn.Module"),
        ("mynet.py:number", "made int, and no torch.nn.Module"),
        ("mynet.py:failing", r"mynet.py, line 27: IndexError: list index out of range"),
        ("mynet.py:ending", "mynet.py, line 30: SystemExit: usage: train"),
        ("mynet.py:Zoo.make", "cannot be called: TypeError: .*missing.*width"),
        ("wrong.py:MyNet", "wrong.py, line 3: SyntaxError"),
        ("raising.py:MyNet", "raising.py, line 3: ZeroDivisionError"),
        ("lacking.py:MyNet", "lacking.py, line 1: ModuleNotFoundError: .*nowhere_to_be_found"),
        ("gone.py:MyNet", "there is no file gone.py"),
        ("package.gone:MyNet", "cannot be imported: ModuleNotFoundError"),
        ("package.models:Net", "no 'Net' in it; the nearest names are MyNet"),
    ],
)
def test_whatever_fails_in_the_code_is_one_line_that_says_where(address: str, reason: str) -> None:
    with pytest.raises(AtlasError, match=reason) as caught:
        load_network(address)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        *("mynet.py", "x.py:", ":MyNet", "a b:MyNet", "mynet.py:1", "mynet.py:My-Net"),
        *("timm:", "timm:a/b", "hf-hub:x", "hf-hub:a/b/c", "https://example.org:Net"),
    ],
)
def test_what_is_no_address_is_wrong_usage(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--network", wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["mynet.py:MyNet", "--weights", "imagenet"], "there are no imagenet weights of mynet.py"),
        (["mynet.py:MyNet", "--weights", "bundled"], "there are no bundled weights of mynet.py"),
        (["mynet.py:Zoo.small", "--network-args", "width=3"], "takes no network_args"),
        (["resnet18", "--network-args", "width=3"], "network_args are for"),
        (["mynet.py:MyNet", "--network-args", "width"], "key=value separated by commas"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    options: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["layers", "--network", *options]) == 2
    assert reason in capsys.readouterr().err.splitlines()[-1]


def test_the_command_line_says_that_code_runs_before_it_does(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "saying.py").write_text(
        "import os\nos.write(2, b'now\\n')\nfrom mynet import MyNet\n"
    )
    assert main(["layers", "--network", "saying.py:MyNet", "--network-args", "width=3"]) == 0
    said = capfd.readouterr()
    assert said.err.splitlines()[:2] == [
        "NOTICE: --network saying.py:MyNet runs the code of saying.py",
        "now",
    ]
    assert said.out.splitlines()[1].split() == ["body", "3", "1", "3"]


# timm


class Offline:
    """In place of timm's: no connection for published weights."""

    def __init__(self, create: Callable[..., nn.Module]) -> None:
        self.create = create
        self.asked: list[bool] = []

    def __call__(self, name: str, pretrained: bool, **options: Any) -> nn.Module:
        self.asked.append(pretrained)
        if pretrained and name != "resnet10t":
            raise OSError("Name or service\nnot known.")
        torch.manual_seed(1)
        return self.create(name, pretrained=False, **options)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Offline:
    timm = pytest.importorskip("timm", reason="timm is not installed")
    created = Offline(timm.create_model)
    monkeypatch.setattr(timm, "create_model", created)
    return created


def test_a_network_of_timm_has_the_input_it_was_trained_on(offline: Offline) -> None:
    found = load_network("timm:resnet10t")
    assert offline.asked == [True]
    assert (found.name, found.channels, found.input_size) == ("timm:resnet10t", 3, 176)
    assert found.mean == (0.485, 0.456, 0.406)
    other = load_network("timm:resnet10t", input=(3, 64, 64), mean=(0.5, 0.5, 0.5))
    assert (other.input_size, other.mean) == (64, (0.5, 0.5, 0.5))
    gray = load_network("timm:resnet10t", network_args={"in_chans": 1}, input=(1, 64, 64))
    assert (gray.mean, gray.std) == ((0.0,), (1.0,))


def test_a_file_gives_a_network_of_timm_its_weights_and_number_of_classes(
    offline: Offline, tmp_path: Path
) -> None:
    model = offline.create("resnet10t", num_classes=7)
    torch.save(model.state_dict(), tmp_path / "seven.pth")
    found = load_network("timm:resnet10t", str(tmp_path / "seven.pth"))
    assert offline.asked == [False, False]
    assert found.weights.classes == 7
    assert torch.equal(found.module.state_dict()["fc.weight"], model.state_dict()["fc.weight"])


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("timm:resnet18", "cannot be had .Name or service not known.; .*--weights FILE"),
        ("hf-hub:someone/some-model", "cannot be had .*--weights FILE"),
        ("timm:resnet10", "timm has no network 'resnet10'; the nearest names are resnet10t"),
    ],
)
def test_a_network_of_timm_that_cannot_be_had_is_one_line(
    offline: Offline, address: str, reason: str
) -> None:
    with pytest.raises(AtlasError, match=reason) as caught:
        load_network(address)
    assert "\n" not in str(caught.value)


def test_arguments_that_a_network_of_timm_does_not_take_are_named(offline: Offline) -> None:
    with pytest.raises(AtlasError, match=r"cannot be made .*nonsense"):
        load_network("timm:resnet10t", network_args={"nonsense": 3})


def test_without_timm_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(AtlasError, match="python -m pip install timm"):
        load_network("timm:resnet10t")


def test_plain_names_are_no_addresses() -> None:
    assert find_address("resnet18") is None
    with pytest.raises(UsageError, match=r"mynet\.py:NAME"):
        find_address("mynet.py")
