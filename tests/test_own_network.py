"""Every command of docs/own-network.md does what the page says, with small budgets."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.small_build import QUICK, draw_photographs
from torch import nn

from atlas.cli import main
from atlas.probe import stimuli
from atlas.render import serve
from atlas.render.publish import main as publish

PAGE = (Path(__file__).parents[1] / "docs" / "own-network.md").read_text("utf-8")
SECTIONS = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])
BRIEF = {"top": 1, "recipe": ("article",), "upscales": 1, "steps": 1, "device": "cpu"}


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTIONS[section], re.DOTALL)


def commands(section: str) -> list[list[str]]:
    (block,) = blocks(section, "sh")
    return [shlex.split(line) for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the page takes for granted: the file that it shows, weights, photographs."""
    few = stimuli.battery()[::80]
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("mynet", None)
    (code,) = blocks("A file of your own", "python")
    Path("mynet.py").write_text(code)
    Path("photographs").mkdir()
    draw_photographs(Path("photographs"), 3)
    yield tmp_path
    sys.modules.pop("mynet", None)


@pytest.fixture
def made(folder: Path) -> Callable[..., nn.Module]:
    from mynet import MyNet  # type: ignore[import-not-found]

    torch.manual_seed(0)
    return MyNet


def call(words: list[str]) -> None:
    """A command of the page; a build makes few pictures, of few stimuli."""
    program, command, *options = words
    assert program == "atlas"
    if command == "build":
        given = [] if "--probe" in options else ["--probe", "photographs"]
        options = [*options, *given, *QUICK, "--top", "1"]
    assert main([command, *options]) == 0


def published(site: str) -> str:
    return "".join(path.read_text("utf-8") for path in sorted(Path(site).rglob("*.html")))


def test_a_file_of_ones_own(
    made: Callable[..., nn.Module], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(made().state_dict(), "mynet.pth")
    torch.save(made(width=8, classes=4).state_dict(), "thin.pth")
    look, look_at_all, build, build_thin = commands("A file of your own")
    call(look)
    said = capsys.readouterr()
    assert "runs the code of mynet.py" in said.err
    names = [line.split()[0] for line in said.out.splitlines()[1:-1]]
    assert names == ["features.2", "features.6"]
    call(look_at_all)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[:-1] if line.startswith("*")] == names
    assert any(line.split()[0] == "features.4" and "Conv2d" in line for line in lines)
    call(build)
    text = published("mynet-site")
    assert "mynet.py:MyNet" in text and str(folder) not in text
    call(build_thin)
    assert re.search(r"--network-args[ =]\S*width=8,classes=4", published("thin-site"))


def test_the_command_on_a_page_makes_the_picture_again(made: Callable[..., nn.Module]) -> None:
    torch.save(made(classes=5).state_dict(), "mynet.pth")
    given = ["--network", f"{Path.cwd()}/mynet.py:MyNet", "--network-args", "classes=5"]
    call(["atlas", "build", *given, "--weights", "mynet.pth", "--run", "run", "--site", "site"])
    (picture,) = Path("run/units/article/features.2").glob("????.png")
    page = Path(f"site/units/features.2/{picture.stem}.html").read_text("utf-8")
    (command,) = re.findall(r"<code>(atlas build .*?)</code>", page)
    assert str(Path.cwd()) not in page
    call([*shlex.split(command.replace("&#39;", "'")), "--run", "again", "--site", "again-site"])
    assert Path(f"again/units/article/features.2/{picture.name}").read_bytes() == (
        picture.read_bytes()
    )


def test_a_run_runs_no_code_by_itself(
    made: Callable[..., nn.Module], capsys: pytest.CaptureFixture[str]
) -> None:
    network = ["--network", "mynet.py:MyNet"]
    assert main(["rank", *network, *QUICK, "--probe", "photographs", "--run", "run"]) == 0
    capsys.readouterr()
    assert main(["maximize", "--run", "run", "--quiet"]) == 2
    assert "with --network mynet.py:MyNet" in capsys.readouterr().err
    assert main(["maximize", *network, "--run", "run", "--quiet"]) == 0


def test_timm(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    timm = pytest.importorskip("timm", reason="timm is not installed")
    torch.save(timm.create_model("resnet10t", num_classes=3).state_dict(), "finetuned.pth")
    look, build = commands("timm and the Hugging Face Hub")
    call(look)
    assert "layer4.0" in capsys.readouterr().out
    call([*build, "--layers", "act1"])
    assert "timm:resnet10t" in published("timm-site")


def test_a_lightning_checkpoint(made: Callable[..., nn.Module]) -> None:
    state = {f"model.{name}": value for name, value in made().state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state, "optimizer_states": []}, "last.ckpt")
    (build,) = commands("A Lightning checkpoint")
    call(build)
    assert "last.ckpt" in published("lit-site")


def test_gray_images(made: Callable[..., nn.Module]) -> None:
    torch.save(made(channels=1).state_dict(), "gray.pth")
    (build,) = commands("Gray images, and other inputs")
    call(build)
    assert "--input 1x28x28" in published("gray-site")


def test_names(made: Callable[..., nn.Module], folder: Path) -> None:
    torch.save(made(classes=3).state_dict(), "named.pth")
    Path("labels.csv").write_text("image,label\n0.png,tabby\n1.png,beagle\n")
    Path("classes.txt").write_text("cat\ndog\nnewt\n")
    Path("notes.csv").write_text("layer,unit,text\nclassifier,2,wet\n")
    Path("more-notes.csv").write_text("layer,unit,text\nclassifier,2,wet and cold\n")
    build, render = commands("Names: classes and notes")
    call(build)
    pages = published("named-site")
    assert "tabby, " in pages and ">0.png<" not in pages
    headings = re.sub(r"<[^>]*>", "", "\n".join(re.findall("<h1>.*</h1>", pages)))
    assert re.search("^classifier (0 cat|1 dog|2 newt)$", headings, re.MULTILINE)
    call(render)
    assert "wet\n" in Path("runs/named/notes.csv").read_text()


def test_a_notebook(made: Callable[..., nn.Module]) -> None:
    torch.save(made().state_dict(), "mynet.pth")
    (code,) = blocks("A notebook", "python")
    code = code.replace("Settings(", "Settings(**brief, ").replace(
        'RECIPES["clear"]', 'replace(RECIPES["clear"], upscales=0, steps=1)'
    )
    exec(code, {"brief": BRIEF, "replace": replace})
    assert Path("notebook-site/units/features.2").is_dir()


def test_publishing(made: Callable[..., nn.Module], monkeypatch: pytest.MonkeyPatch) -> None:
    call(["atlas", "build", "--network", "mynet.py:MyNet", "--site", "mynet-site"])
    shown: list[Path] = []
    monkeypatch.setattr(serve, "serve", lambda site, port: shown.append(site))
    look, push = commands("Publish")
    call(look)
    assert shown == [Path("mynet-site")]
    for variable, who in (("AUTHOR", "Ada"), ("COMMITTER", "Ada")):
        monkeypatch.setenv(f"GIT_{variable}_NAME", who)
        monkeypatch.setenv(f"GIT_{variable}_EMAIL", "ada@example.org")
    for line in ("init --bare far.git", "init .", "remote add origin far.git"):
        subprocess.run(["git", *line.split()], check=True, capture_output=True)
    assert push[:3] == ["python", "-m", "atlas.publish"]
    assert publish(push[3:]) == 0
    listed = subprocess.run(
        ["git", "--git-dir=far.git", "ls-tree", "-r", "--name-only", "gh-pages"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "index.html" in listed.stdout.split()
