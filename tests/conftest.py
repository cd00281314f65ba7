"""What all tests share."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command line does, before torch

import pytest
import torch
from browsing import browser
from hypothesis import settings

__all__ = ["browser"]

settings.register_profile("atlas", deadline=None)  # a busy machine is no failure
settings.load_profile("atlas")


@pytest.fixture(scope="session", autouse=True)
def two_threads() -> None:
    """Sums are split over threads: a fixed number of them gives the same rounding everywhere."""
    torch.set_num_threads(2)
