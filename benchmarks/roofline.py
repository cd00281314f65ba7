"""The least time the machine needs: the work of the convolutions over the rate it does them at.

Counted are the convolutions that a unit depends on, forward and for the gradient with respect to
their input (the same number of operations): nothing past its layer, and of the last convolution
its own filter. The rate is that of one large convolution, forward. What is left of a program's time
is everything else.
"""

import copy
import statistics
import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx
from torch.utils.flop_counter import FlopCounterMode

from atlas.network.arithmetic import exact_arithmetic
from atlas.network.early_exit import ancestors
from atlas.network.network import Network
from atlas.network.single_channel import SingleChannels
from benchmarks.workload import Workload

IMAGES, INPUTS, OUTPUTS, SIDE, KERNEL = 16, 192, 384, 56, 3
"""The large convolution: 67 GFLOP."""

FORWARD_AND_GRADIENT = 2


class OperationCounter(fx.Interpreter):
    """Counts what each node of a network does for one image, without computing it."""

    def __init__(self, network: Network) -> None:
        assert network.graph is not None  # GoogLeNet has one
        super().__init__(copy.deepcopy(network.graph).to("meta"))
        self._counter = FlopCounterMode(display=False)
        self.operations: dict[str, int] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Note the floating-point operations of a node, as torch counts them."""
        before = self._counter.get_total_flops()
        value = super().run_node(n)
        self.operations[n.name] = self._counter.get_total_flops() - before
        return value

    def count(self, size: int) -> dict[str, int]:
        """Operations by node, forward, for a picture of ``size`` pixels."""
        with self._counter:
            self.run(torch.empty(1, 3, size, size, device="meta"))
        return self.operations


def operations(network: Network, workload: Workload) -> int:
    """Floating-point operations that the pictures of the workload need."""
    counter = OperationCounter(network)
    trunk = SingleChannels(network, workload.units)
    total = 0.0
    for size in workload.sizes:
        forward = counter.count(size)
        for own in workload.units:
            origin, _ = trunk.origins[own]
            total += sum(forward[node.name] for node in ancestors([origin.source]))
            if origin.convolution is not None:
                name = origin.convolution.name
                total += forward[name] / network.units_at(name)
    return round(total * FORWARD_AND_GRADIENT * workload.recipe.steps)


def convolution_rate(dtype: torch.dtype, device: str, repeats: int = 3) -> float:
    """Floating-point operations a second that the device does in a large convolution."""
    images = torch.rand(IMAGES, INPUTS, SIDE, SIDE, device=device, dtype=dtype)
    weight = torch.rand(OUTPUTS, INPUTS, KERNEL, KERNEL, device=device, dtype=dtype)
    images = images.to(memory_format=torch.channels_last)
    weight = weight.to(memory_format=torch.channels_last)
    seconds = []
    # In full float32 where that is asked for, as Atlas computes.
    with torch.no_grad(), exact_arithmetic():
        F.conv2d(images, weight, padding=1)
        for _ in range(repeats):
            _wait(device)
            started = time.perf_counter()
            F.conv2d(images, weight, padding=1)
            _wait(device)
            seconds.append(time.perf_counter() - started)
    return 2 * IMAGES * OUTPUTS * SIDE**2 * weight[0].numel() / statistics.median(seconds)


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
