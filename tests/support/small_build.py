"""A network and a probe set so small that a whole build takes a moment."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from atlas.build import resources
from atlas.examine.similarity_judge import SimilarityJudge
from atlas.network import loading
from atlas.network.network import Network
from atlas.probe import stimuli

QUICK = [
    *("--top", "2", "--recipe", "article", "--upscales", "1", "--steps", "1"),
    *("--device", "cpu", "--quiet"),
]


class Small(nn.Module):
    """Two convolutions of four and three units."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 4, 7, stride=4), nn.ReLU())
        self.conv2 = nn.Sequential(nn.Conv2d(4, 3, 3, stride=4), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv2(self.conv1(x))


def shrink(patch: pytest.MonkeyPatch) -> None:
    """Make every network a small one, whose weights depend on their name, and stimuli few."""
    few, digest = stimuli.battery()[::80], stimuli.digest()

    def load(name: str, weights: str, device: Any = "cpu", **options: Any) -> Network:
        torch.manual_seed(len(weights))
        own = {key: options[key] for key in ("precision", "input", "mean", "std") if key in options}
        own = {key: value for key, value in own.items() if value is not None}
        return Network(Small(), name=name, device=device, **own)

    patch.setattr(resources, "load_network", load)
    patch.setattr(loading, "load_network", load)
    patch.setattr(stimuli, "battery", lambda: few)
    patch.setattr(stimuli, "digest", lambda: digest)  # for programs that know all of them


class Colors(SimilarityJudge):
    """A judge to whom images are alike that have the same colors."""

    def features(self, photographs: NDArray[np.uint8]) -> NDArray[np.float16]:
        return photographs.mean((1, 2)).astype(np.float16)


def draw_photographs(folder: Path, count: int) -> None:
    """Write soft random images as PNG."""
    generator = np.random.default_rng(0)
    for i in range(count):
        pixels = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((230, 230)).save(folder / f"{i}.png")


def contents(folder: Path) -> dict[str, bytes]:
    """Every promised file of a run or site by its path; how long things took is no promise."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timings.json"
    }
