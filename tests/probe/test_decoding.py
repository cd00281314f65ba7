"""What a file says of its pixels: bits, colors, what is transparent, what is there at all."""

import io
import struct
import zlib
from pathlib import Path

import cv2
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


def netpbm(kind: bytes, white: bytes, values: NDArray) -> bytes:
    return b"%s\n# made here\n256 256\n%s\n" % (kind, white) + values.tobytes()


BITS_12 = RAMP * 4095 // 255


@pytest.mark.parametrize(
    "content, said",
    [
        (netpbm(b"P5", b"4095", BITS_12.astype(">u2")), True),
        (netpbm(b"P5", b"65535", BITS_12.astype(">u2")), False),
        (netpbm(b"P6", b"4095", BITS_12.astype(">u2").repeat(3, 1)), True),
        (netpbm(b"P6", b"65535", BITS_12.astype(">u2").repeat(3, 1)), False),
        (netpbm(b"Pf", b"-1.0", (RAMP / 255)[::-1].astype("<f4")), True),
        (saved(Image.fromarray(BITS_12.astype(np.uint16)), "JPEG2000", irreversible=False), False),
        (
            cv2.imencode(".jp2", BITS_12.astype(np.uint16)[..., None].repeat(3, 2))[1].tobytes(),
            False,
        ),
        (
            cv2.imencode(".tif", BITS_12.astype(np.uint16)[..., None].repeat(3, 2))[1].tobytes(),
            False,
        ),
    ],
    ids=["pgm said", "pgm", "ppm said", "ppm", "pfm", "jp2", "jp2 color", "tiff color"],
)
def test_12_bits_are_as_bright_in_every_format(tmp_path: Path, content: bytes, said: bool) -> None:
    shown, remarks = read(tmp_path / "a", content)
    assert np.abs(shown - MIDDLE[..., None]).max() <= 1
    assert len(remarks) == (0 if said else 1)


def tiff(values: NDArray, photometric: int = 1) -> bytes:
    """A little-endian gray TIFF of unsigned numbers."""
    height, width = values.shape
    tags = [(256, width), (257, height), (258, 8 * values.itemsize), (259, 1), (262, photometric)]
    tags += [(273, 8), (277, 1), (278, height), (279, values.nbytes)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = struct.pack("<2sHI", b"II", 42, 8 + values.nbytes)
    return head + values.tobytes() + struct.pack("<H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("kind, white", [("<u2", 65535), ("<u2", 4095), ("u1", 255)])
def test_where_0_is_white_it_shows_white(tmp_path: Path, kind: str, white: int) -> None:
    shown, _ = read(tmp_path / "a", tiff((RAMP * (white / 255)).round().astype(kind), 0))
    assert np.abs(shown[..., 0] - (255 - MIDDLE)).max() <= 1


def test_unsigned_numbers_of_32_bits_are_not_negative(tmp_path: Path) -> None:
    shown, _ = read(tmp_path / "a", tiff((RAMP * 16843009).astype("<u4")))
    assert np.abs(shown[..., 0] - MIDDLE).max() <= 1


@given(st.integers(16, 65535), st.sampled_from([np.uint16, np.int32, np.float32]))
def test_whatever_the_values_something_is_seen(highest: int, kind: type) -> None:
    shown = prepare(Image.fromarray((RAMP / 255 * highest).astype(kind)))
    assert shown.max() >= 60


def test_all_that_was_taken_for_granted_is_kept_for_the_log(tmp_path: Path) -> None:
    profile = (b"iCCP", b"a\0\0" + zlib.compress(b"nonsense"))
    (tmp_path / "scan.png").write_bytes(png((RAMP * 16).astype(">u2"), 16, 0, profile))
    probe = open_probe_set(tmp_path)
    probe.image(0)
    assert list(probe.assumed) == ["scan.png"]
    assert "4095" in probe.assumed["scan.png"] and "profile" in probe.assumed["scan.png"]


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


def reference(image: Image.Image, icc: bytes, part: slice = slice(16, 240)) -> NDArray[np.int64]:
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    srgb = ImageCms.createProfile("sRGB")
    whole = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    assert whole is not None
    return np.asarray(whole)[part, part].astype(int)


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


NOISE = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)


@pytest.mark.parametrize("power", [1.0, 1.8])
def test_colors_are_converted_before_they_are_mixed(tmp_path: Path, power: float) -> None:
    icc = gamma("RGB", power)
    srgb = Image.fromarray(reference(Image.fromarray(NOISE), icc, slice(None)).astype(np.uint8))
    shown, _ = read(tmp_path / "a", saved(Image.fromarray(NOISE), "PNG", icc_profile=icc))
    assert np.array_equal(shown, prepare(srgb))


@pytest.mark.parametrize("icc", [SRGB, gamma("L", 1.0), b"nonsense", SRGB[:200]])
def test_a_profile_that_cannot_be_followed_changes_nothing_and_is_told(
    tmp_path: Path, icc: bytes
) -> None:
    with_one = saved(Image.fromarray(COLORS), "PNG", icc_profile=icc)
    without = saved(Image.fromarray(COLORS), "PNG")
    shown, remarks = read(tmp_path / "a", with_one)
    assert np.array_equal(shown, read(tmp_path / "b", without)[0])
    assert ["color profile" in remark for remark in remarks] == ([] if icc == SRGB else [True])


P3_TO_SRGB = [[1.22494, -0.22494, 0], [-0.042057, 1.042057, 0], [-0.019638, -0.078636, 1.098274]]
ADOBE_TO_SRGB = [[1.398356, -0.398356, 0], [0, 1, 0], [0, -0.042929, 1.042929]]
"""Of linear colors; from CSS Color 4, and from Adobe RGB (1998)."""


def in_srgb(colors: NDArray, matrix: list[list[float]], exponent: float | None) -> NDArray:
    """Colors of another space in sRGB, by hand; no exponent means the curve of sRGB."""
    value = colors / 255
    curved = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    light = ((curved if exponent is None else value**exponent) @ np.transpose(matrix)).clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


CHROMATICITIES = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)


def in_png(*chunks: tuple[bytes, bytes]) -> bytes:
    return png(COLORS, 8, 2, *chunks)


def in_avif(primaries: int, transfer: int) -> bytes:
    content = bytearray(saved(Image.fromarray(COLORS), "AVIF", quality=100, subsampling="4:4:4"))
    place = content.index(b"colrnclx") + 8
    content[place : place + 4] = struct.pack(">HH", primaries, transfer)
    return bytes(content)


def in_jpeg2000(icc: bytes) -> bytes:
    content = saved(Image.fromarray(COLORS), "JPEG2000")
    box = struct.pack(">I4s3B", len(icc) + 11, b"colr", 2, 0, 0) + icc
    header, old = content.index(b"jp2h") - 4, content.index(b"colr") - 4
    sizes = [struct.unpack(">I", content[at : at + 4])[0] for at in (header, old)]
    size = struct.pack(">I", sizes[0] - sizes[1] + len(box))
    return content[:header] + size + content[header + 4 : old] + box + content[old + sizes[1] :]


def in_exif(format: str) -> bytes:
    exif = Image.Exif()
    exif[0x8769] = {0xA001: 65535, 0xA005: {1: "R03"}}
    options = {"quality": 100, "subsampling": 0} if format == "JPEG" else {}
    return saved(Image.fromarray(COLORS), format, exif=exif, **options)


@pytest.mark.parametrize(
    "content, matrix, exponent",
    [
        (in_png((b"cICP", bytes([12, 13, 0, 1]))), P3_TO_SRGB, None),
        (in_png((b"cHRM", CHROMATICITIES)), P3_TO_SRGB, None),
        (in_png((b"cHRM", CHROMATICITIES), (b"gAMA", struct.pack(">I", 45455))), P3_TO_SRGB, None),
        (in_png((b"gAMA", struct.pack(">I", 100000))), np.eye(3), 1.0),
        (in_jpeg2000(gamma("RGB", 1.0)), np.eye(3), 1.0),
        (in_exif("JPEG"), ADOBE_TO_SRGB, 563 / 256),
        *([(in_avif(12, 13), P3_TO_SRGB, None)] if "AVIF" in decoding.FORMATS else []),
    ],
)
def test_a_color_space_counts_however_it_is_said(
    tmp_path: Path, content: bytes, matrix: list[list[float]], exponent: float | None
) -> None:
    shown, remarks = read(tmp_path / "a", content)
    wanted = in_srgb(COLORS[16:240, 16:240], matrix, exponent)
    inner = np.abs(shown - wanted).reshape(7, 32, 7, 32, 3)[:, 8:24, :, 8:24]
    assert np.median(inner) <= 1 and inner.mean() < 2 and not remarks
    assert np.abs(shown - COLORS[16:240, 16:240]).mean() > 4


@pytest.mark.parametrize(
    "chunk", [(b"gAMA", struct.pack(">I", 45455)), (b"cICP", bytes([1, 13, 0, 1]))]
)
def test_a_file_that_says_srgb_shows_as_one_that_says_nothing(
    tmp_path: Path, chunk: tuple[bytes, bytes]
) -> None:
    assert np.array_equal(read(tmp_path / "a", in_png(chunk))[0], COLORS[16:240, 16:240])


def test_a_color_space_that_is_not_known_is_told(tmp_path: Path) -> None:
    _, remarks = read(tmp_path / "a", in_png((b"cICP", bytes([9, 16, 0, 1]))))
    assert len(remarks) == 1 and "9, 16" in remarks[0]


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
    # Pillow turns what it decodes of a TIFF by itself.
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[0x0112] = orientation
    assert np.array_equal(read(tmp_path / "b", saved(stored, "TIFF", tiffinfo=info))[0], shown)


WAYS = {
    "plain": {},
    "restarts": {"restart_marker_blocks": 3},
    "colors apart": {"subsampling": 0},
    "progressive": {"progressive": True},
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [(256, 256), (33, 49)])
def test_a_jpeg_cut_and_closed_is_no_photograph(
    tmp_path: Path, mode: str, way: str, size: tuple[int, int]
) -> None:
    image = Image.fromarray(NOISE).crop((0, 0, *size)).convert(mode)
    content = saved(image, "JPEG", quality=90, **WAYS[way])
    scan = content.index(b"\xff\xda") + 20
    read(tmp_path / "whole.jpg", content)
    for part in (0.05, 0.1, 0.2, 0.3) if way == "progressive" else (0.05, 0.2, 0.5, 0.8, 0.95):
        cut = content[: scan + int(part * (len(content) - scan))]
        for closed in (cut + b"\xff\xd9", cut + b"\xff\xff\xd9"):
            with pytest.raises(UnreadableImage, match=r"its end is missing|truncated"):
                read(tmp_path / "cut.jpg", closed)


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
    reduced, _ = read(tmp_path / "a", content)
    assert np.abs(whole - reduced).mean() < 2


def test_color_of_12_bits_in_16_is_reduced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soft = np.asarray(Image.fromarray(COLORS).resize((1300, 1100), Image.Resampling.BICUBIC))
    content = png((soft.astype(int) * 4095 // 255).astype(">u2"), 16, 2, width=1300)
    whole, _ = read(tmp_path / "a", content)
    monkeypatch.setattr(decoding, "MOST_MEMORY", 1300 * 1100 * 10 + len(content))
    reduced, remarks = read(tmp_path / "a", content)
    assert np.abs(whole - reduced).mean() < 2 and len(remarks) == 1
    monkeypatch.setattr(decoding, "MOST_MEMORY", 1300 * 1100 * 10)
    with pytest.raises(UnreadableImage, match="1300 x 1100 pixels, more than"):
        read(tmp_path / "a", content)


def test_a_jpeg_of_one_scan_may_be_larger_than_a_progressive_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image.fromarray(COLORS).resize((2100, 1500))
    monkeypatch.setattr(decoding, "MOST_MEMORY", 2100 * 1500 * 5)
    read(tmp_path / "a", saved(image, "JPEG"))
    with pytest.raises(UnreadableImage, match="megapixels of progressive JPEG"):
        read(tmp_path / "a", saved(image, "JPEG", progressive=True))
