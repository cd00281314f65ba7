"""The clarity of the units of a run: what their strongest images have in common."""

import numpy as np
import pandas as pd

from atlas.examine.clarity import directions, faces
from atlas.rank.places import STRONGEST
from atlas.run.folder import Run
from atlas.run.tables import TABLES


def write_clarity(run: Run) -> None:
    """Write ``clarity.csv``: of every unit with nine strongest images, where there is a judge."""
    tables = [pd.DataFrame(columns=TABLES["clarity"].names)]
    if run.has("judge.npy"):
        directed = directions(run.array("judge"))
        row_of = {name: row for row, name in enumerate(run.table("probe")["image"])}
        ranked = run.table("strongest").sort_values(["unit", "place"], kind="stable")
        ranked["row"] = [row_of[name] for name in ranked["image"]]
        for layer, strongest in ranked.groupby("layer", sort=False):
            images = {
                unit: own["row"].tolist()
                for unit, own in strongest.groupby("unit")
                if len(own) == STRONGEST
            }
            if not images:
                continue
            found = faces(directed[np.array([*images.values()])])
            tables.append(
                pd.DataFrame(
                    {
                        "layer": layer,
                        "unit": [*images],
                        "clarity": found.clarity,
                        "within": found.within,
                        "polysemanticity": found.polysemanticity,
                        "second": [_places(second) for second in found.second],
                    }
                )
            )
    run.write_table("clarity", pd.concat([table for table in tables if len(table)] or tables))


def _places(second: np.ndarray) -> str:
    """The places of the images of the second group, from 1."""
    return " ".join(str(place + 1) for place in np.flatnonzero(second))
