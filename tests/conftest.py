"""What all tests share."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command line does, before torch

import pytest
import torch
from browsing import browser
from hypothesis import HealthCheck, settings

__all__ = ["browser"]

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def two_threads() -> None:
    """Sums are split over threads: a fixed number of them gives the same rounding everywhere."""
    torch.set_num_threads(2)
