"""Files of whatever names: a site shows each as it is, and none of the folders it lies in."""

import os
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
from PIL import Image
from support.small_build import QUICK, draw_photographs, shrink

from atlas._system.display import display_name, shell_word
from atlas.cli import main
from atlas.probe.opening import open_probe_set

READABLE = [
    "Screenshot 2024-05-01 at 9.41.00\u202fAM.png",
    "full\u3000width.png",
    "family \U0001f468\u200d\U0001f469.png",
    "back\\slash.png",
    "100% <b>&amp;.png",
    "ä, combined a\u0308.png",
    "two  spaces.png",
]
BROKEN = ["broken 9.41.00\u202fAM.png", "folder\\notes.txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every path is Unicode")
def test_names_are_shown_whole_and_folders_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    album = tmp_path / "pho\\tos"
    inside = album / "secret folder 4711"
    inside.mkdir(parents=True)
    draw_photographs(tmp_path, 1)
    for i, name in enumerate(READABLE):
        Image.new("RGB", (40, 40), (40 * i, 90, 120)).save(inside / name)
    for name in BROKEN:
        (inside / name).write_text("broken")
    (inside / os.fsdecode(b"bad\xe9.jpg")).write_text("broken")
    (inside / "turned \u202egpj.exe").write_text("broken")
    with monkeypatch.context() as patch:
        shrink(patch)
        folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
        assert main(["build", *QUICK, "--top", "all", "--probe", str(album), *folders]) == 0
    text = {
        path.relative_to(tmp_path / "site").as_posix(): unescape(path.read_text("utf-8"))
        for path in (tmp_path / "site").rglob("*.html")
    }
    for name in [*BROKEN, r"bad\xe9.jpg", r"turned \u202egpj.exe"]:
        assert f">{name}<" in text["about.html"] or name in text["about.html"], name
    assert "--probe 'pho\\tos'" in text["about.html"]
    units = "".join(content for name, content in text.items() if name.startswith("units/"))
    assert all(f">{name}<" in units for name in READABLE)
    assert not any("secret folder" in content for content in text.values())
    everything = b"".join(p.read_bytes() for p in (tmp_path / "site").rglob("*") if p.is_file())
    assert b"secret folder" not in everything and "\u202e".encode() not in everything
    shutil.rmtree(album)


@pytest.mark.parametrize("place", [".", "home", "c/Users"])
def test_a_folder_that_is_a_users_own_is_not_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    jane = tmp_path / place / "jane"
    jane.mkdir(parents=True)
    draw_photographs(jane, 1)
    if place == ".":
        monkeypatch.setenv("HOME", str(jane))
    assert "jane" not in open_probe_set(jane).name


ODD = {
    b"caf\xe9\xe9 a.pth": r"caf\xe9\xe9 a.pth",
    b"a\nb\tc\x7f": r"a\nb\tc\x7f",
    "x\u202egpj.exe".encode(): r"x\u202egpj.exe",
    "it's \\ \u2028 \u0085!".encode(): r"it's \ \u2028 \x85!",
    "$(id) 'a' ~ \u3000 ä \U0001f468\u200d\U0001f469".encode(): None,
    b"-a b\\": None,
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every path is Unicode")
@pytest.mark.parametrize("name", ODD)
def test_a_shell_reads_a_name_as_it_is_though_the_page_shows_one_line_of_unicode(
    name: bytes,
) -> None:
    path = os.fsdecode(name)
    assert display_name(path) == (ODD[name] or path)
    word = shell_word(path)
    assert display_name(word) == word
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash to read it")
    read = subprocess.run([bash, "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert read.stdout == name
