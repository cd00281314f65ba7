"""Imagenette: downloaded once, found again, held against its hash; and what auto makes of it."""

import os
import pwd
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from support.imagenette import ARCHIVES, Handler, cut_cable, photograph, served
from torchvision.datasets import Imagenette

from atlas._system import download
from atlas._system.progress import Progress
from atlas.errors import AtlasError
from atlas.probe.opening import open_probe_set


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the archives, which a server of this machine serves; the cache is empty."""
    with served(tmp_path, monkeypatch) as folder:
        yield folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "atlas"


@pytest.mark.parametrize("edition", ARCHIVES)
def test_imagenette_is_downloaded_once_and_then_found(
    site: Path, cache: Path, capfd: pytest.CaptureFixture[str], edition: str
) -> None:
    probe = open_probe_set(edition)
    assert capfd.readouterr().err == "", "no bar that nobody asked for"
    assert (probe.kind, probe.name) == ("imagenette", edition)
    assert probe.names == ["n01440764/val_n01440764.JPEG", "n03888257/val_n03888257.JPEG"]
    assert probe.image(1).shape == (224, 224, 3)
    (site / f"{ARCHIVES[edition]}.tgz").unlink()
    assert open_probe_set(edition).digest == probe.digest
    assert open_probe_set(edition).remarks == []
    assert sorted(os.listdir(cache)) == [ARCHIVES[edition], f"{ARCHIVES[edition]}.sha256"]
    assert os.listdir(cache / ARCHIVES[edition]) == ["val"], "the images that are shown, no others"


def test_the_two_editions_are_two_probe_sets(site: Path) -> None:
    assert open_probe_set("imagenette").digest != open_probe_set("imagenette-160").digest


def test_a_download_shows_its_progress(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int | None, str]] = []
    done: list[int] = []

    @contextmanager
    def show(stage: str, total: int | None, unit: str) -> Iterator[Progress]:
        seen.append((stage, total, unit))
        yield done.append

    monkeypatch.setattr(download, "BLOCK", 100)
    size = (site / "imagenette2-160.tgz").stat().st_size
    open_probe_set("auto", show)
    assert seen == [("download", -(-size // 100), "MiB")]
    assert sum(done) == -(-size // 100)


def unpacked(cache: Path) -> Path:
    return cache / "imagenette2-320" / "val"


def exchanged(cache: Path) -> None:
    photograph(7).save(unpacked(cache) / "n01440764" / "val_n01440764.JPEG", "JPEG")


CHANGES: dict[str, Callable[[Path], object]] = {
    "one file": exchanged,
    "one file too few": lambda cache: shutil.rmtree(unpacked(cache) / "n01440764"),
    "one file too many": lambda cache: photograph(0).save(unpacked(cache) / "new.png"),
    "no file": lambda cache: shutil.rmtree(unpacked(cache)),
    "no digest": lambda cache: (cache / "imagenette2-320.sha256").unlink(),
    "another digest": lambda cache: (cache / "imagenette2-320.sha256").write_text("0"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_unpacked_imagenette_that_changed_is_downloaded_again(
    site: Path, cache: Path, change: str
) -> None:
    before = open_probe_set("imagenette")
    CHANGES[change](cache)
    probe = open_probe_set("imagenette")
    assert (probe.digest, probe.names) == (before.digest, before.names)
    (remark,) = probe.remarks
    assert "imagenette2-320 is not what was downloaded" in remark
    assert open_probe_set("imagenette").remarks == []
    CHANGES[change](cache)
    (site / "imagenette2-320.tgz").unlink()
    with pytest.raises(AtlasError, match="is not what was downloaded, and cannot download"):
        open_probe_set("imagenette")


# What can go wrong


def missing(site: Path, patch: pytest.MonkeyPatch) -> None:
    for name in ARCHIVES.values():
        (site / f"{name}.tgz").unlink()


def damaged(site: Path, patch: pytest.MonkeyPatch) -> None:
    for name in ARCHIVES.values():
        path = site / f"{name}.tgz"
        path.write_bytes(path.read_bytes()[:-300] + bytes(300))


def cut_off(site: Path, patch: pytest.MonkeyPatch) -> None:
    """The server closes after half of what it promised."""

    def copyfile(self: Handler, source, outputfile) -> None:  # type: ignore[no-untyped-def]
        content = source.read()
        outputfile.write(content[: len(content) // 2])

    patch.setattr(Handler, "copyfile", copyfile)


def offline(site: Path, patch: pytest.MonkeyPatch) -> None:
    cut_cable(patch)


def blocked(site: Path, patch: pytest.MonkeyPatch) -> None:
    """The cache lies where no folder can be made."""
    (site.parent / "cache").mkdir()
    (site.parent / "cache" / "atlas").write_text("no folder")


def homeless(site: Path, patch: pytest.MonkeyPatch) -> None:
    def unknown(_: object) -> NoReturn:
        raise KeyError

    patch.delenv("XDG_CACHE_HOME")
    patch.delenv("HOME", raising=False)
    patch.setattr(pwd, "getpwuid", unknown)


FAILURES: dict[Callable[[Path, pytest.MonkeyPatch], None], str] = {
    missing: "the server answers 404",
    damaged: "what came is damaged or another file: its md5",
    cut_off: "cut off after ",
    offline: "Imagenette",  # the other words are the resolver's
    blocked: "the cache folder cannot be written",
    homeless: "set HOME or XDG_CACHE_HOME",
}


@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
def test_imagenette_that_cannot_be_had_is_told_in_one_line_and_leaves_nothing(
    site: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., None]
) -> None:
    fail(site, monkeypatch)
    for edition in ARCHIVES:
        with pytest.raises(AtlasError, match=FAILURES[fail]) as caught:
            open_probe_set(edition)
        assert "\n" not in str(caught.value) and "--probe stimuli" in str(caught.value)
    assert not cache.is_dir() or os.listdir(cache) == []


@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
def test_auto_then_takes_the_stimuli_and_says_why_without_naming_a_place_of_the_machine(
    site: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fail: Callable[..., None],
) -> None:
    fail(site, monkeypatch)
    probe = open_probe_set("auto")
    assert probe.kind == "stimuli" and probe.digest == open_probe_set("stimuli").digest
    assert probe.fallback is not None and "\n" not in probe.fallback
    assert FAILURES[fail] in probe.fallback and "ranked by drawn stimuli" in probe.fallback
    assert str(tmp_path) not in probe.fallback and "127.0.0.1" not in probe.fallback
    assert not cache.is_dir() or os.listdir(cache) == [], "no part of a file is kept"


def test_auto_is_the_small_edition_when_it_can_be_had_and_when_it_is_cached(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = open_probe_set("auto")
    assert (small.name, small.fallback) == ("imagenette-160", None)
    cut_cable(monkeypatch)
    found = open_probe_set("auto")
    assert (found.name, found.digest, found.fallback) == (small.name, small.digest, None)


@pytest.mark.parametrize("timeout", ["ANSWER_TIMEOUT", "DOWNLOAD_TIMEOUT"])
def test_a_server_that_says_nothing_is_given_up(
    site: Path, monkeypatch: pytest.MonkeyPatch, timeout: str
) -> None:
    monkeypatch.setattr(download, timeout, 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/imagenette2-160.tgz"
        monkeypatch.setitem(Imagenette._ARCHIVES, "160px", (url, "0" * 32))
        probe = open_probe_set("auto")
    assert probe.kind == "stimuli" and probe.fallback is not None
    assert ("no answer within 0.1 seconds" if timeout[0] == "A" else "timed out") in probe.fallback
