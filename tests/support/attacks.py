"""Files that run code when they are unpickled."""

import os
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch


class Attack:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


ATTACKS: dict[str, Callable[[Any, Path], Any]] = {
    "of torch": torch.save,
    "of old torch": partial(torch.save, _use_new_zipfile_serialization=False),
    "plain": lambda attack, path: path.write_bytes(pickle.dumps(attack, 2)),
    "plain and new": lambda attack, path: path.write_bytes(pickle.dumps(attack, 5)),
}
