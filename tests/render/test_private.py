"""A published site says nothing of the machine and the user that made it."""

import os
import platform
import socket
from pathlib import Path

import pytest
import torch
from PIL import Image, PngImagePlugin
from support.small_build import QUICK, draw_photographs
from torchvision.models import get_model

from atlas.cli import main
from atlas.probe import stimuli
from atlas.probe.opening import open_probe_set
from atlas.probe.probe_set import UNNAMED

USER, HOST, FOLDER = "jane-doe-4711", "janes-laptop-4712", "secret-project-4713"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with photographs, whose metadata name the user too, and broken ones."""
    made = tmp_path / "home" / USER
    album = made / "my album"
    album.mkdir(parents=True)
    draw_photographs(album, 4)
    whole = Image.open(album / "0.png")
    exif = Image.Exif()
    exif[0x013B], exif[0x013C] = USER, HOST  # artist, host computer
    whole.save(album / "exif.jpg", exif=exif, comment=USER)
    note = PngImagePlugin.PngInfo()
    note.add_text("Author", USER, zip=True)
    whole.save(album / "noted.png", pnginfo=note, exif=exif)
    whole.save(album / "exif.webp", exif=exif, xmp=USER.encode())
    (album / "cut.png").write_bytes((album / "1.png").read_bytes()[:1000])
    (album / "cut.jpg").write_bytes((album / "exif.jpg").read_bytes()[:400])
    (album / "text.jpg").write_text("no image")
    (album / "dead.png").symlink_to(made / "gone.png")
    (album / "circle.png").symlink_to(album / "circle.png")
    os.mkfifo(album / "pipe.png")
    (album / "closed").mkdir(mode=0o000)
    for name, value in (("HOME", str(made)), ("USER", USER), ("LOGNAME", USER), ("HOSTNAME", HOST)):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(platform, "node", lambda: HOST)
    monkeypatch.setattr(socket, "gethostname", lambda: HOST)
    return made


def told(site: Path, secrets: list[str]) -> list[str]:
    """Where in a site, in names, bytes or the metadata of images, one of the secrets is."""
    found = []
    for path in site.rglob("*"):
        name = path.relative_to(site).as_posix()
        content = name.encode()
        if path.is_file():
            content += path.read_bytes()
        if path.suffix in (".png", ".webp", ".jpg"):
            with Image.open(path) as image:
                image.load()
                content += repr((image.info, dict(image.getexif()))).encode()
        found += [f"{name}: {secret}" for secret in secrets if secret.encode() in content]
    return found


def test_no_path_user_or_host_is_published(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = stimuli.battery()[::80]
    monkeypatch.setattr(stimuli, "battery", lambda: few)
    real = os.uname().nodename
    torch.manual_seed(0)
    (home / "weights").mkdir()
    torch.save(get_model("squeezenet1_1").state_dict(), home / "weights" / "mine.pth")
    folder = tmp_path / FOLDER
    run, site = ["--run", str(folder / "run")], ["--site", str(folder / "site")]
    what = ["--network", "squeezenet1_1", "--weights", str(home / "weights" / "mine.pth")]
    what += ["--layers", "features.0", "--probe", str(home), *QUICK]
    assert main(["build", *what, *run, *site, "--publish-probe-images"]) == 0
    about = (folder / "site" / "about.html").read_text("utf-8")
    assert UNNAMED in about and "mine.pth" in about
    assert list((folder / "site").rglob("images/probe/*.webp"))
    secrets = [USER, HOST, FOLDER, str(tmp_path), str(Path.cwd())]
    assert told(folder / "site", secrets + [real] * (len(real) >= 8)) == []


def test_a_folder_is_called_by_its_name_but_a_home_or_root_is_not(home: Path) -> None:
    assert open_probe_set(home / "my album").name == "my album"
    assert open_probe_set(home / "my album" / ".." / "my album").name == "my album"
    for whose in (str(home), "~", "~/.", str(home / "my album" / "..")):
        assert open_probe_set(whose).name == UNNAMED
