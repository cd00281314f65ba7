"""A network so small that checkpoints of it in every form are made in no time."""

import argparse
import collections
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

State = dict[str, Tensor]
Write = Callable[[Path, State], Any]


class Tiny(nn.Module):
    """Two convolutions, a batch norm and a head."""

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.body = nn.Conv2d(4, 6, 3)
        self.fc = nn.Linear(6, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.body(self.stem(x)).mean((2, 3)))


def filled(number: float = 1, classes: int = 5) -> Tiny:
    """A network whose weights are told apart by a number."""
    network = Tiny(classes)
    torch.manual_seed(int(100 * number))
    for value in network.state_dict().values():
        value.copy_(torch.randint(1, 9, value.shape) + (0 if value.ndim == 0 else number))
    return network


def state(number: float = 1, classes: int = 5) -> State:
    return dict(filled(number, classes).state_dict())


def prefixed(prefix: str, values: State) -> State:
    return {f"{prefix}{name}": value for name, value in values.items()}


def without(values: State, *names: str) -> State:
    return {name: value for name, value in values.items() if name not in names}


OPTIONS: dict[str, Any] = {
    "args": argparse.Namespace(lr=0.1, out=Path("runs/1")),
    "best": np.float64(0.93),
    "history": collections.defaultdict(list, loss=[np.float32(1.5)]),
    "note": SimpleNamespace(seed=np.random.default_rng(0).integers(9)),
}
