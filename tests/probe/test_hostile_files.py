"""Whatever lies in a folder of photographs: used, or skipped with its reason, and harmless."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.hostile_files import SKIPPED, USED, encoded, make_files, picture, png
from support.small_build import contents, shrink

from atlas.cli import main
from atlas.probe import decoding
from atlas.probe.decoding import UnreadableImage
from atlas.probe.opening import open_probe_set
from atlas.run.folder import Run


def rank(monkeypatch: pytest.MonkeyPatch, probe: Path, run: Path) -> None:
    """Rank a small network's units on a folder, as the command line does."""
    with monkeypatch.context() as patch:
        shrink(patch)
        patch.chdir(run.parent)
        options = ["--upscales", "0", "--steps", "1", "--device", "cpu"]
        assert main(["rank", "--probe", str(probe), "--run", str(run), *options]) == 0


def test_hundreds_of_hostile_files_are_used_or_skipped_and_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    album, clean = tmp_path / "album", tmp_path / "clean"
    fates = make_files(album)
    rank(monkeypatch, album, tmp_path / "run")
    log = capsys.readouterr().err.splitlines()
    run = Run(tmp_path / "run")
    used = set(run.table("probe")["image"])
    skipped = run.table("skipped")
    reasons = dict(skipped.itertuples(index=False, name=None))
    # Every file is told, once, and where it was expected.
    assert len(fates) > 350 and len(reasons) == len(skipped)
    assert used | set(reasons) == set(fates) and not used & set(reasons)
    assert not {file for file, fate in fates.items() if fate == USED} - used
    assert not {file for file, fate in fates.items() if fate == SKIPPED} - set(reasons)
    assert all(reason and len(reason) < 200 and reason.isprintable() for reason in reasons.values())
    assert {f"skipped {file}: {reason}" for file, reason in list(reasons.items())[:3]} <= set(log)
    assert f"and {len(reasons) - 3} more in skipped.csv" in log
    assert run.settings().probe.images == len(used)
    # Ranking again, without measuring anew, remembers them.
    before = contents(run.path)
    rank(monkeypatch, album, run.path)
    assert contents(run.path) == before
    # Without those that were skipped every figure is the same.
    for path in list(album.rglob("*")):
        shown = os.fsencode(path.relative_to(album)).decode("utf-8", "backslashreplace")
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
        if not path.is_dir() and shown in used:
            target = clean / path.relative_to(album)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    rank(monkeypatch, clean, tmp_path / "again")
    without = contents(tmp_path / "again")
    for name in ("activations.csv", "ranking.csv", "strongest.csv", "tuning.csv", "probe.csv"):
        assert without[name] == before[name], name


def test_names_that_look_like_numbers_stay_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("007", "1e3", "12"):
        (tmp_path / "album" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "album" / name).write_bytes(encoded(picture(), "PNG"))
    (tmp_path / "album" / "0010").touch()
    rank(monkeypatch, tmp_path / "album", tmp_path / "run")
    run = Run(tmp_path / "run")
    assert list(run.table("probe")["image"]) == ["007", "12", "1e3"]
    assert set(run.table("strongest")["image"]) == {"007", "12", "1e3"}
    assert list(run.table("skipped")["file"]) == ["0010"]


def test_five_thousand_files_in_one_folder(tmp_path: Path) -> None:
    good = encoded(picture(size=(4, 4)), "PNG")
    for i in range(5000):
        (tmp_path / f"{i:04}.png").write_bytes(good if i % 2 else good[:20])
    probe = open_probe_set(tmp_path)
    assert probe.names == [f"{i:04}.png" for i in range(1, 5000, 2)]
    assert [file for file, _ in probe.skipped] == [f"{i:04}.png" for i in range(0, 5000, 2)]


def test_folders_too_deep_to_be_opened_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture(), "PNG"))
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):  # 20 times 250 characters are longer than a path can be
        os.mkdir("d" * 250, dir_fd=here)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    probe = open_probe_set(tmp_path)
    assert probe.names == ["a.png"]
    ((name, reason),) = probe.skipped
    assert name.startswith("dddd") and reason == "file name too long"


@contextmanager
def somebody_else() -> Iterator[None]:
    """Without the rights of root, who may read everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that others may enter; they may not enter pytest's own."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_what_may_not_be_read_is_skipped(open_path: Path) -> None:
    (open_path / "closed").mkdir()
    for name in ("a.png", "b.png", "closed/c.png", "unlisted.png"):
        (open_path / name).write_bytes(encoded(picture(), "PNG"))
        (open_path / name).chmod(0o644)
    (open_path / "a.png").chmod(0)
    (open_path / "closed").chmod(0)
    try:
        with somebody_else():
            probe = open_probe_set(open_path)
    finally:
        (open_path / "closed").chmod(0o700)
    assert probe.names == ["b.png", "unlisted.png"]
    assert probe.skipped == [("a.png", "permission denied"), ("closed", "permission denied")]


@pytest.mark.parametrize("instead", ["pipe", "nothing", "folder", "large"])
def test_an_image_exchanged_after_it_was_found_is_skipped(tmp_path: Path, instead: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(), "PNG"))
    probe = open_probe_set(tmp_path)
    path.unlink()
    if instead == "pipe":
        os.mkfifo(path)
    elif instead == "folder":
        path.mkdir()
    elif instead == "large":
        path.write_bytes(png(60_000, 60_000))
    with pytest.raises(UnreadableImage):
        probe.image(0)


MEASURE = """
import resource, sys, warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from atlas.probe import decoding
from atlas.probe.opening import open_probe_set
from atlas.probe.probe_set import batches

warnings.simplefilter("ignore")
decoding.MOST_MEMORY = int(sys.argv[2])  # as much smaller as these images are
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
probe = open_probe_set(Path(sys.argv[1]))
list(batches(probe, 2, workers=8))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(len(probe.table()), len(probe.skipped), grown >> 10)
"""


def measured(folder: Path, most: int) -> list[int]:
    """How many images of a folder are used and skipped, and by how many MiB a process grows."""
    command = [sys.executable, "-c", MEASURE, str(folder), str(most)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


@pytest.mark.parametrize("format", sorted(set(decoding.MEMORY) & set(decoding.FORMATS)))
def test_images_of_every_format_take_no_more_memory_together_than_is_said(
    tmp_path: Path, format: str
) -> None:
    side = 400 if format == "QOI" else 1400  # Pillow reads that one slowly
    mode = "RGB" if format in ("BMP", "GIF", "JPEG", "PCX", "PPM") else "RGBA"
    coarse = picture(mode, (40, 30)).resize((side, side))
    options = {"PNG": {"compress_level": 1}, "WEBP": {"method": 0, "lossless": True}}
    data = encoded(coarse, format, **options.get(format, {}))
    for i in range(6):
        (tmp_path / f"{i}").write_bytes(data)
    most = max(decoding.MEMORY[format], decoding.MEMORY_REDUCED[format]) * side**2
    used, skipped, grown = measured(tmp_path, most)
    assert (used, skipped) == (6, 0)
    assert grown < 1.3 * most / 2**20 + 12


@pytest.mark.parametrize("format", sorted(set(decoding.MEMORY) & set(decoding.FORMATS)))
def test_an_image_of_any_format_that_takes_too_much_memory_is_skipped_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    for name, size in (("large", (300, 300)), ("small", (300, 299))):
        (tmp_path / name).write_bytes(encoded(picture(size=size), format))
    monkeypatch.setattr(decoding, "MOST_MEMORY", 300 * 300 * decoding.MEMORY_REDUCED[format] - 1)
    probe = open_probe_set(tmp_path)
    assert probe.names == ["small"]
    ((name, reason),) = probe.skipped
    assert name == "large" and reason.startswith("300 x 300 pixels, more than ")
    assert "megapixels" in reason


def test_large_images_and_bombs_do_not_take_the_memory(tmp_path: Path) -> None:
    # 8 megapixels in gray of 16 bits: as color 32 MiB, and as much in between.
    for i in range(6):
        data = bytes((1 + 2 * 4096) * 2048)
        (tmp_path / f"{i}.png").write_bytes(png(4096, 2048, data, depth=16, color=0))
    for i in range(6):
        (tmp_path / f"bomb{i}.png").write_bytes(png(60_000, 50_000 + i))
        (tmp_path / f"lying{i}.png").write_bytes(png(2048, 4096, bytes(9 + i)))
    used, skipped, grown = measured(tmp_path, 20 * 2**23)
    assert (used, skipped) == (6, 12)
    assert grown < 160, "MiB; one of these images at a time takes about 100, all at once 400"
