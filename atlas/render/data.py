"""The atlas as data: ``data/atlas.json`` and ``data/units.csv``."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from atlas.render.catalog import Catalog, Unit
from atlas.render.pictures import Look

SCHEMA = 1

STATISTICS = ["mean", "std", "max", "active_fraction"]
EVIDENCE = ["gain_mean", "gain_rms", "z", "standing"]
COLUMNS = ["layer", "unit", "rank", *STATISTICS, "branch", "page", "status", *EVIDENCE]
"""Of ``units.csv``."""


def atlas_json(catalog: Catalog, looks: Mapping[str, Look]) -> str:
    """Everything about the layers and the units with pictures, and how they were made."""
    settings = catalog.settings
    described = {
        "schema": SCHEMA,
        "network": settings["identity"]["network"],
        "weights": settings["weights"] | {"sha256": settings["identity"]["weights"]},
        "probe": settings["probe"],
        "recipes": settings["identity"]["recipes"],
        "seed": settings["identity"]["seed"],
        "precision": settings["identity"]["precision"],
        "device": settings["identity"]["device"],
        "versions": settings["versions"],
        "layers": [
            {
                "name": layer.name,
                "page": layer.href,
                "units": layer.units,
                "stride": layer.stride,
                "receptive_field": layer.receptive_field,
                "rectified": layer.rectified,
                "branches": layer.branches,
                "silent_units": layer.silent_units,
                "pictures": [_unit(unit, looks) for unit in layer.pictured],
            }
            for layer in catalog.layers
        ],
    }
    return json.dumps(described, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def units_csv(catalog: Catalog) -> str:
    """A row for every unit of every layer; page, status and evidence where it has a picture."""
    rows = []
    for layer in catalog.layers:
        units = {unit.number: unit for unit in layer.pictured}
        for statistics in sorted(layer.table):
            row = {"layer": layer.name, **statistics._asdict()}
            row["branch"] = layer.branch_of(statistics.unit)
            if unit := units.get(statistics.unit):
                row |= {"page": unit.href, "status": unit.picture.status}
                if unit.picture.evidence:
                    evidence = asdict(unit.picture.evidence)
                    row |= {name: evidence[name] for name in EVIDENCE}
            rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"standing": "Int64"})
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _unit(unit: Unit, looks: Mapping[str, Look]) -> dict[str, Any]:
    return {
        "unit": unit.number,
        "rank": unit.rank,
        "mean": unit.mean,
        "branch": unit.branch,
        "page": unit.href,
        "pictures": [
            {
                "recipe": picture.recipe,
                "sample": picture.sample,
                "image": picture.image,
                "status": picture.status,
                "seed": picture.seed,
                "attempt": picture.attempt,
                "size": picture.size,
                "final": picture.terms,
                "evidence": asdict(picture.evidence) if picture.evidence else None,
                "spatial_frequency": looks[picture.stem].frequency,
                "colorfulness": looks[picture.stem].colorfulness,
            }
            for picture in unit.pictures
        ],
    }
