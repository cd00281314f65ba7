"""Weights from every source, each as what it is."""

import hashlib
import os
from pathlib import Path

import pytest
import torch
from support.attacks import ATTACKS, Attack
from torchvision.models import GoogLeNet_Weights, get_model

from atlas.errors import AtlasError
from atlas.network.weights import named as weights
from atlas.network.weights.input_scaling import trained_without_scale
from atlas.network.weights.named import load_model

pytestmark = pytest.mark.usefixtures("empty_cache")


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
    name = f"file-{hashlib.sha256((folder / 'weights').read_bytes()).hexdigest()[:8]}.pth"
    (folder / "weights").rename(folder / name)
    publish(monkeypatch, f"{address}/{name}")
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(
        AtlasError, match=r"no state dict .*mkdir\), which was neither loaded nor run"
    ):
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
