"""``python -m benchmarks.relations RUN``: is what units are said to be related by to be trusted?

Over the responses of a ranked run: how well the map keeps neighbors together (trustworthiness of
Venna & Kaski 2001 for 10 neighbors, 1 where it invents none); how far from each other relatives in
neighboring layers stand on the wall; how many relatives are the same by either half of the images;
and whether a copy of the network with its channels in another order is known for the same. For the
strongest units of each layer and for all units, with the seconds that they take.
"""

import argparse
import math
import resource
import sys
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn.manifold import trustworthiness

from atlas._system.paths import as_path
from atlas.errors import AtlasError
from atlas.relate.alignment import alignment, alignment_between
from atlas.relate.correlation import standardized
from atlas.relate.layout import layout
from atlas.relate.neighbors import distinct
from atlas.relate.relatives import MOST, relatives
from atlas.relate.responses import Responses
from atlas.run.folder import Run
from atlas.run.responses import read_responses
from benchmarks.report import RESULTS, machine, table, write

NEIGHBORS = 10
"""Of a unit, by which the map is judged."""

ABREAST = 3
"""Of a unit, the most alike of those placed in a neighboring layer, by which the wall is judged."""

Units = Mapping[str, Sequence[int]]
Pools = Mapping[str, str]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; nothing is judged."""
    options = _parser().parse_args(arguments)
    try:
        result = _measure(Run(options.run), options.units)
    except AtlasError as error:
        print(f"benchmarks.relations: {error}", file=sys.stderr)
        return 1
    print(f"\nwritten to {write(options.results, 'relations', result)}")
    return 0


def _measure(run: Run, count: int) -> dict[str, Any]:
    responses = read_responses(run)
    pools = {layer.name: layer.pools for layer in run.network().layers if layer.pools}
    ranked = run.table("ranking")
    ranked = ranked[ranked["rank"] <= count]
    strongest = {
        layer: sorted(ranked.loc[ranked["layer"] == layer, "unit"].tolist())
        for layer in responses.units
    }
    every = {layer: range(units) for layer, units in responses.units.items()}
    print(f"{len(responses.images)} images, {sum(responses.units.values())} units", flush=True)

    start = time.perf_counter()
    alignment(responses)
    result: dict[str, Any] = {
        "machine": machine("cpu"),
        "images": len(responses.images),
        "alignment_seconds": time.perf_counter() - start,
        "strongest": figures(responses, strongest, pools),
        "all": figures(responses, every, pools),
        "halves": halves(responses, strongest, pools),
        "permuted": permuted(responses),
    }
    names = list(result["strongest"])
    rows = [[name, *(f"{result[of][name]:.4g}" for of in ("strongest", "all"))] for name in names]
    print(table(["units", "strongest", "all"], rows))
    print(f"alignment: {result['alignment_seconds']:.1f} s\n")
    rows = [[kind, *(f"{share:.3f}" for share in part)] for kind, part in result["halves"].items()]
    print(table([f"of {MOST} relatives, the same by both halves", "share", "by chance"], rows))
    rows = [[name, f"{value:.6f}"] for name, value in result["permuted"].items()]
    print("\n" + table(["a copy with its channels in another order", "least of a layer"], rows))
    return result


def figures(responses: Responses, units: Units, pools: Pools) -> dict[str, float]:
    """Seconds, memory, and the two judgments of the places, of some units.

    ``megabytes`` is the most that the process ever held, so far.
    """
    start = time.perf_counter()
    found = relatives(responses, units, pools)
    between = time.perf_counter()
    places = layout(responses, units, pools)
    end = time.perf_counter()
    return {
        "asked": sum(map(len, units.values())),
        "placed": len(places),
        "rows of relatives": len(found),
        "seconds for relatives": between - start,
        "seconds for places": end - between,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "trustworthiness": _trust(responses, places),
        "heights apart (0.333 by chance)": _apart(responses, places),
    }


def halves(responses: Responses, units: Units, pools: Pools) -> dict[str, tuple[float, float]]:
    """Which part of the relatives of a kind, among all units, is the same by either half.

    With what chance gives, at most: the relatives over the candidates.
    """
    found = []
    for half in (slice(0, None, 2), slice(1, None, 2)):
        own = replace(responses, images=responses.images[half], values=responses.values[half])
        rows = relatives(own, units, pools).drop(columns=["place", "correlation"])
        found.append(set(rows.itertuples(index=False, name=None)))
    counts = responses.units
    total = sum(counts[layer] for layer in distinct(list(counts), pools))
    asked = [(layer, len(own)) for layer, own in units.items()]
    number = sum(count for _, count in asked)
    by_chance = {
        "same": sum(count * min(MOST / counts[layer], 1) for layer, count in asked) / number,
        "any": min(MOST / total, 1),
    }
    return {
        kind: (_shared(*({row for row in rows if row[2] == kind} for rows in found)), chance)
        for kind, chance in by_chance.items()
    }


def permuted(responses: Responses) -> dict[str, float]:
    """The alignment of each layer with its copy, and the part of units whose best match they are.

    Units that answer all images alike have no match and are not counted.
    """
    generator = np.random.Generator(np.random.PCG64(0))
    orders = {layer: generator.permutation(count) for layer, count in responses.units.items()}
    values = [responses.of(layer)[:, order] for layer, order in orders.items()]
    copy = replace(responses, values=np.concatenate(values, axis=1).astype(np.float16))
    aligned = alignment_between(responses, copy)
    own = aligned.loc[aligned["layer"] == aligned["other_layer"], "cka"]
    matched = []
    for layer, order in orders.items():
        here = standardized(responses, layer)
        best = (here.T @ standardized(copy, layer)).argmax(axis=1)
        matched.append(float(np.mean((order[best] == np.arange(len(order)))[here.any(axis=0)])))
    return {"alignment": float(own.min()), "matched": min(matched)}


def _shared(one: Set[object], other: Set[object]) -> float:
    """The part that two sets have in common, on average; NaN where both are empty."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else math.nan


def _trust(responses: Responses, places: pd.DataFrame) -> float:
    """Trustworthiness of the map. Raises AtlasError for too few units."""
    if len(places) <= 2 * NEIGHBORS:
        raise AtlasError(
            f"{len(places)} units with a place are too few to judge a map by; ask for more "
            "--units, or rank over more images"
        )
    columns = [
        standardized(responses, str(layer))[:, part["unit"]]
        for layer, part in places.groupby("layer", sort=False)
    ]
    units = np.concatenate(columns, axis=1).T
    return float(trustworthiness(units, places[["x", "y"]].to_numpy(), n_neighbors=NEIGHBORS))


def _apart(responses: Responses, places: pd.DataFrame) -> float:
    """Mean difference of height to the ``ABREAST`` most alike of each neighboring layer."""
    layers = [(str(layer), part) for layer, part in places.groupby("layer", sort=False)]
    found = []
    for one, other in (pair for both in pairwise(layers) for pair in (both, both[::-1])):
        columns = [standardized(responses, layer)[:, part["unit"]] for layer, part in (one, other)]
        closest = np.argsort(-(columns[0].T @ columns[1]), axis=1, kind="stable")[:, :ABREAST]
        here, there = (part["height"].to_numpy(float) for _, part in (one, other))
        found.append(np.abs(here[:, None] - there[closest]).mean(axis=1))
    return float(np.concatenate(found).mean())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relations", description=__doc__)
    parser.add_argument("run", type=as_path, help="a ranked run")
    parser.add_argument("--units", type=int, default=10, help="strongest of each layer (10)")
    parser.add_argument("--results", type=as_path, default=RESULTS, help="folder for the JSON")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
