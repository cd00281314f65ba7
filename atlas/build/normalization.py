"""What images a network takes, as the settings say it."""

from collections.abc import Mapping
from typing import Any

from atlas.settings import Settings

LIGHTEST = 255
"""Of images whose colors are bytes."""


def input_of(settings: Settings) -> Mapping[str, Any]:
    """What is asked of the network's input, as ``load_network`` takes it: what is given alone."""
    asked = {"mean": settings.mean, "std": settings.std}
    scale = LIGHTEST if in_bytes(settings) else 1
    given: dict[str, Any] = {
        name: tuple(number / scale for number in numbers)
        for name, numbers in asked.items()
        if numbers is not None
    }
    if settings.input is not None:
        given["input"] = tuple(map(int, settings.input.split("x")))
    return given


def in_bytes(settings: Settings) -> bool:
    """Whether mean and standard deviation are those of images in 0..255: any is above 1."""
    return any(number > 1 for number in (*(settings.mean or ()), *(settings.std or ())))
