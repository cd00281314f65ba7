"""The atlas as data: ``data/atlas.json`` and ``data/units.csv``.

Schema 2: a unit's pictures by several recipes and samples each have their own row in
``units.csv``, and every picture the extended evidence.
"""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
from msgspec import to_builtins

from atlas.render.catalog import Catalog
from atlas.render.picture import Picture
from atlas.render.pictures import Look
from atlas.render.units import Unit
from atlas.run.evidence_columns import EVIDENCE

SCHEMA = 2

STATISTICS = ["mean", "std", "max", "active_fraction"]
GAINS = [name for name in EVIDENCE if name not in ("mean", "rms")]
"""The evidence of which ``units.csv`` has a column: all that is no activation itself."""

LOOK = ["identification", "spatial_frequency", "colorfulness"]
COLUMNS = ["layer", "unit", "rank", *STATISTICS, "branch", "page",
           "recipe", "sample", "status", *GAINS, *LOOK]  # fmt: skip
"""Of ``units.csv``."""


def atlas_json(catalog: Catalog, looks: Mapping[str, Look]) -> str:
    """Everything about the layers and the units with pictures, and how they were made."""
    settings = catalog.settings
    described = {
        "schema": SCHEMA,
        "network": settings.identity.network,
        "weights": to_builtins(settings.weights) | {"sha256": settings.identity.weights},
        "probe": to_builtins(settings.probe),
        "recipes": catalog.constants,
        "seed": settings.identity.seed,
        "precision": settings.identity.precision,
        "device": settings.identity.device,
        "versions": settings.versions,
        "layers": [
            {
                "name": layer.name,
                "page": layer.href,
                "units": layer.units,
                "stride": layer.stride,
                "receptive_field": layer.receptive_field,
                "rectified": layer.rectified,
                "branches": to_builtins(layer.branches),
                "silent_units": layer.silent_units,
                **({"tiles": len(layer.tiles)} if layer.tiles else {}),
                "pictures": [_unit(unit, looks) for unit in layer.pictured],
            }
            for layer in catalog.layers
        ],
    }
    return json.dumps(described, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def units_csv(catalog: Catalog, looks: Mapping[str, Look]) -> str:
    """A row for every picture, and one for every unit of every layer that has none."""
    rows = []
    for layer in catalog.layers:
        units = {unit.number: unit for unit in layer.pictured}
        for statistics in sorted(layer.table):
            row = {"layer": layer.name, **statistics._asdict()}
            row["branch"] = layer.branch_of(statistics.unit)
            if statistics.unit in layer.tiles:
                row["tile"] = layer.tile(statistics.unit)
            if unit := units.get(statistics.unit):
                row["page"] = unit.href
                rows += [row | _picture_row(unit, picture, looks) for picture in unit.pictures]
            else:
                rows.append(row)
    columns = COLUMNS + ["tile"] * any(layer.tiles for layer in catalog.layers)
    table = pd.DataFrame(rows, columns=columns).astype({"standing": "Int64", "sample": "Int64"})
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _picture_row(unit: Unit, picture: Picture, looks: Mapping[str, Look]) -> dict[str, Any]:
    evidence = to_builtins(picture.evidence) if picture.evidence else {}
    look = looks[picture.stem]
    return {
        "recipe": picture.recipe,
        "sample": picture.sample,
        "status": picture.status,
        **{name: evidence.get(name) for name in GAINS},
        "identification": unit.identified.get(picture.recipe),
        "spatial_frequency": look.frequency,
        "colorfulness": look.colorfulness,
    }


def _unit(unit: Unit, looks: Mapping[str, Look]) -> dict[str, Any]:
    return {
        "unit": unit.number,
        "rank": unit.rank,
        "mean": unit.mean,
        "branch": unit.branch,
        "page": unit.href,
        **({"class": unit.class_name} if unit.class_name else {}),
        "identification": unit.identified,
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
                "evidence": to_builtins(picture.evidence) if picture.evidence else None,
                "spatial_frequency": looks[picture.stem].frequency,
                "colorfulness": looks[picture.stem].colorfulness,
            }
            for picture in unit.pictures
        ],
    }
