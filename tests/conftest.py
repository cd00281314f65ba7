"""What all tests share."""

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command line does, before torch

os.environ["NO_PROXY"] = "*"  # of the network there is this machine alone

import jinja2
import joblib
import pytest
import torch
from hypothesis import HealthCheck, settings
from support.browsing import browser
from support.compiled_templates import CompiledTemplates
from support.kept_stimuli import kept

from atlas._system.memory import host_memory
from atlas.probe.stimuli import battery
from atlas.render import probe_images

__all__ = ["browser"]

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


GIGABYTES = 3
"""Of memory, for each process of the tests, its browser and the programs that it starts."""


@pytest.hookimpl(optionalhook=True)  # there without pytest-xdist too
def pytest_xdist_auto_num_workers() -> int:
    """As many as there are cores, in a container too, and as the memory holds."""
    return max(1, min(joblib.cpu_count(), int(host_memory() / 2**30 / GIGABYTES)))


@pytest.fixture(scope="session", autouse=True)
def two_threads() -> None:
    """Sums are split over threads: a fixed number of them gives the same rounding everywhere."""
    torch.set_num_threads(2)


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    """A template is compiled once and not for every site: that took most of a small build."""
    make, kept = jinja2.Environment.__init__, CompiledTemplates()

    def make_with_it(environment: jinja2.Environment, *arguments: Any, **options: Any) -> None:
        make(environment, *arguments, **{"bytecode_cache": kept, **options})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.Environment, "__init__", make_with_it)
        yield


@pytest.fixture(scope="session", autouse=True)
def kept_stimuli() -> Iterator[None]:
    """Sites show many stimuli, and drawing them anew took most of the time of small ones."""
    stimuli = kept(battery())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe_images, "battery", lambda: stimuli)
        yield


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
