"""``python -m benchmarks.ablation RUN``: what each piece of the recipe ``clear`` is worth.

Makes a few units of the deeper layers with the article's recipe, with ``clear``, and with one piece
of ``clear`` taken out at a time, and measures every picture as a build does. The run must be
ranked over photographs; nothing in it is changed.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas import identification, images, ranking
from atlas.errors import AtlasError
from atlas.examine import examine
from atlas.judge import Judge
from atlas.machine import choose_device, choose_precision
from atlas.maximize import Picture, Target, maximize_units
from atlas.network import load_network
from atlas.recipe import RECIPES, Recipe
from atlas.store import Run

LAYERS = ("inception3a", "inception3b", "inception4a", "inception4b", "inception4c", "inception4d")
LAYERS += ("inception4e", "inception5a", "inception5b")

CLEAR = RECIPES["clear"]

VARIANTS: Mapping[str, Recipe] = {
    "article": RECIPES["article"],
    "article sobel3": replace(RECIPES["article"], gradient_kernel="sobel3"),
    "article farid5": replace(RECIPES["article"], gradient_kernel="farid5"),
    "article jitter 8": replace(RECIPES["article"], jitter=8),
    "clear": CLEAR,
    "no jitter": replace(CLEAR, jitter=0),
    "no zoom": replace(CLEAR, zoom=0),
    "no total variation": replace(CLEAR, total_variation_weight=0),
    "no compression": replace(CLEAR, objective="relative_mean"),
    "rms": replace(CLEAR, objective="rms"),
    "rgb": replace(CLEAR, color_axes="rgb"),
    "free range": replace(CLEAR, color_range="free"),
    "white spectrum": replace(CLEAR, spectrum_decay=0),
    "pixels": replace(CLEAR, basis="pixels"),
    "white start": replace(CLEAR, start_spread=0),
}
"""The article's recipe and its author's wishes; ``clear``, whole and with one piece less."""

FIGURES = ["correct", "gain_mean", "shift", "blur", "jpeg", "rescale", "slope"]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; nothing is judged."""
    parser = argparse.ArgumentParser(prog="benchmarks.ablation", description=__doc__)
    parser.add_argument("run", type=Path, help="a run ranked over photographs")
    parser.add_argument("--units", type=int, default=3, help="of each layer")
    parser.add_argument("--layers", type=_names, default=LAYERS, metavar="A,B,...")
    parser.add_argument("--variants", type=_names, default=VARIANTS, metavar="NAME,...")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--sheets", type=Path, help="a folder for a contact sheet of each variant")
    options = parser.parse_args(arguments)
    if unknown := set(options.variants) - set(VARIANTS):
        parser.error(f"no variant {sorted(unknown)[0]!r}; there are {', '.join(VARIANTS)}")
    try:
        ablation = Ablation(Run(options.run), options.device, options.precision)
        targets = ablation.strongest(options.layers, options.units)
        for variant in options.variants:
            start = time.perf_counter()
            pictures = ablation.maximize(VARIANTS[variant], targets)
            seconds = (time.perf_counter() - start) / len(targets)
            table = ablation.measure(targets, pictures)
            silent = sum(picture.status != "ok" for picture in pictures)
            print(f"\n{variant}: {seconds:.1f} s a unit, {silent} without a picture")
            rows = {layer: _means(part) for layer, part in table.groupby("layer", sort=False)}
            print(pd.DataFrame(rows | {"all": _means(table)}).T.to_string(), flush=True)
            if options.sheets:
                options.sheets.mkdir(parents=True, exist_ok=True)
                path = options.sheets / f"{variant.replace(' ', '-')}.png"
                path.write_bytes(_sheet(variant, pictures))
    except AtlasError as error:
        print(f"ablation: {error}", file=sys.stderr)
        return 1
    return 0


def _names(text: str) -> list[str]:
    return text.split(",")


class Ablation:
    """The statistics and the tasks of a ranked run, for pictures made otherwise.

    Args:
        run: ranked.
        device, precision: as on the command line of ``atlas``.

    Raises:
        AtlasError: for a run that is not ranked, or a network that cannot be loaded.
    """

    def __init__(self, run: Run, device: str, precision: str) -> None:
        asked = run.settings()["asked"]
        place = choose_device(device)
        self.network = load_network(
            asked["network"], asked["weights"], place, choose_precision(precision, place)
        )
        self.run = run
        self.scales = ranking.scales(run.table("strongest"))
        self.judge = Judge(place)

    def strongest(self, layers: Sequence[str], units: int) -> list[Target]:
        """The first units of each layer's ranking."""
        ranked = self.run.table("ranking")
        rows = zip(ranked["layer"], ranked["unit"], ranked["rank"], strict=True)
        chosen = [
            Target(str(layer), int(unit))
            for layer, unit, rank in rows
            if layer in layers and rank <= units
        ]
        if len(chosen) < units * len(layers):
            raise AtlasError(f"{self.run.path} has no ranking of so many units of these layers")
        return chosen

    def maximize(self, recipe: Recipe, targets: Sequence[Target]) -> list[Picture]:
        """The pictures of a recipe."""
        scales = [self.scales[target.layer, target.unit] for target in targets]
        return maximize_units(self.network, targets, recipe, scales=scales)

    def measure(self, targets: Sequence[Target], pictures: Sequence[Picture]) -> pd.DataFrame:
        """The evidence of each picture, and ``correct``: its share of identified photographs."""
        shown: list[NDArray[np.uint8]] = [images.to_8bit(picture.image) for picture in pictures]
        table = examine(
            self.network,
            targets,
            shown,
            self.run.table("activations"),
            self.run.table("strongest"),
        )
        references = {
            (target.layer, target.unit): self.judge.features_of(picture)[None]
            for target, picture in zip(targets, shown, strict=True)
        }
        tasks, photographs = self.run.table("tasks"), self.run.array("judge")
        found = identification.correct(tasks, photographs, references)
        return table.merge(found, how="left", on=["layer", "unit"])


def _means(table: pd.DataFrame) -> dict[str, float]:
    return {figure: round(table[figure].to_numpy(float).mean().item(), 3) for figure in FIGURES}


def _sheet(title: str, pictures: Sequence[Picture]) -> bytes:
    cells = [
        images.Cell(images.to_8bit(picture.image), f"{picture.target.layer} {picture.target.unit}")
        for picture in pictures
    ]
    return images.encode_png(images.contact_sheet(title, cells))


if __name__ == "__main__":
    sys.exit(main())
