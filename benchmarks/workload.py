"""What every contender is given: the same units, the same sizes, the same steps."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from atlas.maximize.seeding import starting_noise
from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.network import Network
from atlas.recipe import Recipe
from atlas.target import Target

NOISE_SIZE = 112
"""Side in pixels of the larger noise by which units are chosen; the smaller is a ladder's first."""

NOISE_IMAGES = 8


@dataclass(frozen=True)
class Workload:
    """Units of a torchvision GoogLeNet, and how their pictures are made.

    Args:
        weights: as ``atlas --weights`` takes them.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        units: (layer, unit) pairs.
        recipe: the ladder and the constants.
    """

    weights: str
    device: str
    units: tuple[tuple[str, int], ...]
    recipe: Recipe

    @property
    def sizes(self) -> list[int]:
        """The sizes of the ladder in pixels."""
        return [rung.size for rung in self.recipe.ladder()]

    @property
    def steps(self) -> int:
        """Optimizer steps for one unit."""
        return len(self.sizes) * self.recipe.steps

    def to_json(self) -> str:
        """The workload as text that ``from_json`` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Workload":
        """The workload that ``to_json`` wrote."""
        fields = json.loads(text)
        fields["units"] = tuple((layer, unit) for layer, unit in fields["units"])
        fields["recipe"] = Recipe(**fields["recipe"])
        return cls(**fields)


def pixel_steps(recipe: Recipe) -> int:
    """Pixels times optimizer steps that one picture takes."""
    return recipe.steps * sum(rung.size**2 for rung in recipe.ladder())


def coarse(size: int, upscales: int, steps: int) -> Recipe:
    """A ladder from the article's first size to ``size`` pixels in fewer upscales; with none, it.

    Raises UsageError when an upscale would enlarge more than fourfold, or not at all.
    """
    if not upscales:
        return Recipe(start_size=size, upscales=0, steps=steps)
    factor = (size / Recipe().start_size) ** (1 / upscales)
    return Recipe(upscales=upscales, factor=factor, steps=steps)


def excited_units(
    network: Network, layers: Sequence[str], count: int | None = None
) -> tuple[tuple[str, int], ...]:
    """Units that uniform noise excites most, by the noise that excites them least.

    Such units are not silent at the start, so no contender has to start them again. Taken are
    the first of each layer, then the second of each, up to ``count`` (by default one a layer).
    """
    least: dict[str, Tensor] = {}
    trunk = EarlyExitTrunk(network, layers)
    with torch.no_grad():
        for size in (Recipe().start_size, NOISE_SIZE):
            noise = [starting_noise(0, Target("noise", 0), i, size) for i in range(NOISE_IMAGES)]
            images = network.normalize(torch.stack(noise).to(network.device))
            for layer, values in trunk.activations(images):
                rms = values.square().mean(dim=(2, 3)).sqrt().amin(dim=0)
                least[layer] = torch.minimum(rms, least.get(layer, rms))
    ranked = [
        (rank, place, (layer, unit))
        for place, layer in enumerate(layers)
        for rank, unit in enumerate(least[layer].argsort(descending=True).tolist())
    ]
    return tuple(pair for _, _, pair in sorted(ranked)[: count or len(layers)])
