"""Names of recipes and layers become files that every system can hold, and hold apart."""

import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.small_build import QUICK, contents, draw_photographs, shrink
from torch import nn

from atlas import read_settings
from atlas._system.filenames import refuse_twins, slug
from atlas.build import resources
from atlas.cli import main
from atlas.errors import UsageError
from atlas.network.network import Network

DEVICES = ["con", "PRN", "aux", "nul", "com1", "LPT9", "aux.0", "Con.conv.weight"]
ODD = [*DEVICES, "conv.", "conv..", "-conv", ".conv", "~conv", "a/b", "a b", "a:b", "", "x" * 300]
ODD += ["größe", unicodedata.normalize("NFD", "größe"), "层", "\udce9", "..", "a\0b", "a\nb"]
PLAIN = [
    "conv1",
    "inception4a.branch1",
    "_conv",
    "Conv2d_1a_3x3",
    "auxiliary",
    "aux1",
    "com",
    "a-b",
]


def on_windows(name: str) -> str:
    """What Windows makes of the name of a file."""
    return unicodedata.normalize("NFC", name).rstrip(" .").lower()


@pytest.mark.parametrize("name", PLAIN)
def test_a_name_that_every_system_takes_is_kept(name: str) -> None:
    assert slug(name) == name


def test_odd_names_are_plain_and_apart() -> None:
    made = [slug(name) for name in [*ODD, *PLAIN]]
    assert len(set(map(on_windows, made))) == len(made)
    for name in made:
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}", name)
        assert on_windows(name) == name.lower()
        assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", name)


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_names_are_two_files_or_refused(one: str, other: str) -> None:
    if on_windows(slug(one)) != on_windows(slug(other)):
        refuse_twins([one, other, one], "rename one")
    elif one != other:
        with pytest.raises(UsageError, match="rename one"):
            refuse_twins([one, other], "rename one")


@pytest.mark.parametrize("name", ["con", "NUL", "com1", "lpt0"])
def test_a_recipe_is_not_called_as_a_device(name: str) -> None:
    with pytest.raises(UsageError, match=f"atlas.toml: recipes is .*{name!r} is not on Windows"):
        read_settings.read({"recipes": {name: {}}}, "atlas.toml")


def test_recipes_differ_in_more_than_case() -> None:
    with pytest.raises(UsageError, match="'mine' and 'Mine' would share a folder"):
        read_settings.read({"recipes": {"mine": {}, "other": {}, "Mine": {}}}, "atlas.toml")


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The images of a small build in the current folder."""
    shrink(monkeypatch)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photographs"
    folder.mkdir()
    draw_photographs(folder, 3)
    return folder


def test_a_run_gets_no_second_recipe_that_differs_in_case(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [*QUICK, "--probe", str(photographs), "--run", "run"]
    for name, code in (("mine", 0), ("Mine", 2), ("other", 0)):
        Path("atlas.toml").write_text(f'recipe = "{name}"\n[recipes.{name}]\njitter = 1\n')
        before = contents(tmp_path / "run")
        assert main(["rank", *options, "--recipe", name]) == code
        if code:
            (line,) = capsys.readouterr().err.splitlines()
            assert "'mine' and 'Mine' would share a folder" in line and "--run" in line
            assert contents(tmp_path / "run") == before


class Named(nn.Module):
    """Layers of these names, one after the other."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        for channels, name in zip((3, 2, 2), names, strict=False):
            self.add_module(name, nn.Conv2d(channels, 2, 3, stride=2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for part in self.children():
            x = part(x)
        return x


def use(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    def load(
        name: str, weights: str, device: Any = "cpu", precision: Any = "float32", **_: Any
    ) -> Network:
        torch.manual_seed(0)
        return Network(Named(*names), device=device, precision=precision)

    monkeypatch.setattr(resources, "load_network", load)


def test_layers_of_odd_names_have_folders_and_pages_of_their_own(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = "aux", "größe", unicodedata.normalize("NFD", "größe")
    use(monkeypatch, *names)
    folders = ["--run", "run", "--site", "site"]
    assert main(["build", *QUICK, "--probe", str(photographs), *folders]) == 0
    for made in ("run/units/article", "site/units"):
        assert {path.name for path in (tmp_path / made).iterdir()} == {
            slug(name, "layer") for name in names
        }
    assert {path.stem for path in (tmp_path / "run/sheets/article").iterdir()} == {
        path.stem for path in (tmp_path / "site/layers").iterdir()
    }


@pytest.mark.parametrize(("names", "said"), [(["conv", "Conv"], "--layers"), (["a/b"], "rename")])
def test_layers_that_cannot_have_folders_are_refused(
    photographs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    names: list[str],
    said: str,
) -> None:
    use(monkeypatch, *names)
    assert main(["build", *QUICK, "--probe", str(photographs)]) in (1, 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert all(repr(name) in line for name in names) and said in line
    assert not contents(Path("runs")) and not Path("site").exists()
