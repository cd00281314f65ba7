"""All that a run keeps of its probe set, from one look at each image."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from atlas import identification, ranking, spectrum, stimuli
from atlas.judge import Judge
from atlas.network import Network
from atlas.probe import ProbeSet, Stimuli
from atlas.store import Run


def measure_units(
    run: Run,
    network: Network,
    judge: Judge | None,
    probe: ProbeSet,
    layers: Sequence[str],
    bar: Callable[[str, int, str], "tqdm[Any]"],
) -> dict[str, Any]:
    """Show the probe set, and all stimuli for the tuning of units, to the network.

    Writes the tables of statistics, the tasks of identification and, where there is a judge, its
    features of the images; ``tuning.csv`` last. ``bar`` makes a progress bar of a name, a total
    and a unit.

    Returns:
        What is known of the probe set besides: ``slope``, the quartiles over the images of the
        slope of the spectrum, None when all are flat.
    """
    # The stimuli that are the probe set are not shown twice.
    ranked = probe.shown if isinstance(probe, Stimuli) else []
    others = Stimuli([each for each in stimuli.battery() if each not in ranked])
    groups, other_groups = map(stimuli.conditions, (ranked, others.shown))
    shown: list[int] = []
    slopes: list[float] = []
    features: list[NDArray[np.float16]] = []
    if len(probe) < identification.FEWEST_IMAGES:
        judge = None  # there will be no tasks

    def watch(indices: Sequence[int], pixels: NDArray[np.uint8]) -> None:
        shown.extend(indices)
        slopes.extend(map(spectrum.slope, pixels))
        if judge is not None:
            features.append(judge.features(pixels))

    with bar("rank", len(probe), "images") as progress:
        statistics = ranking.measure(network, probe, layers, groups, progress.update, watch)
    with bar("tuning", len(others), "images") as progress:
        tuned = ranking.measure(network, others, layers, other_groups, progress.update)
    run.write_table("activations", ranking.activations_table(statistics))
    run.write_table("strongest", ranking.strongest_table(statistics, probe.names))
    run.write_table("tasks", identification.tasks_table(statistics, shown))
    if features:
        run.write_array("judge", np.concatenate(features))
    run.remove("identification.csv")  # the tasks were others
    tuning = ranking.tuning_table(tuned, list(other_groups)).merge(
        ranking.tuning_table(statistics, list(groups)), on=["layer", "unit"]
    )
    run.write_table("tuning", tuning)
    return {"slope": spectrum.quartiles(slopes)}
