"""Weights from every source, and one clear line for every file that is none."""

import hashlib
import os
import pickle
import socket
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import GoogLeNet_Weights, get_model

from atlas.errors import AtlasError, UsageError
from atlas.network import weights
from atlas.network.weights import fetch, load_model, trained_without_scale

NETWORK = "squeezenet1_1"  # 5 MB


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return dict(get_model(NETWORK, weights=None).state_dict())


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "torch" / "hub" / "checkpoints"


# The bundled weights


def test_bundled_network_is_frozen_whole_and_says_what_it_is() -> None:
    model, info = load_model("googlenet", "bundled")
    assert (info.source, info.name, info.classes) == ("bundled", "googlenet-tinyimagenet.pt", 202)
    assert info.sha256 == hashlib.sha256(weights.BUNDLED.read_bytes()).hexdigest()
    assert info.notice is not None and "Tiny ImageNet" in info.notice
    assert not model.training
    assert not any(name.startswith("aux") for name, _ in model.named_parameters())
    for parameter in model.parameters():
        assert parameter.dtype == torch.float32 and not parameter.requires_grad
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 202)


def test_bundled_classes_are_named() -> None:
    content = torch.load(weights.BUNDLED, weights_only=True)
    assert len(content["classes"]) == len(content["wnids"]) == 202


def test_only_googlenet_comes_bundled() -> None:
    with pytest.raises(AtlasError, match="bundled weights are googlenet's"):
        load_model("resnet18", "bundled")


# torchvision's weights, from a server of our own


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address where its files are served."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def nowhere() -> str:
    """An address where nothing answers."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def named_by_hash(content: bytes) -> str:
    return f"file-{hashlib.sha256(content).hexdigest()[:8]}.pth"


def test_a_file_is_downloaded_once(served: tuple[Path, str], empty_cache: Path) -> None:
    folder, address = served
    name = named_by_hash(b"content")
    (folder / name).write_bytes(b"content")
    assert fetch(f"{address}/{name}") == empty_cache / name
    (folder / name).unlink()
    assert fetch(f"{address}/{name}").read_bytes() == b"content"


def test_a_download_with_another_hash_is_refused(
    served: tuple[Path, str], empty_cache: Path
) -> None:
    folder, address = served
    (folder / "file-00000000.pth").write_bytes(b"content")
    with pytest.raises(AtlasError, match="invalid hash value"):
        fetch(f"{address}/file-00000000.pth")
    assert not list(empty_cache.iterdir())


def test_a_damaged_file_in_the_cache_is_downloaded_again(
    served: tuple[Path, str], empty_cache: Path
) -> None:
    folder, address = served
    name = named_by_hash(b"content")
    (folder / name).write_bytes(b"content")
    empty_cache.mkdir(parents=True)
    (empty_cache / name).write_bytes(b"cont")
    assert fetch(f"{address}/{name}").read_bytes() == b"content"


def test_a_damaged_file_in_the_cache_is_not_used_offline(empty_cache: Path, nowhere: str) -> None:
    name = named_by_hash(b"content")
    empty_cache.mkdir(parents=True)
    (empty_cache / name).write_bytes(b"cont")
    with pytest.raises(AtlasError, match="cannot be downloaded"):
        fetch(f"{nowhere}/{name}")


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "DOWNLOAD_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file-00000000.pth"
        with pytest.raises(AtlasError, match="timed out"):
            fetch(url)
    assert socket.getdefaulttimeout() is None


def publish(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(GoogLeNet_Weights.IMAGENET1K_V1.value, "url", url)


def test_imagenet_weights_are_downloaded_and_their_input_transformed(
    served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, address = served
    published = get_model("googlenet", weights=None, init_weights=False)
    torch.save({k: v.half() for k, v in published.state_dict().items()}, folder / "weights")
    sha256 = hashlib.sha256((folder / "weights").read_bytes()).hexdigest()
    name = f"googlenet-{sha256[:8]}.pth"
    (folder / "weights").rename(folder / name)
    publish(monkeypatch, f"{address}/{name}")
    for choice in ("auto", "imagenet"):
        model, info = load_model("googlenet", choice)
        assert (info.source, info.name, info.sha256) == ("imagenet", name, sha256)
        assert (info.classes, info.notice) == (1000, None)
        assert model.transform_input is True
        assert not any(key.startswith("aux") for key, _ in model.named_parameters())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pickled", ["of torch", "plain", "of old torch"])
@pytest.mark.parametrize("choice", ["auto", "imagenet"])
def test_code_in_a_published_file_never_runs_though_its_hash_be_right(
    served: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pickled: str,
    choice: str,
) -> None:
    folder, address = served
    ATTACKS[pickled]({"state_dict": Attack(tmp_path / "attacked")}, folder / "weights")
    name = named_by_hash((folder / "weights").read_bytes())
    (folder / "weights").rename(folder / name)
    publish(monkeypatch, f"{address}/{name}")
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(AtlasError, match=r"holds code besides tensors|is no file of weights"):
        load_model("googlenet", choice)
    assert not (tmp_path / "attacked").exists()
    assert os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] == "1"
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


def test_offline_auto_falls_back_to_the_bundled_weights_with_a_notice(
    monkeypatch: pytest.MonkeyPatch, nowhere: str
) -> None:
    publish(monkeypatch, f"{nowhere}/googlenet-00000000.pth")
    _, info = load_model("googlenet", "auto")
    assert info.source == "bundled" and info.notice
    reason = info.remarks[-1]
    assert reason.startswith("auto took the bundled weights: ") and "cannot be downloaded" in reason
    assert nowhere not in str(info.as_json()), "a run does not depend on where it was made"
    assert len(load_model("googlenet", "bundled")[1].remarks) == 1
    with pytest.raises(AtlasError, match=r"googlenet-00000000\.pth cannot be downloaded"):
        load_model("googlenet", "imagenet")


def test_caffes_weights_are_not_to_be_downloaded() -> None:
    with pytest.raises(AtlasError, match=r"give its \.npz file"):
        load_model("bvlc_googlenet", "auto")


# Files


def prefixed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"module.{key}": value for key, value in state.items()}


WRAPPINGS: dict[str, Callable[[dict[str, Tensor]], Any]] = {
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


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


ATTACKS: dict[str, Callable[[Any, Path], Any]] = {
    "of torch": torch.save,
    "of old torch": partial(torch.save, _use_new_zipfile_serialization=False),
    "plain": lambda attack, path: path.write_bytes(pickle.dumps(attack, 2)),
    "plain and new": lambda attack, path: path.write_bytes(pickle.dumps(attack, 5)),
}


@pytest.mark.parametrize("pickled", ATTACKS)
def test_code_in_a_file_is_refused_and_never_runs(tmp_path: Path, pickled: str) -> None:
    ATTACKS[pickled]({"state_dict": Attack(tmp_path / "attacked")}, tmp_path / "w.pth")
    with pytest.raises(AtlasError, match=r"holds code besides tensors|is no file of weights"):
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
        "is no file of weights as torch.save writes them, but of safetensors",
    ),
    "a pointer": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "but a pointer of Git LFS",
    ),
    "a tensor": (saved(torch.zeros(3)), "holds no state dict but one Tensor"),
    "numbered tensors": (saved({0: torch.zeros(3)}), "holds no state dict but 0;"),
    "no tensor": (saved({}), "'features.0.weight' is missing; it holds nothing"),
    "a list": (saved([1, 2]), "holds no state dict but one list"),
    "numbers": (saved({"epoch": 3}), "holds no state dict but 'epoch';"),
    "another wrapping": (
        saved({"epoch": 3, "net_state": {"a": torch.zeros(1)}}),
        "holds no state dict but 'epoch' and 'net_state'; write one with",
    ),
    "other names": (
        saved({f"net.{i}.weight": torch.zeros(1) for i in range(9)}),
        "is missing; it holds 'net.0.weight', 'net.1.weight', 'net.2.weight' and 6 more",
    ),
    "a whole module": (
        saved(nn.Linear(2, 2)),
        r"holds code besides tensors \(torch.nn.modules.linear.Linear\)",
    ),
    "another network": (
        lambda path: torch.save(get_model("mnasnet0_5").state_dict(), path),
        f"not hold the weights of {NETWORK}: 'features.0.weight' is missing",
    ),
    "a tensor too few": (
        changed(**{"features.3.squeeze.bias": None}),
        "'features.3.squeeze.bias' is missing",
    ),
    "a tensor too many": (changed(extra=torch.zeros(1)), "it has no 'extra'"),
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


@pytest.mark.parametrize("network", ["vit_b_16", "swin_t", "swin_v2_b", "maxvit_t"])
def test_a_transformer_is_refused_before_anything_is_downloaded(
    network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "fetch", lambda url: pytest.fail("downloads"))
    with pytest.raises(UsageError, match=f"{network} is a transformer") as caught:
        load_model(network)
    assert "\n" not in str(caught.value)
    assert network not in weights.networks()


def test_the_input_is_normalized_as_the_published_weights_were_trained() -> None:
    for network in weights.networks():
        known = weights.normalization(network)
        if known and network != "efficientnet_v2_l":
            assert known == ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), network
    assert weights.normalization("efficientnet_v2_l") == ([0.5] * 3, [0.5] * 3)
    assert weights.normalization("bvlc_googlenet") is None


def test_an_unknown_network_is_told_the_nearest_names() -> None:
    with pytest.raises(UsageError, match="googlenet"):
        load_model("goglenet")


# The published GoogLeNet re-normalizes its input, and its state dict does not say so


def test_weights_converted_from_slim_are_recognized_by_their_tensors(tmp_path: Path) -> None:
    model = get_model("googlenet", weights=None, aux_logits=False, init_weights=False)
    state = model.state_dict()
    assert not trained_without_scale(state), "batch norm as it starts in torch"
    for key, value in state.items():
        if key.endswith("bn.bias"):
            value.uniform_(-1, 1)
    torch.save(state, tmp_path / "w.pth")
    loaded, _ = load_model("googlenet", tmp_path / "w.pth")
    assert loaded.transform_input is True
    state["conv1.bn.weight"][0] = 1.001
    torch.save(state, tmp_path / "w.pth")
    loaded, _ = load_model("googlenet", tmp_path / "w.pth")
    assert loaded.transform_input is False


def test_weights_trained_in_torch_keep_their_input() -> None:
    model, _ = load_model("googlenet", "bundled")
    assert model.transform_input is False


def test_the_published_file_is_recognized_by_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = get_model("googlenet", weights=None, aux_logits=False, init_weights=False)
    path = tmp_path / "renamed.pth"
    torch.save(model.state_dict(), path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(weights, "TRANSFORMED_INPUT", (sha256[:8],))
    loaded, _ = load_model("googlenet", path)
    assert loaded.transform_input is True
