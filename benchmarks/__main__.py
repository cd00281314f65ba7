"""``python -m benchmarks``: the programs side by side, and the share of the roofline."""

import argparse
import statistics
import sys
from dataclasses import asdict, replace
from typing import Any

from atlas._system.paths import as_path
from atlas.build.resources import choose_device
from atlas.errors import AtlasError
from atlas.network.loading import load_network
from atlas.recipe import RECIPES
from benchmarks.contenders import CONTENDERS, ONE_SIZE_ONLY, OURS, Skipped, time_contender
from benchmarks.report import RESULTS, machine, middle, spread, table, write
from benchmarks.roofline import convolution_rate, operations
from benchmarks.workload import Workload, coarse, excited_units, pixel_steps

ONE_SIZE_STEPS = {name: 2 if name == "horama" else 10 for name in CONTENDERS}
"""Steps at the last size alone; Horama does six images in each and nothing beforehand."""

Times = dict[str, list[float]]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; a time is never judged."""
    try:
        options = _parser().parse_args(arguments)
        return _benchmark(options)
    except AtlasError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1


def _benchmark(options: argparse.Namespace) -> int:
    device = str(choose_device(options.device))
    network = load_network("googlenet", options.weights, device)
    layers = [layer.name for layer in network.select(options.layers.split(","))]
    recipe = coarse(options.size, options.upscales, options.steps)
    climb = Workload(options.weights, device, excited_units(network, layers), recipe)
    last = replace(recipe, start_size=climb.sizes[-1], upscales=0)
    names = options.contenders
    print(_introduction(climb, options.repeats), flush=True)

    climbs: Times = {name: [] for name in names if name not in ONE_SIZE_ONLY}
    steps: Times = {name: [] for name in names}
    rates: Times = {name: [] for name in names if name in OURS}
    skipped: dict[str, str] = {}
    for _ in range(options.repeats):
        for name in names:
            if name in skipped:
                continue
            alone = replace(climb, recipe=replace(last, steps=ONE_SIZE_STEPS[name]))
            workloads = [alone] if name in ONE_SIZE_ONLY else [alone, climb]
            try:
                seconds = time_contender(name, workloads)
            except Skipped as reason:
                skipped[name] = str(reason)
                print(f"{name} is left out: {reason}", flush=True)
                continue
            per_unit = [taken / len(climb.units) for taken in seconds]
            steps[name].append(per_unit[0] / ONE_SIZE_STEPS[name])
            if name in climbs:
                climbs[name].append(per_unit[1])
            if name in OURS:
                rates[name].append(convolution_rate(OURS[name], device))

    work = operations(network, climb) / len(climb.units)
    print(_climb_table(climb, climbs))
    print(_step_table(last.start_size, steps))
    print(_roofline_table(work, climbs, rates))
    result: dict[str, Any] = {
        "machine": machine(device),
        "weights": network.weights.as_json(),
        "workload": asdict(climb),
        "sizes": climb.sizes,
        "seconds_per_unit": climbs,
        "seconds_per_step": steps,
        "step_size": last.start_size,
        "operations_per_unit": work,
        "operations_per_second": rates,
        "skipped": skipped,
    }
    print(f"\nwritten to {write(options.results, 'compare', result)}")
    return 0


def _introduction(climb: Workload, repeats: int) -> str:
    sizes = " ".join(map(str, climb.sizes))
    return (
        f"{len(climb.units)} units, one of each layer; {climb.recipe.steps} steps at each of "
        f"{len(climb.sizes)} sizes ({sizes}),\n"
        "a coarser ladder than the article's 46 from 28 to 249; "
        f"medians of {repeats} interleaved repeats, each in a process of its own."
    )


def _climb_table(climb: Workload, climbs: Times) -> str:
    """Seconds a unit; those of the article's whole ladder are estimated by pixels and steps."""
    whole = pixel_steps(RECIPES["article"]) / pixel_steps(climb.recipe)
    rows = []
    for name, seconds in _measured(climbs):
        estimate = f"{statistics.median(seconds) * whole:.3g}"
        rows.append([name, middle(seconds), spread(seconds), _ratio(climbs, name), estimate])
    header = [
        "a picture",
        "s/unit",
        "range",
        "times the article's",
        "s/unit at 46 × 20 (by pixels)",
    ]
    return "\n" + table(header, rows)


def _step_table(size: int, steps: Times) -> str:
    rows = [
        [name, middle(seconds), spread(seconds), _ratio(steps, name)]
        for name, seconds in _measured(steps)
    ]
    header = [f"a step at {size} pixels", "s/unit", "range", "times the article's"]
    notes = [f"{name}: {CONTENDERS[name].__doc__}" for name, _ in _measured(steps)]
    return "\n".join(["", table(header, rows), *notes])


def _roofline_table(work: float, climbs: Times, rates: Times) -> str:
    rows = []
    for name, seconds in _measured({name: climbs[name] for name in rates}):
        rate = statistics.median(rates[name])
        share = work / rate / statistics.median(seconds)
        rows.append([name, f"{work / 1e9:.0f}", f"{rate / 1e9:.0f}", f"{share:.0%}"])
    header = ["roofline", "GFLOP/unit", "GFLOP/s of a large convolution", "our share"]
    return "\n" + table(header, rows)


def _measured(times: Times) -> list[tuple[str, list[float]]]:
    return [(name, seconds) for name, seconds in times.items() if seconds]


def _ratio(times: Times, name: str) -> str:
    """How many times as fast as the article's loop."""
    if not times.get("article"):
        return "–"
    return f"{statistics.median(times['article']) / statistics.median(times[name]):.2f}"


KNOWN = ", ".join(CONTENDERS)


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := sorted(set(names) - set(CONTENDERS)):
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {KNOWN}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--weights", default="bundled", help="as for atlas (bundled)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto (cpu)")
    parser.add_argument("--layers", default="*", help="names or patterns, with commas (all)")
    parser.add_argument("--upscales", type=int, default=5, help="from 28 pixels to --size (5)")
    parser.add_argument("--size", type=int, default=249, help="the last, in pixels (249)")
    parser.add_argument("--steps", type=int, default=10, help="at each size (10)")
    parser.add_argument("--repeats", type=int, default=3, help="of everything (3)")
    parser.add_argument("--contenders", type=_names, default=list(CONTENDERS), help=KNOWN)
    parser.add_argument("--results", type=as_path, default=RESULTS, help="folder for the JSON")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
