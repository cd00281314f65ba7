"""Contact sheets: pictures in rows as the article printed its panels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from atlas._system.images import Pixels


@dataclass(frozen=True)
class Cell:
    """One picture of a contact sheet: HxWx3 bytes and the line printed above it."""

    pixels: Pixels
    caption: str


def contact_sheet(
    title: str, cells: Sequence[Cell], columns: int = 5, picture_size: int = 249
) -> Pixels:
    """Arrange pictures in rows as the article printed its panels, title above, as HxWx3 bytes.

    Smaller pictures are enlarged to ``picture_size`` pixels without smoothing.
    """
    gap, caption_height, title_height = 12, 26, 44
    rows = -(-len(cells) // columns)
    width = columns * (picture_size + gap) + gap
    height = title_height + rows * (caption_height + picture_size + gap)
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((width / 2, title_height / 2), title, "black", ImageFont.load_default(20), anchor="mm")
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        left = gap + column * (picture_size + gap)
        top = title_height + row * (caption_height + picture_size + gap)
        picture = Image.fromarray(cell.pixels)
        if picture.size != (picture_size, picture_size):
            picture = picture.resize((picture_size, picture_size), Image.Resampling.NEAREST)
        middle = (left + picture_size / 2, top + caption_height / 2)
        pen.text(middle, cell.caption, "black", ImageFont.load_default(14), anchor="mm")
        sheet.paste(picture, (left, top + caption_height))
    return np.asarray(sheet)
