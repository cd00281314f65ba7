"""``python -m benchmarks.profile``: where the time of an optimizer step goes.

One unit of each layer, at one size, as one worker computes them; the operations that take most
time by themselves come first.
"""

import argparse
import sys

import torch
from torch.profiler import ProfilerActivity, profile

from atlas._system.freed_memory import keep_freed_memory
from atlas.build.resources import choose_device, choose_precision
from atlas.errors import AtlasError
from atlas.maximize.loop import maximize_chunk
from atlas.network.loading import load_network
from atlas.target import Target
from benchmarks.workload import coarse, excited_units


def main(arguments: list[str] | None = None) -> int:
    """Profile and print."""
    options = _parser().parse_args(arguments)
    try:
        print(_profile(options))
    except AtlasError as error:
        print(f"benchmarks.profile: {error}", file=sys.stderr)
        return 1
    return 0


def _profile(options: argparse.Namespace) -> str:
    keep_freed_memory()
    device = choose_device(options.device)
    precision = choose_precision(options.precision, device)
    network = load_network("googlenet", options.weights, device, precision=precision)
    layers = [layer.name for layer in network.layers]
    targets = [Target(*pair) for pair in excited_units(network, layers)]
    torch.set_num_threads(options.threads)
    maximize_chunk(network, targets, coarse(options.size, 0, 1), seed=0)  # starts the libraries up
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as profiler:
        maximize_chunk(network, targets, coarse(options.size, 0, options.steps), seed=0)
    return profiler.key_averages().table(
        sort_by=f"self_{device.type}_time_total", row_limit=options.rows, max_name_column_width=48
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--weights", default="bundled", help="as for atlas (bundled)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto (cpu)")
    parser.add_argument("--precision", default="auto", help="float32, bfloat16 or auto (auto)")
    parser.add_argument("--size", type=int, default=120, help="of the pictures in pixels (120)")
    parser.add_argument("--steps", type=int, default=5, help="profiled (5)")
    parser.add_argument("--threads", type=int, default=1, help="of a worker (1)")
    parser.add_argument("--rows", type=int, default=20, help="operations shown (20)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
