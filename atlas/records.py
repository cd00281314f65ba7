"""The files of one picture in the run: the picture, its growth, and its record."""

import json
import math
from dataclasses import asdict
from typing import Any

from atlas import images
from atlas.maximize import Picture
from atlas.plan import Item
from atlas.store import Run, write_atomically


def write_picture(run: Run, item: Item, picture: Picture) -> None:
    """Write a unit's picture, its growth and, last, its record, which says that it is made."""
    stages = [(upscale, images.to_8bit(stage)) for upscale, stage in picture.stages]
    record = {
        **asdict(picture.target),
        "seed": picture.seed,
        "attempt": picture.attempt,
        "status": picture.status,
        "size": picture.image.shape[-1],
        "stages": [{"upscale": upscale, "size": len(stage)} for upscale, stage in stages],
        "terms": {name: _number(value) for name, value in picture.terms.items()},
        "activations": [_number(value) for value in picture.activations],
    }
    strip = images.encode_png(images.strip([stage for _, stage in stages]))
    write_atomically(run.picture_path(*item, suffix=".stages.png"), strip)
    png = images.encode_png(images.to_8bit(picture.image))
    write_atomically(run.picture_path(*item), png)
    text = json.dumps(record, allow_nan=False)
    write_atomically(run.picture_path(*item, suffix=".json"), f"{text}\n".encode())


def _number(value: float) -> float | None:
    """A number with the digits that float32 holds; None when it is not finite."""
    return float(f"{value:.8g}") if math.isfinite(value) else None


def read_record(run: Run, item: Item) -> dict[str, Any]:
    """How the picture was made and how it ended: ``UNIT.json``."""
    return json.loads(run.picture_path(*item, suffix=".json").read_text("utf-8"))


def read_picture(run: Run, item: Item) -> images.Pixels:
    """The finished picture, HxWx3 bytes."""
    return images.decode_png(run.picture_path(*item).read_bytes())
