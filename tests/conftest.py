"""What all tests share."""

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command line does, before torch

os.environ["NO_PROXY"] = "*"  # of the network there is this machine alone

import pytest
import torch
from hypothesis import HealthCheck, settings
from support.browsing import browser

__all__ = ["browser"]

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def two_threads() -> None:
    """Sums are split over threads: a fixed number of them gives the same rounding everywhere."""
    torch.set_num_threads(2)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Nobody but this machine has a name: a test that forgot to say so asks no one else."""
    look_up = socket.getaddrinfo

    def of_this_machine(host: Any, *arguments: Any, **options: Any) -> Any:
        if host and host not in ("localhost", socket.gethostname()):
            try:
                ip_address(host)
            except ValueError:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
        return look_up(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", of_this_machine)
        yield
