"""The evidence of a run: what no finished picture lacks is kept, the rest is measured."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import pandas as pd

from atlas._system.progress import Progress
from atlas.examine import identification
from atlas.examine.evidence import examine_pictures
from atlas.examine.similarity_judge import SimilarityJudge
from atlas.network.network import Network
from atlas.rank.places import STRONGEST
from atlas.recipe import PHOTOGRAPH, PHOTOGRAPHS, Recipe
from atlas.run.columns import KEY
from atlas.run.folder import Run
from atlas.run.pictures import read_channels, read_picture, read_record
from atlas.run.plan import Item
from atlas.run.rounds import side
from atlas.run.tables import TABLES
from atlas.target import OF_THE_UNIT

COLUMNS = TABLES["examination"].names

BLOCK = 256
"""Pictures in memory at a time."""


def kept_evidence(run: Run, made: Sequence[Item]) -> pd.DataFrame:
    """The rows of ``examination.csv`` that still hold.

    A unit of which a picture grew or was added is measured again, since its pictures are compared.
    """
    if not run.has("examination.csv"):
        return pd.DataFrame(columns=COLUMNS)
    table = run.table("examination")
    if list(table.columns) != COLUMNS:
        return table.iloc[:0]
    rows = list(table[[*KEY, "size"]].itertuples(index=False, name=None))
    changed = {row[:3] for row in set(rows) ^ {(*item, side(item, run)) for item in made}}
    return table.loc[[row[:3] not in changed for row in rows], COLUMNS].astype(
        {"standing": "Int64"}
    )


def measure_evidence(
    run: Run, network: Network, kept: pd.DataFrame, made: Sequence[Item], progress: Progress
) -> None:
    """Examine the pictures that are not among the kept rows; write ``examination.csv``."""
    done = set(kept[list(KEY)].itertuples(index=False, name=None))
    activations, strongest = run.table("activations"), run.table("strongest")
    weakest = run.table("weakest") if run.has("weakest.csv") else None
    recipes = _recipes(run)
    tables = [kept] if len(kept) else []
    progress(len(done))
    for recipe in dict.fromkeys(item.recipe for item in made):
        items = [item for item in made if item.recipe == recipe and item not in done]
        for block in blocks(items, network):
            targets = [item.target for item in block]
            pictures = [read_channels(run, item, network.channels) for item in block]
            table = examine_pictures(
                network,
                targets,
                pictures,
                activations=activations,
                strongest=strongest,
                weakest=weakest,
                recipe=recipes[recipe],
                progress=progress,
            )
            table.insert(0, "recipe", recipe)
            table.insert(len(KEY), "size", [len(picture) for picture in pictures])
            tables.append(table)
    run.write_table("examination", _in_order(run, pd.concat(tables), list(KEY)))


def blocks(items: Sequence[Item], network: Network) -> Iterator[list[Item]]:
    """Items in the order of depth, some hundred at a time; those of a unit stay together."""
    ordered = sorted(items, key=lambda item: (network.depth(item.layer), *item[1:]))
    block: list[Item] = []
    for _, samples in groupby(ordered, key=lambda item: item[1:3]):
        block += samples
        if len(block) >= BLOCK:
            yield block
            block = []
    if block:
        yield block


def identify_pictures(run: Run, judge: SimilarityJudge | None, made: Sequence[Item]) -> None:
    """Put the units' pictures, their strongest photographs and the strongest alone, to the test.

    A picture that came to nothing is no likeness of its unit: it is not shown. Writes
    ``identification.csv``; without a row when there is no judge.
    """
    tables = [pd.DataFrame(columns=TABLES["identification"].names)]
    tasks = run.table("tasks")
    if judge is not None and len(tasks):
        photographs = run.array("judge")
        recipes = _recipes(run)
        likenesses = [item for item in made if read_record(run, item).status in OF_THE_UNIT]
        for recipe in dict.fromkeys(item.recipe for item in likenesses):
            shown: dict[tuple[str, int], list[np.ndarray]] = {}
            items = [item for item in likenesses if item.recipe == recipe]
            for first in range(0, len(items), BLOCK):
                block = items[first : first + BLOCK]
                found = judge.features_of([read_picture(run, item) for item in block])
                for item, features in zip(block, found, strict=True):
                    shown.setdefault((item.layer, item.unit), []).append(features)
            references = {unit: np.stack(features) for unit, features in shown.items()}
            found = identification.correct(tasks, photographs, references)
            if recipes[recipe].sign == "negative":  # right is the image that lowers the unit
                found["correct"] = 1 - found["correct"]
            tables.append(found.assign(recipe=recipe))
        strongest = _strongest(run, photographs)
        for name, count in ((PHOTOGRAPHS, STRONGEST), (PHOTOGRAPH, 1)):
            references = {unit: features[:count] for unit, features in strongest.items()}
            found = identification.correct(tasks, photographs, references)
            tables.append(found.assign(recipe=name))
    filled = [table for table in tables if len(table)] or tables[:1]
    table = pd.concat(filled).loc[:, TABLES["identification"].names]
    run.write_table("identification", _in_order(run, table, ["recipe", "layer", "unit"]))


def _recipes(run: Run) -> dict[str, Recipe]:
    """The recipes of a run, by name."""
    kept = run.settings().identity.recipes
    return {name: Recipe(**constants) for name, constants in kept.items()}


def _strongest(run: Run, photographs: np.ndarray) -> dict[tuple[str, int], np.ndarray]:
    """Features of each unit's strongest probe images, the strongest first."""
    row_of = {name: row for row, name in enumerate(run.table("probe")["image"])}
    rows: dict[tuple[str, int], list[int]] = {}
    strongest = run.table("strongest").sort_values("place", kind="stable")
    for layer, unit, image in strongest[["layer", "unit", "image"]].itertuples(
        index=False, name=None
    ):
        rows.setdefault((layer, unit), []).append(row_of[image])
    return {unit: photographs[images] for unit, images in rows.items()}


def _in_order(run: Run, table: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Sorted by recipe, depth of the layer, unit and sample."""
    layers = run.table("activations")["layer"].drop_duplicates()
    depth = pd.Series(range(len(layers)), layers)
    return table.sort_values(
        key, key=lambda column: column.map(depth) if column.name == "layer" else column
    )
