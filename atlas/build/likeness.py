"""What a run knows of its units by their responses alone: relatives, alignment, layout, labels."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

import pandas as pd

from atlas.relate.alignment import alignment
from atlas.relate.labels import labels
from atlas.relate.layout import layout
from atlas.relate.relatives import relatives
from atlas.run.folder import Run
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
    if all(run.has(f"{name}.csv") for name in MADE) and run.relations().made_of == version:
        return
    responses = read_responses(run)
    pools = {layer.name: layer.pools for layer in run.network().layers if layer.pools}
    run.write_table("relatives", relatives(responses, pictured, pools))
    run.write_table("alignment", alignment(responses))
    groups = {"pictured": pictured} if every == pictured else {"pictured": pictured, "all": every}
    places = [layout(responses, units, pools).assign(of=of) for of, units in groups.items()]
    run.write_table("layout", pd.concat(places)[TABLES["layout"].names])
    run.write_table("labels", _labels(run))
    run.write_json("relations", {"made_of": version})


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
    responses, probe = read_responses(run), run.table("probe").set_index("image")
    tables = [pd.DataFrame(columns=TABLES["labels"].names)]
    for column, kind in (("label", "class"), ("family", "family")):
        if column in probe:
            classes = probe.loc[responses.images, column]
            tables.append(labels(responses, classes.where(classes.notna(), None).tolist(), kind))
    if run.has("stimulus_responses.csv"):
        tables.append(labels(*read_stimulus_responses(run), "family"))
    return pd.concat([table for table in tables if len(table)] or tables)


def _version(run: Run, pictured: Units, every: Units) -> str:
    """By which the tables' sources are known again."""
    digests = run.digests()
    sources = [digests.get(name) for name in SOURCES]
    return sha256(json.dumps([sources, pictured, every]).encode()).hexdigest()
