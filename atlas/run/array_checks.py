"""What an array says, held against the rest of its run."""

import numpy as np

from atlas.errors import AtlasError
from atlas.run.folder import Run
from atlas.run.responses import read_values
from atlas.run.schema import RunSettings

RESPONSES = ("responses", "stimulus_responses")
"""The arrays of which each has a table that says what its rows are."""

ARRAYS = {"judge": "features of the images", **dict.fromkeys(RESPONSES, "responses of the units")}
"""The arrays that a run may have, and what each holds."""


def is_right(run: Run, name: str, settings: RunSettings) -> bool:
    """Whether ``NAME.npy`` can be what it says in this run."""
    try:
        if name in RESPONSES:
            return bool(np.isfinite(read_values(run, name)[0]).all())
        array = run.array(name)
    except AtlasError:
        return False
    return array.ndim == 2 and array.dtype == np.float16 and len(array) == settings.probe.images
