"""``python -m benchmarks.connections RUN``: are connections and regions what they are said to be?

Of the first units of each layer's ranking, on their strongest photographs. Connections: how much of
the response is lost where the ten channels of the layer before that contribute most are put to
zero, and how much where ten others are that are as active. Regions: how much of the peak is kept
where the image outside the region has the mean color, and how much where the region lies at random.
The run must be ranked over a folder of photographs, with thresholds; nothing in it is changed.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, fx, nn

from atlas._system.paths import as_path
from atlas.build.resources import choose_device
from atlas.errors import AtlasError
from atlas.network.intervention import Intervention, intervention
from atlas.network.loading import load_network
from atlas.network.pooled import pools
from atlas.network.redirected_relu import redirect_relus
from atlas.probe.opening import open_probe_set
from atlas.probe.size import in_channels
from atlas.relate.connections import SHOWN
from atlas.relate.contributions import Unit, contributions
from atlas.relate.neighbors import before
from atlas.relate.regions import mask
from atlas.run.folder import Run
from benchmarks.report import RESULTS, table, write


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; nothing is judged."""
    options = _parser().parse_args(arguments)
    try:
        proof = Proof(options)
        result: dict[str, Any] = {}
        for name in options.gradients:
            lost = proof.connections(name)
            if lost.empty:
                raise AtlasError("no layer of these reads from another of the run")
            print(f"\n{name} gradient: the response that is lost\n{_losses(lost)}", flush=True)
            result[name] = lost.to_dict("records")
        if proof.run.has("thresholds.csv"):
            kept = proof.regions()
            print(f"\nthe peak that is kept\n{_kept(kept)}", flush=True)
            result["regions"] = kept.to_dict("records")
    except AtlasError as error:
        print(f"benchmarks.connections: {error}", file=sys.stderr)
        return 1
    print(f"\nwritten to {write(options.results, 'connections', result)}")
    return 0


class Proof:
    """The units of a run and their strongest images."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.run = Run(options.run)
        asked = self.run.settings().asked
        device = choose_device(options.device)
        self._load = lambda: load_network(asked["network"], asked["weights"], device)
        self.network = self._load()
        self.probe = open_probe_set(Path(asked["probe"])).at(self.network.input_size)
        self.layers = [layer.name for layer in self.run.network().layers]
        self.pools = pools(self.network, self.layers)
        self._made: dict[tuple[str, str | None], Intervention] = {}
        numbers = {name: number for number, name in enumerate(self.probe.names)}
        ranked, strongest = self.run.table("ranking"), self.run.table("strongest")
        chosen = ranked["layer"].isin(options.layers or self.layers)
        first = ranked.loc[chosen & (ranked["rank"] <= options.units)]
        strongest = strongest[strongest["place"] <= options.images]
        own = dict(list(strongest.groupby(["layer", "unit"])["image"]))
        self.shown: dict[Unit, list[int]] = {
            (layer, unit): [numbers[image] for image in own[layer, unit]]
            for layer, unit in zip(first["layer"], first["unit"], strict=True)
        }

    def images(self, numbers: Sequence[int]) -> Tensor:
        """Photographs as the network takes them."""
        pixels = np.stack([self.probe.image(number) for number in numbers])
        shown = torch.from_numpy(in_channels(pixels, self.network.channels))
        shown = shown.to(self.network.device, self.network.dtype).permute(0, 3, 1, 2) / 255
        return self.network.normalize(shown)

    def connections(self, gradient: str) -> pd.DataFrame:
        """What of each unit's response is lost, in parts of it: layer, unit, partners, matched."""
        units = {
            unit: images
            for unit, images in self.shown.items()
            if before(unit[0], self.layers, self.pools)
        }
        changed = self._load()
        GRADIENTS[gradient](changed.graph)
        found = contributions(changed, self.layers, self.pools, units, self.images, logits=False)
        return pd.DataFrame([self._lost(unit, found[unit].reads) for unit in units])

    def _lost(self, unit: Unit, reads: NDArray[np.float64] | None) -> dict[str, Any]:
        layer, number = unit
        source = before(layer, self.layers, self.pools)
        assert source and reads is not None
        way, rows = (source, layer), range(len(self.shown[unit]))
        with torch.no_grad():
            begun = self._to(layer, source).begin(self.images(self.shown[unit]), [layer], [way])
            value = begun.value(source, rows)
            activity = value.abs().mean((0, 2, 3)).cpu().numpy()
            partners = np.argsort(-reads, kind="stable")[:SHOWN]
            partners = partners[reads[partners] > 0]
            whole = begun.value(layer, rows)[:, number].mean().item()
            left = []
            for channels in (partners, matched(activity, partners)):
                silenced = value.clone()
                silenced[:, channels] = 0
                left.append(begun.go_on(way, rows, silenced)[:, number].mean().item())
        return {
            "layer": layer,
            "source": source,
            "unit": number,
            "partners": 1 - left[0] / whole,
            "matched": 1 - left[1] / whole,
        }

    def _to(self, layer: str, source: str | None) -> Intervention:
        """What computes a layer, from another value of an earlier one where that is given."""
        if (layer, source) not in self._made:
            ways = [(source, layer)] if source else []
            layers = {layer, *(start for start, _ in ways)}
            self._made[layer, source] = intervention(self.network, layers, ways)
        return self._made[layer, source]

    def regions(self) -> pd.DataFrame:
        """What of each unit's peak is kept, in parts of it: layer, unit, region, random."""
        table = self.run.table("thresholds")
        units = zip(table["layer"], table["unit"], strict=True)
        high = dict(zip(units, table["high"], strict=True))
        return pd.DataFrame([self._kept(unit, high[unit]) for unit in self.shown])

    def _kept(self, unit: Unit, high: float) -> dict[str, Any]:
        layer, number = unit
        images = self.images(self.shown[unit])
        side, lots = images.shape[-1], np.random.Generator(np.random.PCG64(number))

        def maps(shown: Tensor) -> NDArray[np.float32]:
            begun = self._to(layer, None).begin(shown, [layer], [])
            return begun.value(layer, range(len(shown)))[:, number].cpu().numpy()

        with torch.no_grad():
            whole = maps(images)
            regions = [mask(own, high, side) for own in whole]
            moved = [np.roll(own, lots.integers(0, side, 2), (0, 1)) for own in regions]
            peaks = [
                # The mean color is 0 as the network takes it.
                maps(images * torch.from_numpy(np.stack(masks))[:, None].to(images)).max((1, 2))
                for masks in (regions, moved)
            ]
        region, random = (float((own / whole.max((1, 2))).mean()) for own in peaks)
        area = float(np.mean(regions))
        return {"layer": layer, "unit": number, "area": area, "region": region, "random": random}


def matched(activity: NDArray[np.float32], partners: NDArray[np.intp]) -> list[int]:
    """For each partner another channel, as active as it as can be, that stands for no other."""
    chosen: list[int] = []
    for partner in partners:
        order = np.argsort(np.abs(activity - activity[partner]), kind="stable")
        chosen += [next(int(own) for own in order if own not in partners and own not in chosen)]
    return chosen


class _SmoothMax(torch.autograd.Function):
    """A max pooling whose gradient is that of the average over each window."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, options: dict[str, Any]) -> Tensor:
        ctx.options, ctx.values = options, values
        return F.max_pool2d(values, **options)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        options = {**ctx.options, "count_include_pad": False}
        with torch.enable_grad():
            values = ctx.values.detach().requires_grad_()
            average = F.avg_pool2d(values, **options)
        return torch.autograd.grad(average, values, gradients[0])[0], None


def smooth_max(values: Tensor, options: dict[str, Any]) -> Tensor:
    """A max pooling with the gradient of the average."""
    return _SmoothMax.apply(values, options)


def smooth_pools(graph: fx.GraphModule) -> None:
    """Let every max pooling that is a module have the gradient of the average, in place."""
    for node in graph.graph.nodes:
        module = graph.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(module, nn.MaxPool2d):
            names = ("kernel_size", "stride", "padding", "ceil_mode")
            options = {name: getattr(module, name) for name in names}
            node.op, node.target = "call_function", smooth_max
            node.args, node.kwargs = (node.all_input_nodes[0], options), {}


def _both(graph: fx.GraphModule) -> None:
    redirect_relus(graph)
    smooth_pools(graph)


GRADIENTS: Mapping[str, Callable[[Any], None]] = {
    "plain": lambda graph: None,
    "redirected": redirect_relus,
    "smooth": smooth_pools,
    "both": _both,
}
"""As computed; through closed ReLUs; through max poolings as if they were averages; both."""


def _losses(lost: pd.DataFrame) -> str:
    def line(name: str, own: pd.DataFrame) -> list[str]:
        wins = (own["partners"] > own["matched"]).mean()
        medians = (f"{own[which].median():.1%}" for which in ("partners", "matched"))
        return [name, f"{len(own)}", f"{wins:.1%}", *medians]

    pairs = lost.groupby(lost["layer"] + " from " + lost["source"], sort=False)
    rows = [line(str(pair), own) for pair, own in pairs]
    return table(["", "units", "partners win", "partners", "matched"], [*rows, line("all", lost)])


def _kept(kept: pd.DataFrame) -> str:
    def line(name: str, own: pd.DataFrame) -> list[str]:
        wins = (own["region"] > own["random"]).mean()
        medians = (f"{own[which].median():.1%}" for which in ("region", "random", "area"))
        return [name, f"{len(own)}", f"{wins:.1%}", *medians]

    rows = [line(str(layer), own) for layer, own in kept.groupby("layer", sort=False)]
    header = ["", "units", "region wins", "region", "random", "area"]
    return table(header, [*rows, line("all", kept)])


def _names(text: str) -> list[str]:
    return text.split(",")


def _gradients(text: str) -> list[str]:
    names = _names(text)
    if unknown := sorted(set(names) - set(GRADIENTS)):
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {', '.join(GRADIENTS)}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.connections", description=__doc__)
    parser.add_argument("run", type=as_path, help="a run ranked over a folder of photographs")
    parser.add_argument("--units", type=int, default=10, help="of each layer")
    parser.add_argument("--images", type=int, default=9, help="of each unit")
    parser.add_argument("--layers", type=_names, metavar="A,B,...")
    known = ", ".join(GRADIENTS)
    parser.add_argument("--gradients", type=_gradients, default=["plain"], help=known)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--results", type=as_path, default=RESULTS, help="folder for the JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
