"""Stimuli as a probe set."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas.probe import stimuli
from atlas.probe.probe_set import ProbeSet
from atlas.probe.stimuli import Stimulus


class Stimuli(ProbeSet):
    """Images of the built-in battery: those with the statistics of photographs, or those given."""

    kind = "stimuli"
    synthetic = True

    def __init__(self, shown: Sequence[Stimulus] | None = None) -> None:
        natural = [stimulus for stimulus in stimuli.battery() if stimulus.natural]
        self.shown = natural if shown is None else list(shown)
        super().__init__("stimuli", [s.name for s in self.shown], stimuli.digest())

    def image(self, index: int) -> NDArray[np.uint8]:
        """Draw one stimulus."""
        return self.shown[index].draw(self.side)

    def table(self) -> pd.DataFrame:
        """A row a stimulus: ``image``, ``family``, and a column a parameter, empty where none."""
        rows = [{"image": s.name, "family": s.family, **s.parameters} for s in self.shown]
        return self.with_labels(pd.DataFrame(rows))
