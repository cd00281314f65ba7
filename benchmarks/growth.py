"""``python -m benchmarks.growth``: time against units, the size of pictures, and processes.

Every row is really run, on short ladders: one thing grows, and the rest stays the same. Where
processes grow each has a single worker.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from atlas._system.paths import as_path
from atlas.build.resources import choose_device, choose_precision
from atlas.errors import AtlasError
from atlas.network.loading import load_network
from atlas.network.network import Network
from benchmarks.contenders import Skipped, time_contender
from benchmarks.report import RESULTS, machine, table, write
from benchmarks.workload import Workload, coarse, excited_units, pixel_steps

UPSCALES = 2
LAYERS = 16


class Row(NamedTuple):
    """One measurement: what grew, the work, and the seconds for all of it."""

    grown: str
    amount: int
    workload: Workload
    seconds: float


class Measurement(NamedTuple):
    """What grows, to how much; the units, the last size and the processes measured."""

    grown: str
    amount: int
    units: int
    size: int
    processes: int | None = None


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; a time is never judged."""
    try:
        options = _parser().parse_args(arguments)
        rows = list(_measure(options))
    except (AtlasError, Skipped) as error:
        print(f"benchmarks.growth: {error}", file=sys.stderr)
        return 1
    print(_table(rows))
    result: dict[str, Any] = {
        "machine": machine(rows[0].workload.device),
        "rows": [
            {
                "grown": row.grown,
                "amount": row.amount,
                "units": len(row.workload.units),
                "sizes": row.workload.sizes,
                "recipe": asdict(row.workload.recipe),
                "seconds": row.seconds,
            }
            for row in rows
        ],
    }
    print(f"\nwritten to {write(options.results, 'growth', result)}")
    return 0


def _measure(options: argparse.Namespace) -> Iterator[Row]:
    device = choose_device(options.device)
    contender = f"atlas {choose_precision(options.precision, device)}"
    network = load_network("googlenet", options.weights, device)
    print(f"{contender}; {options.steps} steps at each of {UPSCALES + 1} sizes", flush=True)
    for grown, amount, units, size, processes in _plan(options):
        workload = Workload(
            weights=options.weights,
            device=str(device),
            units=_units(network, units),
            recipe=coarse(size, UPSCALES, options.steps),
        )
        workers = (processes, 1) if processes else None
        (seconds,) = time_contender(contender, [workload], workers)
        yield Row(grown, amount, workload, seconds)


def _plan(options: argparse.Namespace) -> Iterator[Measurement]:
    smallest = options.sizes[0]
    for count in options.units:
        yield Measurement("units", count, count, smallest)
    for size in options.sizes:
        yield Measurement("pixels", size, LAYERS, size)
    for processes in options.processes:
        yield Measurement("processes", processes, 2 * LAYERS, smallest, processes)


def _units(network: Network, count: int) -> tuple[tuple[str, int], ...]:
    return excited_units(network, [layer.name for layer in network.layers], count)


def _table(rows: list[Row]) -> str:
    cells = []
    for row in rows:
        count = len(row.workload.units)
        work = count * pixel_steps(row.workload.recipe)
        sizes = " ".join(map(str, row.workload.sizes))
        cells.append(
            [
                f"{row.amount} {row.grown}",
                f"{count}",
                sizes,
                f"{row.seconds:.3g}",
                f"{row.seconds / count:.3g}",
                f"{row.seconds / work * 1e6:.3g}",
            ]
        )
    header = ["", "units", "sizes", "seconds", "s/unit", "µs per pixel and step"]
    return table(header, cells)


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--weights", default="bundled", help="as for atlas (bundled)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto (cpu)")
    parser.add_argument("--precision", default="auto", help="float32, bfloat16 or auto (auto)")
    parser.add_argument("--units", type=_numbers, default=[16, 160, 1600], help="16,160,1600")
    parser.add_argument("--sizes", type=_numbers, default=[74, 161, 249], help="74,161,249")
    parser.add_argument("--processes", type=_numbers, default=[1, 2], help="1,2")
    parser.add_argument("--steps", type=int, default=5, help="at each size (5)")
    parser.add_argument("--results", type=as_path, default=RESULTS, help="folder for the JSON")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
