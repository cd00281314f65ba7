"""``python -m benchmarks.faces RUN``: do the pictures of two faces show two faces?

Over a run with pictures of faces (``atlas maximize --faces``, then ``atlas examine``): how far each
still excites its unit, and how much more like the images of its own kind than like those of the
other the judge finds it. Beside them the unit's plain picture, which leans where it may.
"""

import argparse
import sys
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas._system.paths import as_path
from atlas.build.faces import Unit, two_faced
from atlas.build.resources import choose_device
from atlas.errors import AtlasError
from atlas.examine import similarity_judge
from atlas.examine.critics import IMAGENET, OWN
from atlas.examine.intervals import estimate
from atlas.recipe import Recipe
from atlas.run.folder import Run
from atlas.run.pictures import read_picture
from atlas.run.plan import Item, made_items
from benchmarks.report import RESULTS, table, write

PICTURES = ("first", "second", "any")
"""What a picture may lean toward, as recipes have it."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; nothing is judged."""
    parser = argparse.ArgumentParser(prog="benchmarks.faces", description=__doc__)
    parser.add_argument("run", type=as_path, help="a run with pictures of faces")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--results", type=as_path, default=RESULTS, help="folder for the JSON")
    options = parser.parse_args(arguments)
    try:
        found = measure(Run(options.run), options.device)
    except AtlasError as error:
        print(f"benchmarks.faces: {error}", file=sys.stderr)
        return 1
    print(_written(found))
    print(f"\nwritten to {write(options.results, 'faces', {'units': found})}")
    return 0


def measure(run: Run, device: str) -> list[dict[str, Any]]:
    """Of each unit with both pictures: its groups' figures, and gain and leaning of its pictures.

    The leaning of a picture is the cosine between it and the mean of the first group less that to
    the second: positive is toward the first.
    """
    kept = run.settings()
    if kept.judge is None:
        raise AtlasError("the judge would judge its own pictures; take a run of another network")
    critic = IMAGENET if kept.judge_name == IMAGENET.name else OWN
    judge = similarity_judge.SimilarityJudge(choose_device(device), critic)
    lengths = _at_unit_length(run.array("judge").astype(np.float64))
    middle = lengths.mean(0)
    images = _at_unit_length(lengths - middle)
    rows = {name: row for row, name in enumerate(run.table("probe")["image"])}
    ranked = run.table("strongest").sort_values("place").groupby(["layer", "unit"])["image"]
    clarity = run.table("clarity").set_index(["layer", "unit"]).to_dict("index")
    evidence = run.table("examination").query("sample == 1")
    gains = evidence.set_index(["layer", "unit", "recipe"])["gain_rms"].to_dict()
    groups, found = two_faced(run), []
    for unit, pictures in _pictures(run).items():
        if not all((*unit, picture.recipe) in gains for picture in pictures.values()):
            continue  # made, and not examined yet
        own = images[[rows[name] for name in ranked.get_group(unit)]]
        second = groups[unit]
        first, other = (_at_unit_length(own[side].mean(0)) for side in (~second, second))
        seen = judge.features_of([read_picture(run, pictures[face]) for face in PICTURES])
        shown = _at_unit_length(_at_unit_length(seen.astype(np.float64)) - middle)
        known = clarity[unit]
        row: dict[str, Any] = {"layer": unit[0], "unit": unit[1]}
        row |= {name: known[name] for name in ("clarity", "within", "polysemanticity")}
        for face, features in zip(PICTURES, shown, strict=True):
            row[f"gain_{face}"] = gains[(*unit, pictures[face].recipe)]
            row[f"toward_{face}"] = float(features @ (first - other))
        found.append(row)
    if not found:
        raise AtlasError(
            f"{run.path} has no unit with a picture of each face; 'atlas maximize --faces' and "
            "'atlas examine' make them"
        )
    return found


def _pictures(run: Run) -> dict[Unit, dict[str, Item]]:
    """Of the units that have all three, the pictures by what they lean toward."""
    recipes = {name: Recipe(**own) for name, own in run.settings().identity.recipes.items()}
    found: dict[Unit, dict[str, Item]] = {}
    for item in made_items(run):
        own = recipes[item.recipe]
        if item.sample == 1 and own.objective == "relative_mean" and own.position == "all":
            found.setdefault((item.layer, item.unit), {}).setdefault(own.face, item)
    return {unit: own for unit, own in found.items() if len(own) == len(PICTURES)}


def _written(found: list[dict[str, Any]]) -> str:
    """A row a unit, and what they come to."""
    rows = [
        [
            f"{row['layer']} {row['unit']}",
            *(f"{row[name]:.2f}" for name in ("within", "polysemanticity")),
            *(f"{row[f'gain_{face}']:.1f}" for face in PICTURES),
            *(f"{row[f'toward_{face}']:+.2f}" for face in PICTURES),
        ]
        for row in found
    ]
    head = ["unit", "within", "apart", "gain 1", "gain 2", "plain", "lean 1", "lean 2", "plain"]
    units = pd.DataFrame(found)
    right = np.concatenate([units["toward_first"] > 0, units["toward_second"] < 0])
    apart = estimate((units["toward_first"] - units["toward_second"]).tolist())
    kept = np.concatenate([units["gain_first"], units["gain_second"]])
    interval = "" if apart.low is None else f" [{apart.low:.2f}, {apart.high:.2f}]"
    return (
        f"{table(head, rows)}\n\n{right.sum()} of {len(right)} pictures lean toward their own "
        f"kind; the two of a unit lie {apart.middle:.2f}{interval} apart.\nMedian gain "
        f"{np.median(kept):.2f}, of plain pictures {units['gain_any'].median():.2f}."
    )


def _at_unit_length(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


if __name__ == "__main__":
    sys.exit(main())
