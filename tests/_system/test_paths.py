"""``~`` in paths: the home folder wherever a user may write it, and a name everywhere below."""

import pwd
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
import torch
from support.small_build import QUICK, draw_photographs, shrink

from atlas import read_settings
from atlas._system.paths import cache_folder, expand
from atlas.cli import main
from atlas.errors import AtlasError, UsageError
from atlas.network.weights.named import load_model
from atlas.network.weights.published import fetch
from atlas.probe.opening import open_probe_set
from atlas.render import publish

PATHS = ("run", "site", "templates", "probe", "weights")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's home; the current folder is another."""
    made = tmp_path / "home"
    (made / "album").mkdir(parents=True)
    (made / "templates").mkdir()
    (tmp_path / "current").mkdir()
    draw_photographs(made / "album", 3)
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.chdir(tmp_path / "current")
    return made


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user whom the system does not know, as in a container; the current folder is empty."""

    def unknown(_: object) -> NoReturn:
        raise KeyError

    for name in ("HOME", "XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink(monkeypatch)


def test_a_settings_file_and_the_command_line_know_the_home(home: Path, small: None) -> None:
    Path("atlas.toml").write_text(
        'run = "~/run"\nsite = "~/site"\ntemplates = "~/templates"\nprobe = "~/album"\n'
    )
    assert main(["build", *QUICK]) == 0
    assert [path.name for path in Path.cwd().iterdir()] == ["atlas.toml"]
    assert (home / "run" / "ranking.csv").is_file() and (home / "site" / "index.html").is_file()
    Path("atlas.toml").rename(home / "own.toml")
    assert main(["render", "--config=~/own.toml", "--site=~/other", "--quiet"]) == 0
    assert (home / "other" / "index.html").is_file()
    assert not list(Path.cwd().iterdir())


def test_a_folder_that_is_called_so_is_itself(home: Path, small: None) -> None:
    (home / "album").rename("~")
    folders = ["--probe", "./~", "--run", "./~run", "--site", "./~/.site"]
    assert main(["build", *QUICK, *folders, "--judge", "bundled"]) == 0  # which needs no cache
    # What a run is read with must not take this for the folder of the user "run", or for the home.
    Path("~run").rename("~/.run")
    folders = ["--run", "./~/.run", "--site", "./~site", "--publish-probe-images"]
    assert main(["render", *folders, "--quiet"]) == 0
    assert Path("./~site/index.html").is_file()
    assert [path.name for path in home.iterdir()] == ["templates"]


@pytest.mark.parametrize("path", ["~", "~/a", "~nobody-4711/a"])
@pytest.mark.parametrize("name", PATHS)
def test_a_home_that_nobody_knows_is_refused(homeless: Path, name: str, path: str) -> None:
    with pytest.raises(UsageError, match=f"atlas.toml: {path}: the home folder") as caught:
        read_settings.read({name: path}, "atlas.toml")
    assert f"./{path}" in str(caught.value)
    assert read_settings.read({name: f"./{path}"}, "atlas.toml") == {name: f"./{path}"}


@pytest.mark.parametrize(
    "command",
    [
        lambda: main(["serve", "--site", "~/site"]),
        lambda: main(["layers", "--config", "~/own.toml"]),
        lambda: publish.main(["~/site", "origin"]),
    ],
)
def test_without_a_home_a_command_says_so_and_makes_nothing(
    homeless: Path, command: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "home folder ~ is unknown" in line
    assert not list(homeless.iterdir())


@pytest.mark.parametrize("variable", ["", "relative"])
def test_without_a_home_no_cache_is_made_in_the_current_folder(
    homeless: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    with pytest.raises(AtlasError, match="set HOME or XDG_CACHE_HOME"):
        open_probe_set("imagenette")
    with pytest.raises(AtlasError, match="set HOME or TORCH_HOME"):
        fetch("http://atlas.invalid/file-00000000.pth")
    monkeypatch.delenv("XDG_CACHE_HOME")
    with pytest.raises(AtlasError, match="set HOME or TORCH_HOME"):
        fetch("http://atlas.invalid/file-00000000.pth")
    assert not list(homeless.iterdir())


def test_a_cache_lies_where_the_environment_says_or_at_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert cache_folder() == Path("/cache")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == home / ".cache"


def test_python_knows_the_home_too(home: Path) -> None:
    assert len(open_probe_set("~/album")) == 3
    torch.save({"state_dict": 1}, home / "mine.pth")
    with pytest.raises(AtlasError, match=f"{home}/mine.pth does not hold the weights"):
        load_model("squeezenet1_1", "~/mine.pth")
    assert expand(str(home)) == str(home)
