"""Makes small but complete run folders without a network: plausible numbers, drawn pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from support.related_run import write_relations

from atlas._system.contact_sheet import Cell, contact_sheet
from atlas._system.images import encode_png, strip
from atlas.probe.stimuli import battery, conditions, digest
from atlas.recipe import Recipe
from atlas.run.folder import Run

HOSTILE = '<img src=x onerror="alert(1)">&amp;\'.jpg'
"""A file name that is markup; a page must show it as it is."""

RECIPE = Recipe(upscales=20, steps=2)
"""Named article; its pictures are of the ladder of every other recipe too."""

CHANGED: dict[str, dict[str, Any]] = {
    "calm": {"gradient_kernel": "sobel3"},
    "still": {"gradient_kernel": "farid5", "jitter": 8},
    "clear": {
        "objective": "relative_mean",
        "pixel_weight": 0.0,
        "gradient_weight": 0.0,
        "total_variation_weight": 0.3,
        "jitter": 8,
        "zoom": 0.1,
        "basis": "cosines",
        "start_spread": 0.5,
    },
    "clear-center": {"objective": "relative_mean", "position": "center"},
    "clear-negative": {"objective": "relative_mean", "sign": "negative"},
}
"""In what the other recipes differ from it."""


def constants_of(recipe: str) -> dict[str, Any]:
    return asdict(replace(RECIPE, **CHANGED.get(recipe, {})))


FIELD = [20.0, 12.5, 33.0]
"""Left, top and side of what the one position of a picture sees, where one counts."""

UNITS = 12

BRANCHES = [
    {"name": "branch1", "first": 0, "units": 4},
    {"name": "branch2", "first": 4, "units": 5},
    {"name": "branch3", "first": 9, "units": 2},
    {"name": "branch4", "first": 11, "units": 1},
]

LAYERS: list[dict[str, Any]] = [
    {"name": "conv1", "stride": 2, "receptive_field": 7, "height": 112, "branches": []},
    {"name": "inception4a", "stride": 16, "receptive_field": 107, "height": 14},
    {"name": "inception5b", "stride": 32, "receptive_field": 379, "height": 7},
    {"name": "head<b>bold</b>", "stride": None, "receptive_field": None, "height": 1,
     "branches": [], "rectified": False},
]  # fmt: skip


def make_run(
    path: Path,
    *,
    photographs: Sequence[str] | None = None,
    digest_of_photographs: str = "0" * 64,
    notice: str | None = "These weights were trained on small photographs.",
    recipes: Sequence[str] = ("article",),
    samples: int = 1,
    pictured: int = 3,
    layers: Sequence[dict[str, Any]] = LAYERS,
    units: int = UNITS,
    seed: int = 0,
    extended: bool = True,
    judged: bool = True,
    only: Mapping[str, str] | None = None,
) -> Run:
    """Write a run whose units 0, 1, 2 ... are the strongest of each layer.

    The second unit of the second layer is silent, the third of the last broken. With
    ``photographs`` the probe set is a folder of these names, else the stimuli. Every later recipe
    is better than the one before. Without ``extended`` the run is as it was before robustness,
    spectra, identification, the strongest stimuli and relations were measured; without ``judged``
    nobody could identify units. ``only`` names the layer of a recipe tried out in no other.
    """
    tried = only or {}
    run, generator = Run(path), np.random.default_rng(seed)
    described = [_describe(layer, units) for layer in layers]
    names = list(photographs or [stimulus.name for stimulus in battery()])
    run.write_json("network", _network(described))
    settings = _settings(photographs, digest_of_photographs, notice, recipes, len(names))
    if extended:
        settings["probe"]["slope"] = [-2.4, -2.1, -1.8]
        settings["judge"] = "ef" * 32 if judged else None
        settings["stimuli"] = digest()
    run.write_json("run", settings)
    run.write_table("probe", pd.DataFrame({"image": names}))
    skipped = [("album/" + HOSTILE, "cannot identify image file")] if photographs else []
    run.write_table("skipped", pd.DataFrame(skipped, columns=["file", "reason"]))
    _write_statistics(run, described, names, generator)
    if photographs and extended:
        run.write_table("strongest_stimuli", _strongest_stimuli(described))
    evidence = []
    for place, recipe in enumerate(recipes):
        for depth, layer in enumerate(described):
            if tried.get(recipe, layer["name"]) != layer["name"]:
                continue
            cells = []
            for sample in range(1, samples + 1):
                for unit in range(pictured):
                    status = _status(depth, unit)
                    row = _write_picture(
                        run, recipe, layer["name"], unit, sample, status, generator
                    )
                    if extended:
                        row |= _extended(status, place, samples, generator)
                    evidence.append(row)
                    if sample == 1:
                        picture = _picture(unit + 10 * depth, 74)
                        cells.append(Cell(picture, f"unit: {unit}, act.: 1.00"))
            sheet = encode_png(contact_sheet(f"top units of {layer['name']}", cells[:10]))
            run.write(run.sheet_path(recipe, layer["name"]), sheet)
    run.write_table("examination", pd.DataFrame(evidence))
    if extended:
        judges = [*recipes, "photographs"] if judged else []
        rows = [
            {"recipe": name, "layer": layer["name"], "unit": unit,
             "correct": min(0.7 + 0.1 * place + generator.integers(0, 3) / 20, 1.0)}
            for place, name in enumerate(judges)
            for depth, layer in enumerate(described)
            if tried.get(name, layer["name"]) == layer["name"]
            for unit in range(pictured)
            if name == "photographs" or _status(depth, unit) == "ok"
        ]  # fmt: skip
        nine = [row for row in rows if row["recipe"] == "photographs"]
        rows += [row | {"recipe": "photograph", "correct": row["correct"] - 0.1} for row in nine]
        columns = ["recipe", "layer", "unit", "correct"]
        run.write_table("identification", pd.DataFrame(rows, columns=columns))
        write_relations(run, described, pictured, names)
    run.write_json("timings", {"rank": 1.25})
    return run


def _status(depth: int, unit: int) -> str:
    return {(1, 1): "silent", (3, 2): "broken"}.get((depth, unit), "ok")


def _describe(layer: dict[str, Any], units: int) -> dict[str, Any]:
    stride = layer["stride"]
    branches = BRANCHES if units == UNITS else [{"name": "branch1", "first": 0, "units": units}]
    return {
        "units": units,
        "center": None if stride is None else [stride / 2, stride / 2],
        "width": layer["height"],
        "rectified": True,
        "branches": branches,
    } | layer


def _network(layers: list[dict[str, Any]]) -> dict[str, Any]:
    graph = [
        {"name": "stem", "kind": "Sequential", "units": 8, "stride": 1, "size": 224,
         "branches": [], "layer": False},
        *(
            {"name": layer["name"], "kind": "BasicConv2d", "units": layer["units"],
             "stride": layer["stride"], "size": layer["height"], "branches": layer["branches"],
             "layer": True}
            for layer in layers
        ),
    ]  # fmt: skip
    return {
        "network": "googlenet",
        "input": 224,
        "smallest_input": 15,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "layers": layers,
        "graph": graph,
    }


def _settings(
    photographs: Sequence[str] | None,
    digest_of_photographs: str,
    notice: str | None,
    recipes: Sequence[str],
    images: int,
) -> dict[str, Any]:
    sha = digest_of_photographs if photographs else digest()
    return {
        "schema": 1,
        "asked": {
            "network": "googlenet",
            "weights": "/home/somebody/weights/mine.pt",
            "probe": "/home/somebody/album" if photographs else "stimuli",
            "recipe": list(recipes),
            "top": 3,
            "samples": 1,
            "seed": 0,
            "upscales": RECIPE.upscales,
        },
        "identity": {
            "network": "googlenet",
            "weights": "ab" * 32,
            "probe": sha,
            "recipes": {recipe: constants_of(recipe) for recipe in recipes},
            "seed": 0,
            "precision": "float32",
            "device": "cpu",
        },
        "weights": {
            "source": "file",
            "name": "mine.pt",
            "sha256": "ab" * 32,
            "classes": 202,
            "notice": notice,
        },
        "probe": {
            "kind": "folder" if photographs else "stimuli",
            "name": "album" if photographs else "stimuli",
            "images": images,
            "skipped": 1 if photographs else 0,
            "synthetic": photographs is None,
            "sha256": sha,
        },
        "batch": 16,
        "threads": 2,
        "versions": {"atlas": "0.1.0", "python": "3.12.1", "torch": "2.9.0", "numpy": "2.4.0"},
        "warnings": ["One thing is worth knowing & <said>."],
    }


def _write_statistics(
    run: Run, layers: list[dict[str, Any]], names: list[str], generator: np.random.Generator
) -> None:
    activations, ranking, strongest, tuning = [], [], [], []
    groups = list(conditions(battery()))
    for depth, layer in enumerate(layers):
        count = layer["units"]
        means = np.sort(generator.gamma(0.7, 0.4 * (depth + 1), count))[::-1]
        means[-2:] = 0.0
        if not layer["rectified"]:
            means[-2:] = -0.5
        for unit, mean in enumerate(means):
            silent = mean == 0
            key = {"layer": layer["name"], "unit": unit}
            activations.append(
                key | {"mean": mean, "std": 0 if silent else abs(mean) / 3,
                       "max": 0 if silent else abs(mean) * 9,
                       "active_fraction": 0 if silent else generator.uniform(0.02, 0.6)}
            )  # fmt: skip
            ranking.append({"layer": layer["name"], "rank": unit + 1, "unit": unit, "mean": mean})
            tuning.append(key | {name: max(generator.normal(1, 0.5), 0) for name in groups})
            for place, image in enumerate(generator.choice(len(names), min(9, len(names)), False)):
                value = abs(mean) * (4 - place / 4)
                row, column = generator.integers(0, layer["height"], 2)
                strongest.append(
                    key | {"place": place + 1, "image": names[image], "mean": value,
                           "peak": 2 * value, "row": row, "column": column, "rms": 1.3 * value}
                )  # fmt: skip
    run.write_table("activations", pd.DataFrame(activations))
    run.write_table("ranking", pd.DataFrame(ranking))
    run.write_table("strongest", pd.DataFrame(strongest))
    run.write_table("tuning", pd.DataFrame(tuning))


def _strongest_stimuli(layers: list[dict[str, Any]]) -> pd.DataFrame:
    names = [stimulus.name for stimulus in battery()]
    return pd.DataFrame(
        {"layer": layer["name"], "unit": unit, "place": place,
         "stimulus": names[(97 * depth + 31 * unit + 7 * place) % len(names)],
         "mean": 4 - place / 4}
        for depth, layer in enumerate(layers)
        for unit in range(layer["units"])
        for place in range(1, 10)
    )  # fmt: skip


def _write_picture(
    run: Run, recipe: str, layer: str, unit: int, sample: int, status: str,
    generator: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    rungs = [rung for rung in RECIPE.ladder() if RECIPE.is_stage(rung)]
    shape = sum(map(ord, layer)) % 40 + unit + 7 * sample
    stages = [_picture(shape, rung.size) for rung in rungs]
    if status == "silent":
        stages = [np.full_like(stage, 124) for stage in stages]
    steps = RECIPE.steps * (RECIPE.upscales + 1)
    activations: list[float | None] = list((10 * (1 - np.exp(-np.arange(steps) / 12))).tolist())
    if status != "ok":
        activations = [0.0 if status == "silent" else None] * steps
    final = activations[-1]
    files = {".png": encode_png(stages[-1]), ".stages.png": encode_png(strip(stages))}
    picture, growth = (sha256(data).hexdigest() for data in files.values())
    record = {
        "layer": layer,
        "unit": unit,
        "sample": sample,
        "seed": 0,
        "attempt": 3 if status == "silent" else 0,
        "status": status,
        "activations": activations,
        "terms": {"activation": final, "pixel": 1.2, "gradient": 3.4, "loss": None},
        "stages": [{"upscale": rung.upscale, "size": rung.size} for rung in rungs],
        "size": rungs[-1].size,
        "sha256": {"picture": picture, "stages": growth},
    }
    if recipe in CHANGED and constants_of(recipe)["position"] == "center":
        record["field"] = FIELD
    path = run.picture_path(recipe, layer, unit, sample)
    for suffix, data in files.items():
        run.write(path.with_suffix(suffix), data)
    run.write(path.with_suffix(".json"), json.dumps(record).encode())
    gain = np.nan if status != "ok" else generator.uniform(0.5, 40)
    return {
        "recipe": recipe,
        "layer": layer,
        "unit": unit,
        "sample": sample,
        "mean": 4.0,
        "rms": 5.0,
        "gain_mean": gain * generator.uniform(0.5, 0.9),
        "gain_rms": gain,
        "z": np.nan if status == "silent" else 8.5,
        "standing": np.nan if status == "silent" else unit + 1,
    }


def _extended(
    status: str, place: int, samples: int, generator: np.random.Generator
) -> dict[str, Any]:
    """Robustness, spectrum and likeness, of a picture by the recipe in this place."""
    if status != "ok":
        return dict.fromkeys(("shift", "blur", "jpeg", "rescale", "slope", "alike"), np.nan)
    left = generator.uniform(0.3, 0.5, 4) + 0.2 * place
    return {
        **dict(zip(("shift", "blur", "jpeg", "rescale"), left, strict=True)),
        "slope": -0.8 - 0.5 * place - generator.uniform(0, 0.2),
        "alike": generator.uniform(0.2, 0.6) if samples > 1 else np.nan,
    }


@cache
def _picture(shape: int, size: int) -> NDArray[np.uint8]:
    """Colored rings around a few centers, finer from shape to shape, with some noise."""
    generator = np.random.default_rng(shape)
    y, x = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j]
    picture = np.zeros((size, size, 3))
    for cx, cy, *color in generator.uniform(-1, 1, (4, 5)):
        wave = np.sin((12 + 3 * (shape % 20)) * np.hypot(x - cx, y - cy))
        picture += wave[..., None] * np.array([*color])
    picture += generator.normal(0, 0.25, picture.shape)
    pixels = np.rint(128 + 70 * picture).clip(0, 255).astype(np.uint8)
    pixels.flags.writeable = False  # for all who are given it
    return pixels
