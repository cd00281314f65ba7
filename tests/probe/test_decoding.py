"""What a file says of its pixels: bits, colors, what is transparent, what is there at all."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, TiffImagePlugin

from atlas.probe import decoding
from atlas.probe.decoding import UnreadableImage, decode, prepare
from atlas.probe.opening import open_probe_set

RAMP = np.tile(np.arange(256), (256, 1))
MIDDLE = RAMP[:224, 16:240]
"""What is shown of the ramp."""


def png(
    values: NDArray, depth: int, color: int, *chunks: tuple[bytes, bytes], width: int = 256
) -> bytes:
    """A PNG of big-endian rows; chunks go before the pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    height = len(values)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)), *chunks]
    parts += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def read(path: Path, content: bytes) -> tuple[NDArray[np.int64], list[str]]:
    """What is shown of a file, and what is remarked."""
    remarks: list[str] = []
    path.write_bytes(content)
    return decode(path, remarks.append).astype(int), remarks


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


# More than 8 bits


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
@pytest.mark.parametrize("said", [True, False])
def test_fewer_bits_than_their_type_has_are_as_bright(
    tmp_path: Path, bits: int, said: bool
) -> None:
    values = (RAMP * (2**bits - 1) / 255).round().astype(">u2")
    chunks = [(b"sBIT", bytes([bits]))] if said else []
    shown, remarks = read(tmp_path / "a.png", png(values, 16, 0, *chunks))
    assert np.abs(shown[..., 0] - MIDDLE).max() <= 1
    assert len(remarks) == (0 if said else 1)


def test_significant_bits_at_the_upper_end_as_the_standard_has_them(tmp_path: Path) -> None:
    values = (RAMP * 4095 // 255 * 16).astype(">u2")
    shown, remarks = read(tmp_path / "a.png", png(values, 16, 0, (b"sBIT", b"\x0c")))
    assert np.abs(shown[..., 0] - MIDDLE).max() <= 1 and not remarks


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG2000"])
def test_a_dark_picture_of_16_bits_stays_as_dark(tmp_path: Path, format: str) -> None:
    values = (RAMP * 80).astype(np.uint16)  # to a third of white
    options = {"irreversible": False} if format == "JPEG2000" else {}
    shown, remarks = read(tmp_path / "a", saved(Image.fromarray(values), format, **options))
    assert np.abs(shown[..., 0] - MIDDLE * 80 / 257).max() <= 1 and not remarks


@pytest.mark.parametrize("kind", [np.int32, np.float32])
@pytest.mark.parametrize("white", [255, 65535])
def test_gray_of_32_bits_with_the_values_of_8_or_16(tmp_path: Path, kind: type, white: int) -> None:
    values = (RAMP / 255 * white).astype(kind)
    shown, remarks = read(tmp_path / "a.tif", saved(Image.fromarray(values), "TIFF"))
    assert np.abs(shown[..., 0] - MIDDLE).max() <= 1 and not remarks


def test_floating_point_goes_from_0_to_1(tmp_path: Path) -> None:
    values = (RAMP / 255 * 0.5).astype(np.float32)
    values[0, 0] = np.nan
    shown, _ = read(tmp_path / "a.tif", saved(Image.fromarray(values), "TIFF"))
    assert np.abs(shown[..., 0] - MIDDLE / 2).max() <= 1


def test_a_tiff_that_says_its_range_is_believed(tmp_path: Path) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[281] = 1000
    values = (RAMP / 255 * 600).astype(np.uint16)
    shown, remarks = read(tmp_path / "a.tif", saved(Image.fromarray(values), "TIFF", tiffinfo=info))
    assert np.abs(shown[..., 0] - MIDDLE * 0.6).max() <= 1 and not remarks


@pytest.mark.parametrize("color", [2, 4, 6])
def test_color_of_12_bits_in_16(tmp_path: Path, color: int) -> None:
    channels = {2: [1, 0.5, 0.25], 4: [1, 16.004], 6: [1, 0.5, 0.25, 16.004]}[color]
    values = (RAMP[..., None] / 255 * 4095 * np.array(channels)).astype(">u2")
    if color != 2:
        values[..., -1] = 65535
    shown, remarks = read(tmp_path / "a.png", png(values, 16, color))
    wanted = [1, 1, 1] if color == 4 else [1, 0.5, 0.25]
    assert np.abs(shown - MIDDLE[..., None] * wanted).max() <= 1 and len(remarks) == 1


@given(st.integers(16, 65535), st.sampled_from([np.uint16, np.int32, np.float32]))
def test_whatever_the_values_something_is_seen(highest: int, kind: type) -> None:
    shown = prepare(Image.fromarray((RAMP / 255 * highest).astype(kind)))
    assert shown.max() >= 60


def test_what_was_taken_for_granted_is_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(png((RAMP * 16).astype(">u2"), 16, 0))
    probe = open_probe_set(tmp_path)
    probe.image(0)
    assert list(probe.assumed) == ["scan.png"] and "4095" in probe.assumed["scan.png"]


# Transparency


@pytest.mark.parametrize(
    "depth, color, values, clear",
    [
        (16, 0, np.full((256, 256), 30000, ">u2"), b"\x75\x30"),
        (16, 2, np.full((256, 256, 3), 30000, ">u2"), b"\x75\x30" * 3),
        (8, 0, np.full((256, 256), 7, "u1"), b"\0\x07"),
        (8, 2, np.full((256, 256, 3), 7, "u1"), b"\0\x07" * 3),
        (4, 0, np.full((256, 128), 0x55, "u1"), b"\0\x05"),
        (2, 0, np.full((256, 64), 0x55, "u1"), b"\0\x01"),
        (1, 0, np.full((256, 32), 0xFF, "u1"), b"\0\x01"),
    ],
)
def test_the_transparent_color_shows_white_at_every_depth(
    tmp_path: Path, depth: int, color: int, values: NDArray, clear: bytes
) -> None:
    assert read(tmp_path / "a.png", png(values, depth, color, (b"tRNS", clear)))[0].min() == 255
    other = bytes(len(clear))
    shown, _ = read(tmp_path / "b.png", png(values, depth, color, (b"tRNS", other)))
    assert (shown.max() < 255) == (depth > 1)  # of one bit, the other color is white itself


# Colors


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def gamma(mode: str, power: float) -> bytes:
    """A profile of sRGB's primaries, or of gray, with another tone curve."""
    content = bytearray(SRGB)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(power * 256)) + b"\0\0"
    tags, count = [], struct.unpack(">I", content[128:132])[0]
    for i in range(count):
        name, offset, size = struct.unpack(">4sII", content[132 + 12 * i : 144 + 12 * i])
        tags.append((name, bytes(content[offset : offset + size])))
    kept = [(name, curve if name.endswith(b"TRC") else data) for name, data in tags]
    if mode == "L":
        kept = [(n, d) for n, d in kept if n in (b"wtpt", b"desc", b"cprt")] + [(b"kTRC", curve)]
        content[16:20] = b"GRAY"
    table, body, offset = b"", b"", 132 + 12 * len(kept)
    for name, data in kept:
        data += b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data
    whole = bytes(content[:128]) + struct.pack(">I", len(kept)) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


COLORS = (
    np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(32, 0).repeat(32, 1)
)


def reference(image: Image.Image, icc: bytes) -> NDArray[np.int64]:
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    srgb = ImageCms.createProfile("sRGB")
    whole = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    assert whole is not None
    return np.asarray(whole)[16:240, 16:240].astype(int)


@pytest.mark.parametrize(
    "format, mode",
    [
        *(("PNG", mode) for mode in ("RGB", "RGBA", "P", "L", "LA", "I;16")),
        *(("TIFF", mode) for mode in ("RGB", "RGBA", "P", "L", "LA", "I;16")),
        *(("JPEG", "RGB"), ("JPEG", "L"), ("WEBP", "RGB"), ("WEBP", "RGBA")),
    ],
)
def test_a_color_profile_is_followed(tmp_path: Path, format: str, mode: str) -> None:
    colors = "L" if mode in ("L", "LA", "I;16") else "RGB"
    icc = gamma(colors, 1.0)
    plain = Image.fromarray(COLORS).convert(colors)
    if mode == "P":
        plain = plain.quantize(64).convert("RGB")
    if mode == "I;16":
        stored = Image.fromarray(np.asarray(plain).astype(np.uint16) * 257)
    else:
        stored = plain.convert(mode) if mode != "P" else plain.quantize(64)
    options = (
        {"lossless": True} if format == "WEBP" else {"quality": 100} if format == "JPEG" else {}
    )
    content = saved(stored, format, icc_profile=icc, **options)
    shown, _ = read(tmp_path / "a", content)
    inner = np.abs(shown - reference(plain, icc)).reshape(7, 32, 7, 32, 3)[:, 2:30, :, 2:30]
    assert np.median(inner) <= 1 and inner.mean() < 4
    assert np.abs(shown - COLORS[16:240, 16:240]).mean() > 15


@pytest.mark.parametrize("icc", [SRGB, gamma("L", 1.0), b"nonsense", SRGB[:200]])
def test_a_profile_that_says_nothing_new_changes_nothing(tmp_path: Path, icc: bytes) -> None:
    with_one = saved(Image.fromarray(COLORS), "PNG", icc_profile=icc)
    without = saved(Image.fromarray(COLORS), "PNG")
    assert np.array_equal(read(tmp_path / "a", with_one)[0], read(tmp_path / "b", without)[0])


# What is there


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_an_animation_shows_its_first_frame_on_which_anything_is(
    tmp_path: Path, format: str
) -> None:
    empty = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    frames = [empty.copy(), Image.new("RGBA", (64, 64), "red"), Image.new("RGBA", (64, 64), "blue")]
    content = saved(empty, format, save_all=True, append_images=frames, duration=50)
    assert read(tmp_path / "a", content)[0][99, 99].tolist() in ([255, 0, 0], [255, 1, 0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_an_orientation_counts_however_it_is_stored(
    tmp_path: Path, orientation: int, kind: int
) -> None:
    size = {1: b"%c\0\0\0", 3: b"%c\0\0\0", 4: b"%c\0\0\0"}[kind] % orientation
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHI", 0x0112, kind, 1) + size + b"\0" * 4
    stored = Image.fromarray(COLORS)
    upright = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    turned = stored.transpose(Image.Transpose(upright[orientation])) if orientation > 1 else stored
    shown, _ = read(tmp_path / "a", saved(stored, "PNG", exif=exif))
    assert np.array_equal(shown, prepare(turned))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_and_closed_is_no_photograph(
    tmp_path: Path, mode: str, progressive: bool
) -> None:
    image = Image.fromarray(COLORS).convert(mode)
    content = saved(image, "JPEG", quality=90, progressive=progressive)
    scan = content.index(b"\xff\xda")
    cut = content[: scan + (len(content) - scan) // (10 if progressive else 2)] + b"\xff\xd9"
    with pytest.raises(UnreadableImage, match="its end is missing"):
        read(tmp_path / "cut.jpg", cut)
    read(tmp_path / "whole.jpg", content)


def test_a_photograph_that_ends_in_mid_gray_is_one(tmp_path: Path) -> None:
    colors = COLORS.copy()
    colors[128:] = 128
    for options in ({}, {"progressive": True}, {"restart_marker_blocks": 3}):
        shown, _ = read(tmp_path / "a.jpg", saved(Image.fromarray(colors), "JPEG", **options))
        assert np.abs(shown[-20:] - 128).max() <= 1


@pytest.mark.parametrize(
    "format, mode",
    [
        *(("PNG", mode) for mode in ("RGB", "L", "RGBA", "I;16")),
        *(("TIFF", mode) for mode in ("RGB", "L", "RGBA", "I;16")),
        *(("JPEG", "RGB"), ("JPEG", "L"), ("WEBP", "RGB"), ("WEBP", "RGBA")),
        *(("BMP", "RGB"), ("GIF", "RGB")),
    ],
)
def test_a_large_image_is_reduced_and_looks_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, mode: str
) -> None:
    soft = Image.fromarray(COLORS).resize((2100, 1500), Image.Resampling.BICUBIC)
    if mode == "I;16":
        soft = Image.fromarray(np.asarray(soft.convert("L")).astype(np.uint16) * 257)
    content = saved(soft.convert(mode) if mode != "I;16" else soft, format)
    whole, _ = read(tmp_path / "a", content)
    per_pixel = decoding.MEMORY_REDUCED[format]
    monkeypatch.setattr(decoding, "MOST_MEMORY", 2100 * 1500 * per_pixel)
    monkeypatch.setattr(decoding, "_memory", decoding._Memory(2100 * 1500 * per_pixel))
    reduced, _ = read(tmp_path / "a", content)
    assert np.abs(whole - reduced).mean() < 2
