"""The contact sheet of every layer, as the article printed its panels."""

import numpy as np
from msgspec import UNSET
from PIL import Image

from atlas._system import contact_sheet, images
from atlas.rank import ranking
from atlas.run.folder import Run
from atlas.run.pictures import read_picture, read_record
from atlas.run.plan import Item, Plan, is_made
from atlas.run.schema import Record
from atlas.target import Field

SHEET = 10
"""How many pictures of a layer the article's panels show."""


def write_sheets(run: Run) -> None:
    """Write the sheet of every recipe and layer: the first finished units by rank."""
    made = {item for chunk in Plan.load(run).chunks for item in chunk if is_made(item, run)}
    ranked = ranking.ranking_table(run.table("activations"), None)
    for recipe in dict.fromkeys(item.recipe for item in made):
        for layer, rows in ranked.groupby("layer", sort=False):
            items = [Item(recipe, str(layer), int(unit)) for unit in rows["unit"]]
            chosen = [item for item in items if item in made][:SHEET]
            if not chosen:
                continue
            cells = []
            for item in chosen:
                record = read_record(run, item)
                final = record.terms["activation"]
                act = "no number" if final is None else f"{final:.2f}"
                caption = f"unit: {item.unit}, act.: {act}"
                cells.append(contact_sheet.Cell(_seen(run, item, record), caption))
            top = chosen == items[: len(chosen)]
            title = f"top {len(chosen)} units of {layer}" if top else f"units of {layer}"
            sheet = images.encode_png(contact_sheet.contact_sheet(title, cells))
            run.keep(run.sheet_path(recipe, str(layer)), sheet)


def _seen(run: Run, item: Item, record: Record) -> images.Pixels:
    """The picture; where one position counts, what that sees, cut out and as large."""
    picture = read_picture(run, item)
    if record.field is UNSET:
        return picture
    size = len(picture)
    part = Image.fromarray(picture[Field(*record.field).cut(size)])
    return np.asarray(part.resize((size, size), Image.Resampling.NEAREST))
