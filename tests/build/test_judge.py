"""Which judge a run has: the better one where it can be had, and then always the same."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.small_build import QUICK, Colors, draw_photographs, shrink
from torchvision.models import resnet18

from atlas.build.judge import choose_judge
from atlas.cli import main
from atlas.errors import AtlasError
from atlas.examine import similarity_judge
from atlas.examine.critics import IMAGENET, OWN
from atlas.examine.similarity_judge import SimilarityJudge
from atlas.network.loading import load_network
from atlas.network.weights import named

Call = Callable[..., dict]


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands in for torchvision's own weights, and can be had until it is removed."""
    torch.manual_seed(0)
    path = tmp_path / "published.pth"
    torch.save(resnet18().state_dict(), path)

    def fetch(url: str) -> Path:
        assert "resnet18" in url
        if not path.exists():
            raise AtlasError(f"{url} cannot be downloaded (no network)")
        return path

    for module in (similarity_judge, named):
        monkeypatch.setattr(module, "fetch", fetch)
    return path


@pytest.fixture
def rank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    shrink(monkeypatch)
    monkeypatch.setattr(similarity_judge, "SimilarityJudge", Colors)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    draw_photographs(tmp_path / "album", 60)

    def call(*options: str, code: int = 0) -> dict:
        given = [*QUICK, "--probe", "album", "--run", "run"]
        assert main(["rank", *given, *options]) == code
        return json.loads((tmp_path / "run" / "run.json").read_text())

    return call


def test_the_better_judge_is_taken_where_it_can_be_had(rank: Call, published: Path) -> None:
    made = rank()
    assert made["judge"] == hashlib.sha256(published.read_bytes()).hexdigest()
    assert made["judge_name"] == "ResNet-18 trained on ImageNet (1,000 classes)"


def test_a_run_keeps_its_judge(rank: Call, published: Path, capsys: pytest.CaptureFixture) -> None:
    weights = published.read_bytes()
    published.unlink()
    made = rank()
    assert made["judge"] == SimilarityJudge().sha256 and made["judge_name"] == OWN.name
    published.write_bytes(weights)
    assert rank("--top", "3")["judge"] == made["judge"], "though now there is a better one"
    assert rank("--judge", "imagenet")["judge"] == hashlib.sha256(weights).hexdigest()
    published.unlink()
    capsys.readouterr()
    rank("--top", "4", code=1)
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert "resnet18" in line and "cannot be downloaded" in line
    assert rank("--judge", "bundled")["judge"] == made["judge"]


def test_a_network_is_judged_by_another(published: Path) -> None:
    said: list[str] = []
    shown = load_network("resnet18", str(published))
    judge = choose_judge(shown, "auto", None, said.append)
    assert judge and judge.name == OWN.name and not said
    assert choose_judge(shown, "imagenet", None, said.append) is None
    bundled = load_network("googlenet", "bundled")
    judge = choose_judge(bundled, "auto", None, said.append)
    assert judge and judge.name == IMAGENET.name
    published.unlink()
    assert choose_judge(bundled, "auto", None, said.append) is None
    assert len(said) == 1 and "cannot be downloaded" in said[0]


def test_its_features_are_those_before_the_classifier(published: Path) -> None:
    torch.manual_seed(1)
    pixels = torch.randint(0, 256, (2, 224, 224, 3), dtype=torch.uint8)
    found = SimilarityJudge(critic=IMAGENET).features(pixels.numpy())
    module = resnet18()
    module.load_state_dict(torch.load(published))
    setattr(module, "fc", torch.nn.Identity())  # noqa: B010, torch takes any module
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
    with torch.no_grad():
        wanted = module.eval()(((pixels / 255 - mean) / std).permute(0, 3, 1, 2))
    assert found.shape == (2, 512)
    assert torch.from_numpy(found).float() == pytest.approx(wanted, rel=2e-3, abs=2e-3)
