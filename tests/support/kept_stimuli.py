"""Stimuli that are drawn once, however many sites show them."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from atlas.probe.size import PROBE_SIZE
from atlas.probe.stimuli import Stimulus


@dataclass(frozen=True)
class KeptStimulus(Stimulus):
    def draw(self, side: int = PROBE_SIZE) -> NDArray[np.uint8]:
        return _drawn(self, side)


@cache
def _drawn(stimulus: KeptStimulus, side: int) -> NDArray[np.uint8]:
    pixels = Stimulus.draw(stimulus, side)
    pixels.flags.writeable = False  # for all who are given it
    return pixels


def kept(battery: tuple[Stimulus, ...]) -> tuple[Stimulus, ...]:
    """The same stimuli, each of which is drawn at a size once."""
    return tuple(KeptStimulus(s.name, s.family, s.parameters, s.painter) for s in battery)
