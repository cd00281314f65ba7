"""``python -m benchmarks.agreement PHOTOGRAPHS``: do stimuli rank units as photographs do?

Spearman's correlation, over the units of a layer, of the mean activation on stimuli with that on
photographs, and how many of the ten highest units are the same: for the stimuli that units are
ranked by, for all of them, and, as what can be reached, for one half of the photographs against
the other.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atlas.build.resources import choose_device
from atlas.errors import AtlasError
from atlas.network.loading import load_network
from atlas.probe.opening import open_probe_set
from atlas.probe.probe_set import ProbeSet
from atlas.probe.stimuli import battery
from atlas.probe.stimulus_set import Stimuli
from atlas.rank.statistics import measure
from atlas.rank.tables import tuning_table
from benchmarks.report import RESULTS, machine, table, write

TOP = 10
PAIRS = {
    "ranked stimuli": ("ranked", "photographs"),
    "all stimuli": ("all", "photographs"),
    "half and half": ("even", "odd"),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; nothing is judged."""
    options = _parser().parse_args(arguments)
    try:
        result = _measure(options)
    except AtlasError as error:
        print(f"benchmarks.agreement: {error}", file=sys.stderr)
        return 1
    print(f"\nwritten to {write(options.results, 'agreement', result)}")
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    device = choose_device(options.device)
    network = load_network(options.network, options.weights, device)
    layers = [layer.name for layer in network.layers]
    photographs, stimuli = open_probe_set(Path(options.photographs)), Stimuli(battery())
    groups = {
        "photographs": range(len(photographs)),
        "even": range(0, len(photographs), 2),
        "odd": range(1, len(photographs), 2),
    }
    natural = [index for index, stimulus in enumerate(stimuli.shown) if stimulus.natural]
    shown: list[tuple[ProbeSet, dict[str, Any]]] = [
        (photographs, groups),
        (stimuli, {"ranked": natural, "all": range(len(stimuli))}),
    ]
    start = time.perf_counter()
    for stimulus in stimuli.shown:
        stimulus.draw()
    drawing = time.perf_counter() - start
    means = pd.concat(
        [
            tuning_table(measure(network, images, layers, chosen), list(chosen)).set_index(
                ["layer", "unit"]
            )
            for images, chosen in shown
        ],
        axis=1,
    )
    found = {layer: agreement_of(part) for layer, part in means.groupby("layer", sort=False)}
    rows = [
        [str(layer), *(f"{rho:.2f} {shared:2d}" for rho, shared in pairs.values())]
        for layer, pairs in found.items()
    ]
    print(table(["correlation, shared of ten", *PAIRS], rows), flush=True)
    print(f"{len(natural)} of {len(stimuli)} stimuli ranked; all drawn in {drawing:.1f} s")
    return {
        "machine": machine(str(device)),
        "weights": network.weights.sha256,
        "photographs": photographs.digest,
        "stimuli": stimuli.digest,
        "drawing_seconds": drawing,
        "layers": found,
    }


def agreement_of(means: pd.DataFrame) -> dict[str, tuple[float, int]]:
    """Of each pair of columns, the rank correlation and how many of the ten highest are shared."""
    ranks = dict(zip(means.columns, means.rank().to_numpy().T, strict=True))
    highest = {name: set(np.argsort(-column)[:TOP]) for name, column in ranks.items()}
    return {
        name: (
            float(np.corrcoef(ranks[one], ranks[other])[0, 1]),
            len(highest[one] & highest[other]),
        )
        for name, (one, other) in PAIRS.items()
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agreement", description=__doc__)
    parser.add_argument("photographs", help="a folder of photographs")
    parser.add_argument("--network", default="googlenet", help="as for atlas (googlenet)")
    parser.add_argument("--weights", default="bundled", help="as for atlas (bundled)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto (cpu)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for the JSON")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
