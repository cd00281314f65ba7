"""What an array says, held against the rest of its run."""

import numpy as np

from atlas.errors import AtlasError
from atlas.run.folder import Run
from atlas.run.schema import RunSettings

RESPONSES = ("responses", "stimulus_responses")
"""The arrays of which each has a table that says what its rows are."""

ARRAYS = {"judge": "features of the images", **dict.fromkeys(RESPONSES, "responses of the units")}
"""The arrays that a run may have, and what each holds."""


def is_right(run: Run, name: str, settings: RunSettings) -> bool:
    """Whether ``NAME.npy`` can be what it says in this run."""
    try:
        array = run.array(name)
    except AtlasError:
        return False
    if array.ndim != 2 or array.dtype != np.float16:
        return False
    if name not in RESPONSES:
        return len(array) == settings.probe.images
    return bool(np.isfinite(array).all()) and array.shape == _shape(run, name, array.shape)


def _shape(run: Run, name: str, unknown: tuple[int, ...]) -> tuple[int, ...]:
    """That of the responses; ``unknown`` where what tells it is damaged itself."""
    try:
        return len(run.table(name)), sum(layer.units for layer in run.network().layers)
    except AtlasError:
        return unknown
