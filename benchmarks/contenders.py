"""The programs compared. Each runs in a process of its own: ``time_contender`` starts it.

A contender makes one picture of every unit of each workload and says how many seconds that took.
Imports and the loading of weights are not counted; what a program does once for a batch is.
"""

import copy
import itertools
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module

import torch
from torch import Tensor, nn

from atlas._system.freed_memory import keep_freed_memory
from atlas._system.processes import ProcessGroup
from atlas._system.progress import Progress
from atlas._system.workers import Workers
from atlas.build.resources import choose_batch, choose_device, choose_workers
from atlas.maximize.loop import maximize_chunk
from atlas.network.loading import load_network
from atlas.network.precision import Precision
from atlas.network.weights.named import load_model
from atlas.run.plan import Item, deal, halves
from benchmarks import article_loop
from benchmarks.workload import Workload

Workloads = Sequence[Workload]
"""One after the other, of the same weights on the same device."""


def article(workloads: Workloads) -> list[float]:
    """The article's loop: the whole network, a forward hook, one image at a time."""
    model = _model(workloads[0])

    def make(part: Workload) -> None:
        for layer, unit in part.units:
            article_loop.maximize(model, layer, unit, part.recipe, part.device)

    return _seconds(make, workloads)


def atlas_float32(workloads: Workloads) -> list[float]:
    """Atlas, all in float32."""
    return _atlas(workloads, "float32")


def atlas_bfloat16(workloads: Workloads) -> list[float]:
    """Atlas, convolutions in bfloat16."""
    return _atlas(workloads, "bfloat16")


def lucent(workloads: Workloads) -> list[float]:
    """Lucent's render_vis with its own defaults: Fourier image, jitter, scale, rotation."""
    render = import_module("lucent.optvis.render")
    param = import_module("lucent.optvis.param")
    model = _model(workloads[0])

    def make(part: Workload) -> None:
        (size,) = part.sizes
        for layer, unit in part.units:
            render.render_vis(
                copy.deepcopy(model),  # render_vis leaves its hooks in the model
                f"{layer}:{unit}",
                param_f=lambda: param.image(size),
                thresholds=(part.recipe.steps,),
                fixed_image_size=size,
                progress=False,
                show_image=False,
            )

    return _seconds(make, workloads)


def horama(workloads: Workloads) -> list[float]:
    """Horama's Fourier image with its own defaults: six noisy crops a step, an even size."""
    fourier = import_module("horama").fourier
    model = _model(workloads[0])

    def make(part: Workload) -> None:
        (size,) = part.sizes
        for layer, unit in part.units:
            activation: list[Tensor] = []
            handle = model.get_submodule(layer).register_forward_hook(
                lambda module, inputs, output, kept=activation: kept.append(output)
            )

            def objective(images: Tensor, kept: list[Tensor] = activation, unit: int = unit):
                model(images)
                return kept.pop()[:, unit].mean()

            fourier(
                objective,
                total_steps=part.recipe.steps,
                image_size=size + size % 2,
                model_input_size=size + size % 2,
                device=part.device,
            )
            handle.remove()

    return _seconds(make, workloads)


CONTENDERS: dict[str, Callable[[Workloads], list[float]]] = {
    "article": article,
    "lucent": lucent,
    "horama": horama,
    "atlas float32": atlas_float32,
    "atlas bfloat16": atlas_bfloat16,
}
"""In the order they take turns."""

OURS = {"atlas float32": torch.float32, "atlas bfloat16": torch.bfloat16}
ONE_SIZE_ONLY = ("lucent", "horama")
"""Those that make a picture at one size, and not by enlarging it."""


class Skipped(Exception):
    """A contender that cannot run here, and why."""


def time_contender(
    name: str, workloads: Workloads, workers: tuple[int, int] | None = None
) -> list[float]:
    """Seconds the contender takes for each workload, in a fresh process.

    Args:
        name: of the contender.
        workloads: done one after the other.
        workers: processes started by torchrun, and threads each has, instead of the defaults.

    Raises:
        Skipped: when it is not installed or fails.
    """
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    if name in OURS:
        environment["OMP_WAIT_POLICY"] = "passive"  # as the command line sets it
    command = [sys.executable, "-m"]
    if workers:
        processes, threads = workers
        environment["OMP_NUM_THREADS"] = str(threads)
        command += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
    command += ["benchmarks.contenders", name, *(workload.to_json() for workload in workloads)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise Skipped(reason[0])
    return json.loads(done.stdout.splitlines()[-1])


def _atlas(workloads: Workloads, precision: Precision) -> list[float]:
    """Chunks and workers as ``atlas build`` has them, without its files."""
    keep_freed_memory()
    group = ProcessGroup.join()
    first = workloads[0]
    device = choose_device(first.device, group.local_rank)
    network = load_network("googlenet", first.weights, device, precision=precision)
    threads = choose_workers(device)
    queues = map(str, itertools.count())

    def make(part: Workload) -> None:
        batch = choose_batch(network, part.sizes[-1], threads)
        at_once = group.size * (threads if device.type == "cpu" else 1)
        items = [Item("article", layer, unit) for layer, unit in part.units]

        def climb(chunk: Sequence[Item], progress: Progress) -> None:
            targets = [item.target for item in chunk]
            maximize_chunk(network, targets, part.recipe, seed=0, progress=progress)

        group.wait()
        workers = Workers(climb, halves, threads, group, progress=lambda done: None)
        workers.work(deal(items, batch, at_once), next(queues))
        group.wait()

    return _seconds(make, workloads)


def _model(workload: Workload) -> nn.Module:
    model, _ = load_model("googlenet", workload.weights)
    return model.to(workload.device)


def _seconds(make: Callable[[Workload], None], workloads: Workloads) -> list[float]:
    """Time ``make`` for each, after one step of one unit that starts the libraries up."""
    seconds = []
    for workload in workloads:
        once = replace(workload.recipe, upscales=0, steps=1)
        make(replace(workload, units=workload.units[:1], recipe=once))
        started = time.perf_counter()
        make(workload)
        if workload.device.startswith("cuda"):
            torch.cuda.synchronize(workload.device)
        seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    times = CONTENDERS[sys.argv[1]]([Workload.from_json(text) for text in sys.argv[2:]])
    if os.environ.get("RANK", "0") == "0":  # torchrun numbers the processes
        print(json.dumps(times))
