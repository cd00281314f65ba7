"""The stimuli as a probe set."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.probe import stimuli
from atlas.probe.probe_set import ProbeSet


class Stimuli(ProbeSet):
    """The built-in battery."""

    kind = "stimuli"
    synthetic = True

    def __init__(self) -> None:
        self._battery = stimuli.battery()
        super().__init__("stimuli", [s.name for s in self._battery], stimuli.digest())

    def image(self, index: int) -> NDArray[np.uint8]:
        """Draw one stimulus."""
        return self._battery[index].draw()

    def table(self) -> pd.DataFrame:
        """A row a stimulus: ``image``, ``family``, and a column a parameter, empty where none."""
        return pd.DataFrame(
            [{"image": s.name, "family": s.family, **s.parameters} for s in self._battery]
        )
