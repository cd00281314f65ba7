"""The files of one picture in the run: the picture, its growth, and its record."""

import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from hashlib import sha256

import numpy as np
from msgspec import to_builtins

from atlas._system import images
from atlas.errors import AtlasError, reason_of
from atlas.run.folder import Run, as_npy
from atlas.run.plan import Item
from atlas.run.schema import PictureDigests, Record, StageRecord
from atlas.run.typed_json import parse_json, read_as
from atlas.target import Picture

FILES = {"picture": ".png", "stages": ".stages.png", "channels": ".channels.npy"}
"""The files of a picture besides its record, which holds their SHA-256."""

SHOWN = 3
"""Channels that a PNG has; a picture of more lies beside it with all of them."""


def write_picture(run: Run, item: Item, picture: Picture) -> None:
    """Write a unit's picture, its growth and, last, its record, which says that it is made."""
    stages = [(upscale, images.to_8bit(stage)) for upscale, stage in picture.stages]
    pixels = images.in_bytes(picture.image)
    files = {
        "stages": images.encode_png(images.strip([stage for _, stage in stages])),
        "picture": images.encode_png(images.as_rgb(pixels)),
    }
    if pixels.shape[2] > SHOWN:
        files["channels"] = as_npy(pixels)
    record = Record(
        **asdict(picture.target),
        seed=picture.seed,
        attempt=picture.attempt,
        status=picture.status,
        size=picture.image.shape[-1],
        stages=[StageRecord(upscale, len(stage)) for upscale, stage in stages],
        terms={name: _number(value) for name, value in picture.terms.items()},
        activations=[_number(value) for value in picture.activations],
        sha256=PictureDigests(**{name: sha256(data).hexdigest() for name, data in files.items()}),
    )
    if picture.field is not None:
        record.field = picture.field
    for name, data in files.items():
        run.write(run.picture_path(*item, suffix=FILES[name]), data)
    text = json.dumps(to_builtins(record), allow_nan=False)
    run.write(run.picture_path(*item, suffix=".json"), f"{text}\n".encode())


def write_pictures(
    run: Run, items: Sequence[Item], pictures: Sequence[Picture], threads: int
) -> None:
    """Write the files of several pictures, so many at a time.

    One at a time is written by the caller's own thread: Python waits for ever for a thread that
    starts where the memory is used up.
    """
    write = partial(write_picture, run)
    if threads == 1:
        for item, picture in zip(items, pictures, strict=True):
            write(item, picture)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, items, pictures))


def _number(value: float) -> float | None:
    """A number with the digits that float32 holds; None when it is not finite."""
    return float(f"{value:.8g}") if math.isfinite(value) else None


def parse_record(data: bytes, item: Item) -> Record:
    """Read a record. Raises ValueError when it is damaged, or of another picture."""
    record = read_as(Record, parse_json(data))
    if (record.layer, record.unit, record.sample) != tuple(item[1:]):
        raise ValueError(f"it is of {record.layer}:{record.unit}")
    return record


def read_record(run: Run, item: Item) -> Record:
    """How the picture was made and how it ended: ``UNIT.json``.

    Raises AtlasError when it is damaged.
    """
    path = run.picture_path(*item, suffix=".json")
    try:
        return parse_record(path.read_bytes(), item)
    except ValueError as error:
        raise AtlasError(f"{path} is damaged ({error}); 'atlas maximize' makes it again") from None


def read_records(run: Run, recipe: str, layer: str) -> Iterator[Record]:
    """The records of a layer's finished pictures by a recipe, in the order of their names.

    Raises AtlasError for one that is damaged, or named as none is.
    """
    folder = run.picture_path(recipe, layer, 0).parent
    for path in sorted(folder.glob("*.json")):
        name = re.fullmatch(r"([0-9]{4,19})(?:-([0-9]{1,19}))?", path.stem)
        item = Item(recipe, layer, int(name[1]), int(name[2] or 1)) if name else None
        if item is None or run.picture_path(*item, suffix=".json") != path:
            raise AtlasError(f"{path} is of no picture; move it out of the run")
        yield read_record(run, item)


def read_picture(run: Run, item: Item) -> images.Pixels:
    """The finished picture as it is shown, HxWx3 bytes. Raises AtlasError when it is damaged."""
    path = run.picture_path(*item)
    try:
        return images.decode_png(path.read_bytes())
    except ValueError as error:
        raise AtlasError(f"{path} is damaged ({error}); 'atlas maximize' makes it again") from None


def read_channels(run: Run, item: Item, channels: int) -> images.Pixels:
    """The finished picture with all its channels, HxWxC bytes. Raises AtlasError as before."""
    if channels <= SHOWN:
        return read_picture(run, item)[..., :channels]
    path = run.picture_path(*item, suffix=FILES["channels"])
    try:
        return np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (ValueError, EOFError) as error:
        reason = reason_of(error)
        raise AtlasError(f"{path} is damaged ({reason}); 'atlas maximize' makes it again") from None
