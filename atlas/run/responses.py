"""The responses of every unit to the same images, as a run keeps them."""

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.errors import AtlasError
from atlas.relate.responses import Responses
from atlas.run.folder import Run
from atlas.run.tables import COMMANDS


def write_responses(
    run: Run, rows: pd.DataFrame, values: NDArray[np.float16], name: str = "responses"
) -> None:
    """Write ``NAME.npy``, NxU standardized responses, and ``NAME.csv``, what its rows are."""
    run.write_array(name, values)
    run.write_table(name, rows)


def read_responses(run: Run) -> Responses:
    """The responses to the kept probe images. Raises AtlasError where they are missing."""
    return Responses(run.table("responses")["image"].tolist(), *read_values(run, "responses"))


def read_stimulus_responses(run: Run) -> tuple[Responses, list[str]]:
    """The responses to the stimuli, where these are not the probe set, and the family of each."""
    rows = run.table("stimulus_responses")
    responses = Responses(rows["stimulus"].tolist(), *read_values(run, "stimulus_responses"))
    return responses, rows["family"].tolist()


def read_values(run: Run, name: str) -> tuple[NDArray[np.float16], dict[str, int]]:
    """``NAME.npy``, and how many of its columns are of each layer.

    Raises AtlasError where it is missing, or of other images or units.
    """
    units = Counter(run.table("activations")["layer"].tolist())  # in the order of depth
    values = run.array(name)
    if values.dtype != np.float16 or values.shape != (len(run.table(name)), sum(units.values())):
        raise AtlasError(
            f"{run.path / name}.npy is not of the images and units of this run; delete it and run "
            f"'{COMMANDS[name]}' again"
        )
    return values, units
