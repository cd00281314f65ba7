"""A file of weights is read whatever wraps them; one that is none gets one line that says why."""

import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.attacks import ATTACKS, Attack
from torch import Tensor, nn
from torchvision.models import get_model

from atlas.errors import AtlasError, UsageError
from atlas.network.weights.named import load_model
from atlas.network.weights.weight_file import digest

NETWORK = "squeezenet1_1"  # 5 MB


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return dict(get_model(NETWORK, weights=None).state_dict())


def prefixed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"module.{key}": value for key, value in state.items()}


def before(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{key}": value for key, value in state.items()}


def parallel_features(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As torch's own example of training on ImageNet writes networks like VGG."""
    return {key.replace("features.", "features.module."): value for key, value in state.items()}


WRAPPINGS: dict[str, Callable[[dict[str, Tensor]], Any]] = {
    "compiled": lambda state: before("_orig_mod.", state),
    "parallel features": parallel_features,
    "of torch's tutorial": lambda state: {"epoch": 1, "model_state_dict": state},
    "of Lightning": lambda state: {"state_dict": before("model.", state)},
    "plain": lambda state: state,
    "ordered": OrderedDict,
    "state_dict": lambda state: {"state_dict": state, "epoch": 90},
    "model": lambda state: {"model": state, "optimizer": {"lr": 0.1}},
    "nested": lambda state: {"model": {"state_dict": prefixed(state)}},
    "parallel": prefixed,
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_state_dict_is_unwrapped(state: dict[str, Tensor], tmp_path: Path, wrapping: str) -> None:
    torch.save(WRAPPINGS[wrapping](state), tmp_path / "w.pth")
    model, info = load_model(NETWORK, tmp_path / "w.pth")
    assert (info.source, info.name, info.classes) == ("file", "w.pth", 1000)
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key])


def test_a_deeper_network_of_the_same_names_is_refused(tmp_path: Path) -> None:
    torch.save(get_model("resnet34", weights=None).state_dict(), tmp_path / "w.pth")
    with pytest.raises(AtlasError, match=r"it has 'layer1\.2\.conv1\.weight' and .* more besides"):
        load_model("resnet18", tmp_path / "w.pth")


def test_a_file_without_the_head_makes_all_classes_alike_and_says_so(tmp_path: Path) -> None:
    state = get_model("resnet18", weights=None).state_dict()
    torch.save({key: state[key] for key in state if "fc." not in key}, tmp_path / "w.pth")
    model, info = load_model("resnet18", tmp_path / "w.pth")
    assert "the head fc is not in the file: all classes are alike" in "".join(info.remarks)
    assert not model.get_parameter("fc.weight").any() and not model.get_parameter("fc.bias").any()
    assert torch.equal(model.get_parameter("conv1.weight"), state["conv1.weight"])


def test_entries_of_one_file_are_different_weights(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    average = {key: value + 1 for key, value in state.items()}
    torch.save({"model": state, "model_ema": average}, tmp_path / "w.pth")
    plain = load_model(NETWORK, tmp_path / "w.pth")[1]
    model, info = load_model(NETWORK, tmp_path / "w.pth", "model_ema")
    assert torch.equal(model.state_dict()["features.0.bias"], average["features.0.bias"])
    assert info.sha256 != load_model(NETWORK, tmp_path / "w.pth", "model")[1].sha256
    assert info.sha256 != plain.sha256 == digest(tmp_path / "w.pth")
    assert info.as_json()["key"] == "model_ema" and "key" not in plain.as_json()
    assert "--weights-key model_ema takes them" in "".join(plain.remarks)


def test_a_key_is_for_a_file() -> None:
    with pytest.raises(UsageError, match="weights_key names an entry of a file"):
        load_model("googlenet", "bundled", "state_dict")


def test_the_old_names_in_densenets_published_files_are_known(tmp_path: Path) -> None:
    state = get_model("densenet121", weights=None, num_classes=3).state_dict()
    old = {re.sub(r"(norm|conv)([12])\.", r"\1.\2.", key): value for key, value in state.items()}
    assert sum("denselayer1.norm.1." in key for key in old) == 4 * 5
    torch.save(old, tmp_path / "w.pth")
    model, _ = load_model("densenet121", tmp_path / "w.pth")
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key])


def test_half_precision_becomes_single(state: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({key: value.half() for key, value in state.items()}, tmp_path / "w.pt")
    model, _ = load_model(NETWORK, tmp_path / "w.pt")
    for key, value in model.state_dict().items():
        assert value.dtype == torch.float32 and torch.equal(value, state[key].half().float())


@pytest.mark.parametrize("network", [NETWORK, "resnet18", "googlenet", "mnasnet0_5"])
def test_the_number_of_classes_is_read_off_the_file(network: str, tmp_path: Path) -> None:
    options = {"init_weights": False} if network == "googlenet" else {}
    torch.save(get_model(network, num_classes=7, **options).state_dict(), tmp_path / "w.pth")
    model, info = load_model(network, tmp_path / "w.pth")
    assert info.classes == 7
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 7)


def test_auxiliary_heads_of_a_file_are_ignored(tmp_path: Path) -> None:
    whole = get_model("googlenet", num_classes=7, aux_logits=True, init_weights=False)
    torch.save(whole.state_dict(), tmp_path / "w.pth")
    model, _ = load_model("googlenet", tmp_path / "w.pth")
    image = torch.rand(1, 3, 64, 64)
    assert torch.equal(model(image), whole.eval()(image))


@pytest.mark.parametrize("pickled", ATTACKS)
def test_code_in_place_of_weights_is_refused_and_never_runs(tmp_path: Path, pickled: str) -> None:
    ATTACKS[pickled]({"state_dict": Attack(tmp_path / "attacked")}, tmp_path / "w.pth")
    with pytest.raises(AtlasError, match=r"no state dict .*mkdir\), which was neither .* nor run"):
        load_model(NETWORK, tmp_path / "w.pth")
    assert not (tmp_path / "attacked").exists()


@pytest.mark.parametrize("kind", ["array", "pickle"])
def test_code_in_an_npz_is_refused_and_never_runs(tmp_path: Path, kind: str) -> None:
    attack = np.array([Attack(tmp_path / "attacked")], dtype=object)
    path = tmp_path / "w.npz"
    if kind == "array":
        np.savez(path, a=attack)
    else:
        path.write_bytes(pickle.dumps(attack))
    reason = "holds Python objects" if kind == "array" else "is no file of weights"
    with pytest.raises(AtlasError, match=reason):
        load_model("bvlc_googlenet", path)
    assert not (tmp_path / "attacked").exists()


def saved(content: Any) -> Callable[[Path], None]:
    return lambda path: torch.save(content, path)


def changed(**changes: Tensor | None) -> Callable[[Path], None]:
    """Weights of the network with some tensors exchanged, or left out."""

    def write(path: Path) -> None:
        state = get_model(NETWORK, weights=None).state_dict()
        for key, value in changes.items():
            if value is None:
                del state[key]
            else:
                state[key] = value
        torch.save(state, path)

    return write


def truncated(path: Path) -> None:
    torch.save({"weight": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", "no pickle")
        archive.writestr("notes.txt", "text")


SAFETENSORS = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'

BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "nothing": (lambda path: None, "No such file or directory"),
    "a folder": (Path.mkdir, "Is a directory"),
    "a text": (lambda path: path.write_text("weights\n"), "is no file of weights"),
    "an empty file": (lambda path: path.write_bytes(b""), "is no file of weights"),
    "a truncated file": (truncated, "damaged or incomplete"),
    "a zip of other things": (zipped, "not written by torch.save"),
    "safetensors": (
        lambda path: path.write_bytes(len(SAFETENSORS).to_bytes(8, "little") + SAFETENSORS),
        "is damaged or incomplete, or not written by safetensors",
    ),
    "a pointer": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "is a pointer of Git LFS",
    ),
    "a tensor": (saved(torch.zeros(3)), "holds no state dict but one Tensor"),
    "numbered tensors": (saved({0: torch.zeros(3)}), "holds no state dict but 0;"),
    "no tensor": (saved({}), "it holds nothing; write one"),
    "a list": (saved([1, 2]), "holds no state dict but one list"),
    "numbers": (saved({"epoch": 3}), "holds no state dict but 'epoch';"),
    "another wrapping": (
        saved({"epoch": 3, "net_state": {"a": torch.zeros(1)}}),
        r"'features.0.weight' is missing \(52 of 52 are\); it holds 'a' \(1 tensors, under 'net_st",
    ),
    "other names": (
        saved({f"net.{i}.weight": torch.zeros(1) for i in range(9)}),
        "it holds 'net.0.weight', 'net.1.weight', 'net.2.weight' and 6 more",
    ),
    "a whole module": (
        saved(nn.Linear(2, 2)),
        r"is missing .* it holds 'weight' and 'bias' .*torch.nn.modules.linear.Linear\), which was",
    ),
    "another network": (
        lambda path: torch.save(get_model("mnasnet0_5").state_dict(), path),
        f"not hold the weights of {NETWORK}: 'features.0.weight' is missing",
    ),
    "a tensor too few": (
        changed(**{"features.3.squeeze.bias": None}),
        "'features.3.squeeze.bias' is missing",
    ),
    "a tensor too many": (
        changed(**{"features.4.bias": torch.zeros(1)}),
        "it has 'features.4.bias' besides, within a part of the network",
    ),
    "another shape": (
        changed(**{"features.0.weight": torch.zeros(64, 1, 3, 3)}),
        r"shape of 'features.0.weight' is \(64, 1, 3, 3\) and not \(64, 3, 3, 3\)",
    ),
    **{
        f"numbers of {kind}": (
            changed(**{"features.0.bias": torch.ones(64, dtype=kind)}),
            f"the type of 'features.0.bias' is {kind} and not torch.float32",
        )
        for kind in (torch.uint8, torch.int64, torch.bool, torch.complex64)
    },
    "a sparse tensor": (
        changed(**{"features.0.bias": torch.ones(64).to_sparse()}),
        "'features.0.bias' is not a dense tensor",
    ),
    "a shape without its numbers": (
        changed(**{"features.0.bias": torch.empty(64, device="meta")}),
        "'features.0.bias' is not a dense tensor",
    ),
    "more classes than any memory holds": (
        changed(**{"classifier.1.weight": torch.ones(1, 512, 1, 1).expand(10**9, 512, 1, 1)}),
        "'classifier.1.weight' has a shape .* of more numbers than the file holds",
    ),
    "a number that single precision does not hold": (
        changed(**{"features.0.bias": torch.full((64,), 1e300, dtype=torch.float64)}),
        "'features.0.bias' has NaN or infinity",
    ),
    "NaN": (
        changed(**{"features.0.bias": torch.full((64,), torch.nan)}),
        "'features.0.bias' has NaN or infinity",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_wrong_file_gets_one_line_that_says_why(tmp_path: Path, what: str) -> None:
    write, reason = BROKEN[what]
    path = tmp_path / "wrong.pth"
    write(path)
    with pytest.raises(AtlasError, match=reason) as caught:
        load_model(NETWORK, path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["~nosuch/w.pth", "~nosuch/w.npz"])
def test_the_home_of_nobody_holds_no_weights(path: str) -> None:
    with pytest.raises(AtlasError, match="the home folder ~nosuch is unknown here"):
        load_model("bvlc_googlenet", path)


def test_a_state_dict_within_itself_is_none(tmp_path: Path) -> None:
    circle: dict[str, Any] = {}
    circle["state_dict"] = circle
    torch.save(circle, tmp_path / "w.pth")
    with pytest.raises(AtlasError, match="holds no state dict"):
        load_model(NETWORK, tmp_path / "w.pth")


@pytest.mark.parametrize("content", [b"text", b"", b"PK\x03\x04 cut short"])
def test_a_wrong_npz_gets_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.npz"
    path.write_bytes(content)
    with pytest.raises(AtlasError, match=r"wrong\.npz is (no file of weights|damaged)"):
        load_model("bvlc_googlenet", path)


def test_an_npz_is_for_caffes_network_alone(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.zeros(1))
    with pytest.raises(AtlasError, match="is for bvlc_googlenet"):
        load_model("googlenet", tmp_path / "w.npz")
