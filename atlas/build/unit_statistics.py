"""All that a run keeps of its probe set, from one look at each image."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas._system.progress import Show
from atlas.examine import identification, spectrum
from atlas.examine.similarity_judge import SimilarityJudge
from atlas.network.network import Network
from atlas.probe import stimuli
from atlas.probe.probe_set import ProbeSet
from atlas.probe.size import PROBE_SIZE
from atlas.probe.stimulus_set import Stimuli
from atlas.rank import tables
from atlas.rank.statistics import measure
from atlas.run.folder import Run
from atlas.run.responses import write_responses


def measure_units(
    run: Run,
    network: Network,
    judge: SimilarityJudge | None,
    probe: ProbeSet,
    layers: Sequence[str],
    show: Show,
) -> list[float] | None:
    """Show the probe set, and all stimuli for the tuning of units, to the network.

    Writes the tables of statistics, the tasks of identification and, where there is a judge, its
    features of the images; where no stimuli were ranked, those that excite a unit most;
    ``tuning.csv`` last. ``show`` shows the progress of a name, a total and a unit.

    Returns:
        The quartiles, over the images, of the slope of the spectrum; None when all are flat.
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
    if judge is not None:
        judge.load()

    def watch(indices: Sequence[int], pixels: NDArray[np.uint8]) -> None:
        shown.extend(indices)
        slopes.extend(map(spectrum.slope, pixels))
        if judge is not None:
            plain = pixels.shape[1:] == (PROBE_SIZE, PROBE_SIZE, 3)
            features.append(judge.features(pixels) if plain else judge.features_of([*pixels]))

    with show("rank", len(probe), "images") as progress:
        statistics = measure(network, probe, layers, groups, progress, watch)
    with show("tuning", len(others), "images") as progress:
        tuned = measure(network, others, layers, other_groups, progress)
    run.write_table("activations", tables.activations_table(statistics))
    run.write_table("strongest", tables.strongest_table(statistics, probe.names))
    run.write_table("thresholds", tables.thresholds_table(statistics))
    unrectified = {
        layer: found for layer, found in statistics.items() if not network.layer(layer).rectified
    }
    run.write_table("weakest", tables.weakest_table(unrectified, probe.names))
    images, responses = tables.responses_table(statistics, probe.names)
    write_responses(run, pd.DataFrame({"image": images}), responses)
    if not ranked:
        strongest = tables.strongest_stimuli_table(tuned, others.names)
        run.write_table("strongest_stimuli", strongest)
        names, responses = tables.responses_table(tuned, others.names)
        family = {stimulus.name: stimulus.family for stimulus in others.shown}
        table = pd.DataFrame({"stimulus": names, "family": [family[name] for name in names]})
        write_responses(run, table, responses, "stimulus_responses")
    run.write_table("tasks", identification.tasks_table(statistics, shown))
    if features:
        run.write_array("judge", np.concatenate(features))
    run.remove("identification.csv")  # the tasks were others
    tuning = tables.tuning_table(tuned, list(other_groups)).merge(
        tables.tuning_table(statistics, list(groups)), on=["layer", "unit"]
    )
    run.write_table("tuning", tuning)
    return spectrum.quartiles(slopes)
