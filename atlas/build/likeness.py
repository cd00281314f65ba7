"""What a run knows of its units by their responses alone: relatives, alignment, layout, labels."""

from collections.abc import Mapping, Sequence

import pandas as pd
from msgspec.structs import replace

from atlas.relate.alignment import alignment
from atlas.relate.labels import labels
from atlas.relate.layout import layout
from atlas.relate.relatives import relatives
from atlas.run.classes import image_classes
from atlas.run.folder import Run, version_of
from atlas.run.plan import Item
from atlas.run.responses import read_responses, read_stimulus_responses
from atlas.run.tables import TABLES
from atlas.run.tiles import units_with_tiles

SOURCES = ("responses.npy", "stimulus_responses.npy", "probe.csv", "network.json")
"""What the tables are made from."""

MADE = ("relatives", "alignment", "layout", "labels")

Units = Mapping[str, Sequence[int]]


def write_likeness(run: Run, made: Sequence[Item]) -> None:
    """Write the tables, unless they are there and of the same units, images and classes.

    Args:
        run: that has the responses.
        made: its pictures.
    """
    pictured, every = _units(run, made)
    version = _version(run, pictured, every)
    if all(run.has(f"{name}.csv") for name in MADE) and run.relations().likeness == version:
        return
    responses = read_responses(run)
    pools = run.network().pools
    run.write_table("relatives", relatives(responses, pictured, pools))
    run.write_table("alignment", alignment(responses))
    groups = {"pictured": pictured} if every == pictured else {"pictured": pictured, "all": every}
    places = [layout(responses, units, pools) for units in groups.values()]
    for of, table in zip(groups, places, strict=True):
        table.insert(0, "of", of)
    run.write_table("layout", pd.concat(places))
    run.write_table("labels", _labels(run))
    run.write_json("relations", replace(run.relations(), likeness=version))


def _units(run: Run, made: Sequence[Item]) -> tuple[Units, Units]:
    """By layer, the units with a picture, and those with a picture or a tile."""
    pictured: dict[str, list[int]] = {}
    every: dict[str, list[int]] = {}
    for layer in run.network().layers:
        own = {item.unit for item in made if item.layer == layer.name}
        pictured[layer.name] = sorted(own)
        every[layer.name] = sorted(own | units_with_tiles(run, layer.name))
    return pictured, every


def _labels(run: Run) -> pd.DataFrame:
    """The labels of all units: classes of the probe images, and families of the stimuli."""
    responses, probe = read_responses(run), run.table("probe")
    tables = [pd.DataFrame(columns=TABLES["labels"].names)]
    if classes := image_classes(run):
        tables.append(labels(responses, [*map(classes.get, responses.images)], "class"))
    if "family" in probe:
        families = dict(zip(probe["image"], probe["family"], strict=True))
        tables.append(labels(responses, [families[name] for name in responses.images], "family"))
    if run.has("stimulus_responses.csv"):
        tables.append(labels(*read_stimulus_responses(run), "family"))
    return pd.concat([table for table in tables if len(table)] or tables)


def _version(run: Run, pictured: Units, every: Units) -> str:
    """By which the tables' sources are known again."""
    return version_of([pictured, every, *map(run.digests().get, SOURCES)])
