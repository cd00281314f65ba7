"""Probe sets: folders as users have them, hostile files, order, identity, downloads."""

import io
import os
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms

from atlas.errors import AtlasError
from atlas.probe.decoding import UnreadableImage, prepare
from atlas.probe.opening import open_probe_set
from atlas.probe.probe_set import ProbeSet, batches


def photograph(width: int = 300, height: int = 260, seed: int = 0) -> Image.Image:
    """Smooth colors with some noise, as a camera gives."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 7, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    noise = rng.integers(-9, 10, (height, width, 3))
    return Image.fromarray((smooth + noise).clip(0, 255).astype(np.uint8))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    )


def shown(image: Image.Image, path: Path, **options: Any) -> np.ndarray:
    """What a folder with this one file shows of it."""
    path.parent.mkdir(exist_ok=True)
    image.save(path, **options)
    return open_probe_set(path.parent).image(0)


# What the network is shown


@pytest.mark.parametrize(
    "size", [(500, 375), (375, 500), (1201, 801), (256, 341), (97, 130), (224, 224)]
)
def test_photographs_are_prepared_exactly_as_torchvision_does(size: tuple[int, int]) -> None:
    image = photograph(*size)
    reference = transforms.Compose(
        [transforms.Resize(256, antialias=True), transforms.CenterCrop(224)]
    )
    assert np.array_equal(prepare(image), np.asarray(reference(image)))


@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.sampled_from(["RGB", "L", "RGBA", "P", "1", "I;16"]),
)
def test_any_size_and_mode_becomes_224_by_224_rgb(width: int, height: int, mode: str) -> None:
    pixels = prepare(Image.new(mode, (width, height)))
    assert pixels.shape == (224, 224, 3)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (3, 9_000)])
def test_extreme_strips_neither_fail_nor_fill_the_memory(size: tuple[int, int]) -> None:
    assert prepare(Image.new("RGB", size, "red"))[112, 112].tolist() == [255, 0, 0]


def test_exif_orientation_is_honored(tmp_path: Path) -> None:
    image = Image.new("RGB", (300, 300), "black")
    image.paste("white", (0, 0, 300, 150))  # the top as stored is the left when upright
    exif = Image.Exif()
    exif[0x0112] = 8
    pixels = shown(image, tmp_path / "set" / "a.jpg", exif=exif)
    assert pixels[:, :90].mean() > 250
    assert pixels[:, -90:].mean() < 5


def test_damaged_exif_does_not_cost_the_photograph(tmp_path: Path) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff"
    assert shown(photograph(), tmp_path / "set" / "a.jpg", exif=exif).std() > 10


def test_transparency_shows_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (256, 256), (255, 0, 0, 0))
    assert shown(clear, tmp_path / "alpha" / "a.png").min() == 255
    half = Image.new("LA", (256, 256), (0, 128))
    assert abs(int(shown(half, tmp_path / "gray" / "a.png").mean()) - 127) <= 1
    palette = Image.new("P", (256, 256), 0)
    assert shown(palette, tmp_path / "palette" / "a.png", transparency=0).min() == 255


def test_palette_colors_are_looked_up(tmp_path: Path) -> None:
    palette = Image.new("P", (256, 256), 1)
    palette.putpalette([0, 0, 0, 10, 200, 30])
    assert shown(palette, tmp_path / "set" / "a.gif")[5, 5].tolist() == [10, 200, 30]


def test_cmyk_white_is_white_and_cyan_is_cyan(tmp_path: Path) -> None:
    white = Image.new("CMYK", (256, 256), (0, 0, 0, 0))
    assert shown(white, tmp_path / "white" / "a.jpg").min() > 250
    cyan = shown(Image.new("CMYK", (256, 256), (255, 0, 0, 0)), tmp_path / "cyan" / "a.jpg")[9, 9]
    assert cyan[0] < 30
    assert cyan[1:].min() > 200


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_gray_of_16_bits_is_scaled_not_clipped(tmp_path: Path, suffix: str) -> None:
    values = np.full((256, 256), 257 * 100, np.uint16)
    assert np.unique(shown(Image.fromarray(values), tmp_path / "set" / f"a.{suffix}")).tolist() == [
        100
    ]


def test_color_of_16_bits_is_scaled_not_clipped(tmp_path: Path) -> None:
    header = b"P6 256 256 65535\n"
    pixel = struct.pack(">HHH", 257 * 10, 257 * 120, 257 * 250)
    (tmp_path / "a.ppm").write_bytes(header + pixel * 256 * 256)
    assert open_probe_set(tmp_path).image(0)[7, 7].tolist() == [10, 120, 250]


def test_gray_of_floating_point_uses_its_own_range(tmp_path: Path) -> None:
    values = np.linspace(-3, 5, 256 * 256, dtype=np.float32).reshape(256, 256)
    pixels = shown(Image.fromarray(values), tmp_path / "set" / "a.tif")
    assert pixels[0].mean() < 20
    assert pixels[-1].mean() > 235


# Folders


def test_names_are_sorted_relative_paths_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    files = ["b.jpg", "a/z.png", "a/b.png", ".hidden.jpg", ".git/c.jpg", "ä.jpg"]
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        photograph(30, 30).save(tmp_path / file)
    probe = open_probe_set(tmp_path)
    assert probe.names == ["a/b.png", "a/z.png", "b.jpg", "ä.jpg"]
    assert (probe.kind, probe.name, probe.synthetic) == ("folder", tmp_path.name, False)
    assert list(probe.table()["image"]) == probe.names
    assert probe.skipped == []


def test_what_is_no_readable_image_is_skipped_with_a_reason(tmp_path: Path) -> None:
    photograph().save(tmp_path / "good.jpg")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "huge.png").write_bytes(png_header(60_000, 60_000))
    (tmp_path / "large.png").write_bytes(png_header(14_000, 14_000))
    (tmp_path / "program.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "dead.jpg").symlink_to("nowhere")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "circle").symlink_to(tmp_path, target_is_directory=True)
    probe = open_probe_set(tmp_path)
    assert probe.names == ["good.jpg"]
    reasons = dict(probe.skipped)
    assert set(reasons) == {
        *("dead.jpg", "empty.jpg", "huge.png", "large.png", "loop.jpg", "pipe.jpg"),
        *("program.eps", "text.png"),
    }
    assert reasons["dead.jpg"] == "a link to nothing"
    assert reasons["pipe.jpg"] == "not a regular file"
    assert "megapixels" in reasons["large.png"]
    assert all(reason and "\n" not in reason for reason in reasons.values())


def test_names_that_are_no_unicode_become_readable_and_stay_unique(tmp_path: Path) -> None:
    data = io.BytesIO()
    photograph(20, 20).save(data, "PNG")
    for name in (b"caf\xe9.png", rb"caf\xe9.png", b"two\nlines.png"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(data.getvalue())
    names = open_probe_set(tmp_path).names
    assert sorted(names) == [r"caf\xe9.png", r"caf\xe9.png (2)", r"two\nlines.png"]


@pytest.mark.parametrize("name", ["missing", "file.jpg", "empty", "texts"])
def test_a_folder_without_images_is_refused_with_one_line(tmp_path: Path, name: str) -> None:
    photograph(20, 20).save(tmp_path / "file.jpg")
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    with pytest.raises(AtlasError) as caught:
        open_probe_set(str(tmp_path / name))
    assert name in str(caught.value)
    assert "--probe stimuli" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_digest_is_of_names_and_contents_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "elsewhere" / "second"
    first.mkdir()
    photograph(40, 30).save(first / "a.png")
    photograph(30, 40).save(first / "b.png")
    shutil.copytree(first, second)
    os.utime(second / "a.png", (1, 1))
    digest = open_probe_set(first).digest
    assert open_probe_set(second).digest == digest
    (second / "b.png").rename(second / "c.png")
    renamed = open_probe_set(second).digest
    (second / "c.png").rename(second / "b.png")
    photograph(40, 30, seed=1).save(second / "a.png")
    assert len({digest, renamed, open_probe_set(second).digest}) == 3


# Batches


def folder_of(path: Path, count: int) -> ProbeSet:
    for index in range(count):
        Image.new("RGB", (32, 32), (index, 0, 0)).save(path / f"{index:03}.png")
    return open_probe_set(path)


@pytest.mark.parametrize(("size", "workers"), [(4, 1), (4, 3), (11, 2), (50, 4)])
def test_batches_keep_the_order_and_hold_every_image_once(
    tmp_path: Path, size: int, workers: int
) -> None:
    indices, levels = [], []
    for some, images in batches(folder_of(tmp_path, 11), size, workers):
        assert images.shape == (len(some), 224, 224, 3)
        indices += some
        levels += images[:, 0, 0, 0].tolist()
    assert indices == levels == list(range(11))


def test_an_image_found_damaged_while_decoding_is_left_out_and_told(tmp_path: Path) -> None:
    data = io.BytesIO()
    photograph(600, 400).save(data, "JPEG")
    (tmp_path / "half.jpg").write_bytes(data.getvalue()[: len(data.getvalue()) // 2])
    photograph().save(tmp_path / "whole.jpg")
    photograph().save(tmp_path / "also.jpg")
    probe = open_probe_set(tmp_path)
    assert len(probe) == 3
    with pytest.raises(UnreadableImage, match="truncated"):
        probe.image(1)
    for _ in range(2):  # however often the set is read, it is told once
        assert [indices for indices, _ in batches(probe, 2)] == [[0, 2]]
    assert [file for file, _ in probe.skipped] == ["half.jpg"]
    assert list(probe.table()["image"]) == ["also.jpg", "whole.jpg"]


def test_a_set_without_any_decodable_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_header(300, 300))
    with pytest.raises(AtlasError, match="none of the 1 images"):
        list(batches(open_probe_set(tmp_path), 2))


def test_leaving_early_does_not_decode_the_rest(tmp_path: Path) -> None:
    probe = folder_of(tmp_path, 60)
    read: list[int] = []
    image = probe.image
    probe.image = lambda index: read.append(index) or image(index)  # type: ignore[method-assign]
    for _ in batches(probe, 4, 2):
        break
    assert len(read) < 30


# Stimuli


def test_the_stimuli_are_a_probe_set_with_labels() -> None:
    probe = open_probe_set("stimuli")
    table = probe.table()
    assert probe.synthetic
    assert list(table["image"]) == probe.names
    assert list(table.columns[:2]) == ["image", "family"]
    first, *_, last = table.to_dict("records")
    assert (first["family"], last["family"]) == ("noise", "scene")
    assert np.isnan([first["exponent"], last["exponent"]]).tolist() == [False, True]
    assert probe.image(0).shape == (224, 224, 3)


def test_units_are_not_ranked_by_what_no_photograph_shows() -> None:
    families = set(open_probe_set("stimuli").table()["family"])
    assert families == {"noise", "scene"}, "no saturated fields, no gratings"
