"""Files as a folder of photographs should not have them, and odd ones that are images all the same.

Each is made here, from a picture of a few pixels; what becomes of it is part of its description.
"""

import io
import os
import random
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from support.hostile_run import NAMES

USED, SKIPPED, EITHER = "used", "skipped", "either"
"""What becomes of a file; how much of a damaged one can be read is the decoder's business."""

SUFFIXES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif"}


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 30), seed: int = 0) -> Image.Image:
    """Noise of a mode, so that no format makes it small."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b"\0", depth: int = 8, color: int = 2) -> bytes:
    """A PNG of any size in its header, with the pixels given, which need not be as many."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def contents() -> Iterator[tuple[str, bytes, str]]:
    """Name, content and fate of every regular file."""
    yield from _truncated()
    yield from _damaged()
    yield from _no_images()
    yield from _absurd_sizes()
    yield from _odd_images()
    yield from _metadata()
    for i, name in enumerate(NAMES):
        plain = name.replace("/", "_")[:200]
        yield f"names/{i}/{plain}", encoded(picture(seed=i), "PNG"), USED
    yield f"names/long/{'n' * 251}.png", encoded(picture(), "PNG"), USED
    yield f"names/long/{'ü' * 125}.png", encoded(picture(), "PNG"), USED


def _truncated() -> Iterator[tuple[str, bytes, str]]:
    for format, suffix in SUFFIXES.items():
        whole = encoded(picture(), format)
        size = len(whole)
        places = [1, 2, 3, 4, 8, 12, 16, 20, 26, 33, 40, 54, 64]
        places += [size // 4, size // 2, 3 * size // 4, size - 64, size - 9, size - 2, size - 1]
        for place in places:
            yield f"truncated/{place}.{suffix}", whole[:place], EITHER if place > 33 else SKIPPED


def _damaged() -> Iterator[tuple[str, bytes, str]]:
    chance = random.Random(0)
    for format, suffix in SUFFIXES.items():
        whole = encoded(picture(), format)
        for number in range(8):
            content = bytearray(whole)
            for _ in range(1 + 4 * number):
                content[chance.randrange(len(content))] = chance.randrange(256)
            yield f"damaged/{number}.{suffix}", bytes(content), EITHER
        yield f"damaged/doubled.{suffix}", whole + whole, USED
        yield f"damaged/tail.{suffix}", whole + b"\xff" * 5000, USED
        yield f"damaged/shifted.{suffix}", b"\0" + whole, SKIPPED


def _no_images() -> Iterator[tuple[str, bytes, str]]:
    for suffix in SUFFIXES.values():
        yield f"empty/a.{suffix}", b"", SKIPPED
        yield f"text/a.{suffix}", b"No picture.\n", SKIPPED
        yield f"zeros/a.{suffix}", bytes(4096), SKIPPED
    yield "other/a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', SKIPPED
    yield "other/a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", SKIPPED
    yield "other/a.pdf", b"%PDF-1.7\n", SKIPPED
    yield "other/a.zip", b"PK\x03\x04" + bytes(64), SKIPPED
    yield "other/a.html", b"<script>hit()</script>", SKIPPED
    yield "other/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), SKIPPED
    yield "other/a.tga", bytes(18) + bytes(64), SKIPPED
    yield "other/a.py", b"raise SystemExit\n", SKIPPED


def _absurd_sizes() -> Iterator[tuple[str, bytes, str]]:
    for width, height in [(2**31 - 1, 1), (1, 2**31 - 1), (60_000, 60_000), (12_000, 12_000)]:
        yield f"large/{width}x{height}.png", png(width, height), SKIPPED
        ppm = f"P6 {width} {height} 255\n".encode()
        yield f"large/{width}x{height}.ppm", ppm, SKIPPED
        bmp = b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, width, height, 1, 24, *[0] * 6)
        yield f"large/{width}x{height}.bmp", bmp, SKIPPED
    yield "large/lying.png", png(11_000, 11_000), SKIPPED
    gif = bytearray(encoded(picture(), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    yield "large/a.gif", bytes(gif), SKIPPED
    jpeg = bytearray(encoded(picture(), "JPEG"))
    place = jpeg.index(b"\xff\xc0") + 5
    jpeg[place : place + 4] = struct.pack(">HH", 65_535, 65_535)
    yield "large/a.jpg", bytes(jpeg), SKIPPED
    tiff = bytearray(encoded(picture(), "TIFF"))
    for tag in (256, 257):  # width and height
        place = (
            tiff.index(struct.pack("<HH", tag, 4), 8)
            if struct.pack("<HH", tag, 4) in tiff
            else tiff.index(struct.pack("<HH", tag, 3), 8)
        )
        tiff[place : place + 12] = struct.pack("<HHII", tag, 4, 1, 60_000)
    yield "large/a.tif", bytes(tiff), SKIPPED
    yield "nothing/a.png", png(0, 0), SKIPPED
    yield "nothing/wide.png", png(5, 0), SKIPPED
    yield "nothing/a.ppm", b"P6 0 0 255\n", SKIPPED
    gif[6:10] = bytes(4)
    yield "nothing/a.gif", bytes(gif), EITHER
    jpeg[jpeg.index(b"\xff\xc0") + 5 :][:4] = bytes(4)
    bmp = b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 0, 0, 1, 24, *[0] * 6)
    yield "nothing/a.bmp", bmp, SKIPPED


def _odd_images() -> Iterator[tuple[str, bytes, str]]:
    others = [*list(SUFFIXES.values())[1:], "jpg"]
    for format, suffix in zip(SUFFIXES, others, strict=True):
        yield f"renamed/{format}.{suffix}", encoded(picture(), format), USED
        yield f"renamed/{format}", encoded(picture(), format), USED
    modes = {"JPEG": ["L", "CMYK", "YCbCr"], "PNG": ["1", "L", "LA", "P", "RGBA", "I;16"]}
    modes |= {"TIFF": ["1", "CMYK", "LAB", "I;16", "I", "F", "RGBA"], "WEBP": ["RGBA", "LA"]}
    for format, names in modes.items():
        for mode in names:
            image = Image.new(mode, (20, 20)) if mode == "I;16" else picture(mode, (20, 20))
            name = mode.replace(";", "")
            yield f"modes/{name}.{SUFFIXES[format]}", encoded(image, format), USED
    palette = picture("P", (20, 20))
    yield "modes/clear.png", encoded(palette, "PNG", transparency=bytes(range(256))), USED
    yield "modes/clear.gif", encoded(palette, "GIF", transparency=3), USED
    yield "modes/16-color.png", png(8, 8, bytes(8 * (1 + 48)), depth=16), USED
    yield "modes/16-clear.png", png(8, 8, bytes(8 * (1 + 64)), depth=16, color=6), USED
    bare = png(8, 8, bytes(8 * 9), color=3)  # colors of a palette that is not there
    yield "modes/no-palette.png", bare, EITHER
    strange = np.array([[np.nan, np.inf], [-np.inf, 1e38], [-1e38, 0]], np.float32)
    yield "modes/strange.tif", encoded(Image.fromarray(strange), "TIFF"), USED
    nothing = Image.fromarray(np.full((4, 4), np.nan, np.float32))
    yield "modes/nan.tif", encoded(nothing, "TIFF"), USED
    frames: dict[str, Any] = {"save_all": True, "append_images": [picture(seed=1), picture(seed=2)]}
    for format in ("GIF", "WEBP", "PNG", "TIFF"):
        yield f"animated/a.{SUFFIXES[format]}", encoded(picture(), format, **frames), USED
        half = encoded(picture(), format, **frames)
        yield f"animated/half.{SUFFIXES[format]}", half[: len(half) // 2], EITHER
    for size in [(1, 1), (1, 5000), (5000, 1), (2, 9000), (1, 60_000), (3, 3)]:
        yield f"shapes/{size[0]}x{size[1]}.png", encoded(picture(size=size), "PNG"), USED
    yield "shapes/1x1.jpg", encoded(picture(size=(1, 1)), "JPEG"), USED
    yield "shapes/progressive.jpg", encoded(picture(), "JPEG", progressive=True), USED


def _metadata() -> Iterator[tuple[str, bytes, str]]:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for format in ("JPEG", "PNG", "WEBP", "TIFF"):
        suffix, image = SUFFIXES[format], picture()
        for number, icc in enumerate([b"", b"icc", profile[:200], profile[:-9], bytes(5000)]):
            yield f"icc/{number}.{suffix}", encoded(image, format, icc_profile=icc), USED
        if format == "TIFF":
            continue  # its metadata are those of the image
        head = b"Exif\0\0"
        wrong = [b"II*\0\x08\0\0\0\xff\xff", b"", b"MM", b"II*\0\xff\xff\xff\xff", bytes(200)]
        circle = struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x8769, 4, 1, 8, 8)
        turned = struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x0112, 3, 1, 99, 0)
        for number, exif in enumerate([*wrong, circle, turned]):
            yield f"exif/{number}.{suffix}", encoded(image, format, exif=head + exif), USED
    text = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**22)))
    whole = encoded(picture(), "PNG")
    yield "exif/text.png", whole[:33] + text + whole[33:], EITHER


def make_files(folder: Path) -> dict[str, str]:
    """Fill a folder; return the fate of every file and link by its path as the log names it."""
    fates: dict[str, str] = {}
    for name, content, fate in contents():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        assert name not in fates
        fates[name] = fate
    return fates | _make_special(folder) | _make_names(folder)


def _make_special(folder: Path) -> dict[str, str]:
    """What is no regular file, and links to it."""
    special = folder / "special"
    special.mkdir()
    os.mkfifo(special / "pipe.png")
    here = os.getcwd()
    os.chdir(special)  # the address of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket.png")
    finally:
        os.chdir(here)
    targets = ["/dev/zero", "/dev/random", "/dev/full", "/dev/stdin", "pipe.png", "nowhere"]
    targets += ["link6.png", "/proc/self/mem", "a" * 5000]
    count = 0
    for target in targets[:-1]:
        (special / f"link{count}.png").symlink_to(target)
        count += 1
    with (special / "sparse.png").open("wb") as file:
        file.write(png(9, 9))
        file.truncate(2**40)
    links = folder / "zlinks"
    links.mkdir()
    (links / "good.png").symlink_to("../shapes/1x1.png")
    (links / "zfolder").symlink_to("../shapes", target_is_directory=True)
    (links / "circle").symlink_to("..", target_is_directory=True)
    (links / "itself").symlink_to(".", target_is_directory=True)
    names = ["pipe.png", "socket.png", "sparse.png", *(f"link{i}.png" for i in range(count))]
    return {f"special/{name}": SKIPPED for name in names} | {"zlinks/good.png": USED}


def _make_names(folder: Path) -> dict[str, str]:
    """Images whose names are no text, or hold what no terminal should be sent."""
    content = encoded(picture(), "PNG")
    fates = {}
    names = {
        b"caf\xe9.png": r"caf\xe9.png",
        b"\xff\xfe.png": r"\xff\xfe.png",
        b"two\nlines.png": r"two\nlines.png",
        b"bell\x07\x1b[31m.png": r"bell\x07\x1b[31m.png",
        "right\u202eleft.png".encode(): r"right\u202eleft.png",
        b"tab\tcr\r.png": r"tab\tcr\r.png",
    }
    os.mkdir(os.fsencode(folder) + b"/names/\xe9")
    for name, shown in names.items():
        for inside, shown_inside in ((b"names", "names"), (b"names/\xe9", r"names/\xe9")):
            Path(os.fsdecode(os.fsencode(folder) + b"/" + inside + b"/" + name)).write_bytes(
                content
            )
            fates[f"{shown_inside}/{shown}"] = USED
    return fates
