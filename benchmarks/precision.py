"""``python -m benchmarks.precision``: are pictures made in bfloat16 as good as in float32?

The same units from the same noise, once with the convolutions in float32 and once in bfloat16.
Each finished picture, in 8 bits, is shown to the network in float32: the ratio of the unit's
activation on the one to that on the other, over the units. The two pictures are not the same
picture: what rounds otherwise goes another way over hundreds of steps.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from atlas._system import images
from atlas._system.freed_memory import keep_freed_memory
from atlas._system.paths import as_path
from atlas.build.resources import choose_device
from atlas.errors import AtlasError
from atlas.maximize.objectives import root_mean_square
from atlas.maximize.units import maximize_units
from atlas.network.early_exit import EarlyExitTrunk
from atlas.network.loading import load_network
from atlas.network.network import Network
from atlas.network.single_channel import single_channel_maps
from atlas.recipe import RECIPES
from atlas.target import Picture, Target
from benchmarks.report import RESULTS, machine, table, write
from benchmarks.workload import excited_units

PRECISIONS = ("float32", "bfloat16")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; nothing is judged."""
    keep_freed_memory()
    try:
        options = _parser().parse_args(arguments)
        result = _measure(options)
    except AtlasError as error:
        print(f"benchmarks.precision: {error}", file=sys.stderr)
        return 1
    print(f"\nwritten to {write(options.results, 'precision', result)}")
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    device = choose_device(options.device)
    recipe = RECIPES[options.recipe]
    networks = {
        precision: load_network("googlenet", options.weights, device, precision=precision)
        for precision in PRECISIONS
    }
    exact = networks["float32"]
    layers = [layer.name for layer in exact.layers]
    units = excited_units(exact, layers, options.units * len(layers))
    activations = {
        precision: _shown(exact, maximize_units(network, units, recipe))
        for precision, network in networks.items()
    }
    both = np.logical_and(*(activations[precision] > 0 for precision in PRECISIONS))
    ratios = activations["bfloat16"][both] / activations["float32"][both]
    rows = [
        [layer, str(len(part)), *_spread(part)]
        for layer in layers
        if len(
            part := ratios[[name == layer for (name, _), k in zip(units, both, strict=True) if k]]
        )
    ]
    rows.append(["all", str(len(ratios)), *_spread(ratios)])
    header = ["bfloat16 over float32", "units", "median", "quartiles", "range"]
    print(table(header, rows), flush=True)
    if not both.all():
        print(f"{(~both).sum()} units are left out: silent in one or the other")
    return {
        "machine": machine(str(device)),
        "recipe": asdict(recipe),
        "units": units,
        **{precision: values.tolist() for precision, values in activations.items()},
    }


def _shown(network: Network, pictures: Sequence[Picture]) -> NDArray[np.float64]:
    """RMS of each picture's unit on the picture as published, in the network's full precision."""
    norms = []
    with torch.inference_mode():
        for picture in pictures:
            pixels = torch.from_numpy(images.to_8bit(picture.image)).permute(2, 0, 1)[None] / 255
            shown = network.normalize(pixels.to(network.device, network.dtype))
            norms.append(_rms(network, picture.target, shown))
    return torch.cat(norms).double().cpu().numpy()


def _rms(network: Network, target: Target, shown: Tensor) -> Tensor:
    ((_, values),) = EarlyExitTrunk(network, [target.layer]).activations(shown)
    return root_mean_square(
        single_channel_maps(values, torch.tensor([target.unit], device=network.device))
    )


def _spread(ratios: NDArray[np.float64]) -> list[str]:
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return [f"{middle:.3f}", f"{low:.3f}..{high:.3f}", f"{ratios.min():.3f}..{ratios.max():.3f}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    parser.add_argument("--weights", default="bundled", help="as for atlas (bundled)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto (cpu)")
    parser.add_argument("--recipe", default="article", choices=list(RECIPES), help="(article)")
    parser.add_argument("--units", type=int, default=2, help="of each layer (2)")
    parser.add_argument("--results", type=as_path, default=RESULTS, help="folder for the JSON")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
