"""Connections of the units of a run, and where in their strongest images they are active."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from msgspec.structs import replace
from numpy.typing import NDArray

from atlas.build.probe import probe_set
from atlas.build.session import Session
from atlas.build.shown import Shown
from atlas.recipe import Recipe
from atlas.relate.connections import connections_table
from atlas.relate.contributions import Unit, contributions
from atlas.relate.own_pictures import from_pictures
from atlas.relate.regions import Regions
from atlas.run.folder import version_of
from atlas.run.pictures import read_channels, read_record
from atlas.run.plan import Item
from atlas.run.tables import TABLES

COLUMNS = TABLES["connections"].names


def write_connections(session: Session, made: Sequence[Item]) -> None:
    """Write ``connections.csv`` and ``regions.csv``, as far as they are not there.

    On its strongest images every unit with a picture is measured; on its own picture, once that is
    finished. Of several recipes the first counts of which the unit has one that came out.
    """
    run, network = session.run, session.network
    units = sorted(dict.fromkeys((item.layer, item.unit) for item in made))
    units.sort(key=lambda unit: network.depth(unit[0]))
    session.verify(run.network().names)
    kept = run.relations()
    strongest = version_of([units, *map(run.digests().get, ("strongest.csv", "thresholds.csv"))])
    if not run.has("connections.csv"):
        kept = replace(kept, images=None, pictures=None)
    if kept.images != strongest or not run.has("regions.csv"):
        _write(session, "images", _on_images(session, units))
        kept = replace(kept, images=strongest)
        run.write_json("relations", kept)
    pictures = _own_pictures(session, made)
    own = version_of([(*item, read_record(run, item).sha256.picture) for item in pictures.values()])
    if pictures and kept.pictures != own:
        _write(session, "picture", _on_pictures(session, pictures))
        run.write_json("relations", replace(kept, pictures=own))


def _write(session: Session, source: str, found: pd.DataFrame) -> None:
    """Put the connections measured on a source in the place of those that the run has."""
    run = session.run
    tables = [found.assign(source=source)[COLUMNS]]
    if run.has("connections.csv"):
        before = run.table("connections")
        tables.append(before.loc[before["source"] != source, COLUMNS])
    table = pd.concat([table for table in tables if len(table)] or tables[:1])
    depth = {name: place for place, name in enumerate(run.network().names)}
    keys = zip(*(table[name].tolist() for name in ("layer", "unit", "source")), strict=True)
    order = [(depth[layer], unit, source) for layer, unit, source in keys]
    run.write_table("connections", table.iloc[sorted(range(len(table)), key=order.__getitem__)])


def _on_images(session: Session, units: Sequence[Unit]) -> pd.DataFrame:
    """Connections on the strongest images of each unit; writes the regions there, too."""
    run, network = session.run, session.network
    probe = probe_set(session)
    numbers = {name: number for number, name in enumerate(probe.names)}
    rows = run.table("strongest").set_index(["layer", "unit"])["image"]
    images: dict[Unit, list[int]] = {unit: [] for unit in units}
    for unit, image in rows.items():
        if unit in images:
            images[unit].append(numbers[image])  # type: ignore[index]
    high = run.table("thresholds").set_index(["layer", "unit"])["high"].to_dict()
    regions = Regions(high, images)
    layers, pools = run.network().names, run.network().pools
    total = sum(map(len, images.values()))
    with session.progress("relate", total, "images") as progress:
        found = contributions(
            network,
            layers,
            pools,
            images,
            Shown(network, probe.at(network.input_size)),
            progress=progress,
            watch=regions.watch,
        )
    columns = TABLES["regions"].names
    run.write_table("regions", pd.DataFrame(regions.rows(), columns=columns))
    return connections_table(found, layers, pools).assign(size=0)


def _own_pictures(session: Session, made: Sequence[Item]) -> dict[Unit, Item]:
    """The finished picture of each unit that its connections are measured on."""
    run = session.run
    found: dict[Unit, Item] = {}
    for recipe, constants in run.settings().identity.recipes.items():
        own = Recipe(**constants)
        if not own.plain:
            continue  # what it shows is not what the connections are asked about
        last = own.ladder(session.network.sizes)[-1].size
        for item in made:
            if item.recipe == recipe and item.sample == 1:
                record = read_record(run, item)
                if record.status == "ok" and record.size == last:
                    found.setdefault((item.layer, item.unit), item)
    return found


def _on_pictures(session: Session, pictures: Mapping[Unit, Item]) -> pd.DataFrame:
    """Connections on the units' own pictures."""
    run, network = session.run, session.network
    layers, pools = run.network().names, run.network().pools
    order = sorted(pictures, key=lambda unit: (network.depth(unit[0]), unit[1]))
    pixels: dict[Unit, NDArray[np.uint8]] = {
        unit: read_channels(run, pictures[unit], network.channels) for unit in order
    }
    with session.progress("relate", len(order), "pictures") as progress:
        found = from_pictures(network, layers, pools, pixels, progress)
    size = {unit: len(picture) for unit, picture in pixels.items()}
    table = connections_table(found, layers, pools)
    sizes = [size[layer, unit] for layer, unit in zip(table["layer"], table["unit"], strict=True)]
    return table.assign(size=sizes)
