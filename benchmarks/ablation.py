"""``python -m benchmarks.ablation RUN``: what each piece of the recipe ``clear`` is worth.

Makes a few units of the deeper layers with the article's recipe, with ``clear``, with one piece of
either taken out or put in at a time, and with recipes of the field, and measures every picture as a
build does. Each variant is set against the recipe that it is a variant of, unit by unit: what the
piece costs or brings. The run must be ranked over photographs; nothing in it is changed.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlas._system import contact_sheet, images
from atlas._system.freed_memory import keep_freed_memory
from atlas._system.paths import as_path
from atlas.build.judge import choose_judge
from atlas.build.resources import choose_device, choose_precision
from atlas.build.spectrum import kept_spectrum
from atlas.errors import AtlasError
from atlas.examine import identification
from atlas.examine.evidence import examine_pictures
from atlas.examine.intervals import estimate
from atlas.examine.perturbations import PERTURBATIONS
from atlas.maximize.units import maximize_units
from atlas.network.loading import load_network
from atlas.rank import tables
from atlas.rank.ranking import ranking_table
from atlas.recipe import RECIPES, Recipe
from atlas.run.folder import Run
from atlas.target import Picture, Target
from benchmarks import report
from benchmarks.field import FIELD
from benchmarks.report import RESULTS, write

LAYERS = ("inception3a", "inception3b", "inception4a", "inception4b", "inception4c", "inception4d")
LAYERS += ("inception4e", "inception5a", "inception5b")

CLEAR = RECIPES["clear"]

VARIANTS: Mapping[str, Recipe] = {
    "article": RECIPES["article"],
    "article sobel3": replace(RECIPES["article"], gradient_kernel="sobel3"),
    "article farid5": replace(RECIPES["article"], gradient_kernel="farid5"),
    "article jitter 8": replace(RECIPES["article"], jitter=8),
    "clear": CLEAR,
    "no plain step": replace(CLEAR, plain_steps=0),
    "smaller steps": replace(CLEAR, learning_rate=0.05),
    "wider zoom": replace(CLEAR, zoom=0.3),
    "no jitter": replace(CLEAR, jitter=0),
    "no zoom": replace(CLEAR, zoom=0),
    "total variation": replace(CLEAR, total_variation_weight=0.3),
    "rms": replace(CLEAR, objective="rms"),
    "rgb": replace(CLEAR, color_axes="rgb"),
    "free range": replace(CLEAR, color_range="free"),
    "white spectrum": replace(CLEAR, spectrum_decay=0),
    "pixels": replace(CLEAR, basis="pixels"),
    "plain gradient": replace(CLEAR, relu_gradient="plain"),
    "white start": replace(CLEAR, start_spread=0),
    "rotated": replace(CLEAR, rotate=10),
    "noisy": replace(CLEAR, noise=0.2),
    "cropped": replace(CLEAR, crop=0.5),
    "framed": replace(CLEAR, pad=12),
    "12 plain steps": replace(CLEAR, plain_steps=12),
    "32 plain steps": replace(CLEAR, plain_steps=32),
    "steeper spectrum": replace(CLEAR, spectrum_decay=1.5),
    "phases": replace(CLEAR, basis="phases", learning_rate=0.2, start_spread=1.8138),
    **{name: published.recipe for name, published in FIELD.items()},
    "maco as long as clear": replace(FIELD["maco"].recipe, steps=104),
}
"""The article's recipe and its author's wishes; ``clear``, and with a piece out, or one put in; and
the recipes of the field."""

FIGURES = ("correct", "robustness", "gain_rms", "gain_mean", "distance")
"""Identified photographs and what perturbations leave, as shares; gains, as logarithms to base 2;
how far the slope of the spectrum is from the photographs'."""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; nothing is judged."""
    keep_freed_memory()
    try:
        options = parse_options(arguments)
        ablation = Ablation(Run(options.run), options.device, options.precision)
        targets = ablation.ranked(options.layers, *options.ranks)
        measured: dict[str, pd.DataFrame] = {}
        for variant in options.variants:
            start = time.perf_counter()
            pictures = ablation.maximize(VARIANTS[variant], targets)
            seconds = (time.perf_counter() - start) / len(targets)
            measured[variant] = ablation.measure(targets, pictures)
            silent = sum(picture.status != "ok" for picture in pictures)
            print(f"\n{variant}: {seconds:.1f} s a unit, {silent} without a picture")
            print(summary(measured, variant), flush=True)
            if options.sheets:
                options.sheets.mkdir(parents=True, exist_ok=True)
                path = options.sheets / f"{variant.replace(' ', '-')}.png"
                path.write_bytes(_sheet(variant, pictures))
    except AtlasError as error:
        print(f"ablation: {error}", file=sys.stderr)
        return 1
    print(f"\nwritten to {write(options.results, 'ablation', _as_json(measured))}")
    return 0


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.ablation", description=__doc__)
    parser.add_argument("run", type=as_path, help="a run ranked over photographs")
    parser.add_argument(
        "--ranks", type=_ranks, default=(1, 3), metavar="A-B", help="of the units of each layer"
    )
    parser.add_argument("--layers", type=_names, default=LAYERS, metavar="A,B,...")
    parser.add_argument("--variants", type=_names, default=VARIANTS, metavar="NAME,...")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument(
        "--sheets", type=as_path, help="a folder for a contact sheet of each variant"
    )
    parser.add_argument("--results", type=as_path, default=RESULTS, help="folder for the JSON")
    options = parser.parse_args(arguments)
    if unknown := set(options.variants) - set(VARIANTS):
        parser.error(f"no variant {sorted(unknown)[0]!r}; there are {', '.join(VARIANTS)}")
    # A recipe comes before its variants, which are set against it.
    bases = {_base(variant) for variant in options.variants}
    options.variants = [name for name in VARIANTS if name in bases | set(options.variants)]
    return options


def _base(variant: str) -> str:
    return "article" if variant.startswith("article") else "clear"


def _names(text: str) -> list[str]:
    return text.split(",")


def _ranks(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    low, high = int(first), int(last if dash else first)
    if not 1 <= low <= high:
        raise ValueError(text)
    return low, high


class Ablation:
    """The statistics and the tasks of a ranked run, for pictures made otherwise.

    Args:
        run: ranked.
        device, precision: as on the command line of ``atlas``.

    Raises:
        AtlasError: for a run that is not ranked, a network that cannot be loaded, or one that the
            judge is itself.
    """

    def __init__(self, run: Run, device: str, precision: str) -> None:
        asked = run.settings().asked
        place = choose_device(device)
        self.network = load_network(
            asked["network"], asked["weights"], place, precision=choose_precision(precision, place)
        )
        self.run = run
        self.scales = tables.scales(run.table("strongest"))
        judge = choose_judge(self.network, "auto", run.settings(), print)
        if judge is None:
            raise AtlasError(
                "the judge would judge its own pictures; take a run of another network"
            )
        self.judge = judge
        slopes = run.settings().probe.slope
        if not slopes:
            raise AtlasError(f"{run.path} knows no spectral slope of its images; 'atlas rank' it")
        _, self.slope, _ = slopes

    def ranked(self, layers: Sequence[str], first: int, last: int) -> list[Target]:
        """The units of each layer from one rank to another, by the mean activation of all."""
        ranking = ranking_table(self.run.table("activations"), last)
        rows = zip(ranking["layer"], ranking["unit"], ranking["rank"], strict=True)
        chosen = [
            Target(str(layer), int(unit))
            for layer, unit, rank in rows
            if layer in layers and first <= rank <= last
        ]
        if len(chosen) < (last - first + 1) * len(layers):
            raise AtlasError(f"{self.run.path} has not so many units of these layers")
        return chosen

    def maximize(self, recipe: Recipe, targets: Sequence[Target]) -> list[Picture]:
        """The pictures of a recipe."""
        scales = [self.scales[target.layer, target.unit] for target in targets]
        # A run whose own recipes need no spectrum has none; natural images stand in for its own.
        known = self.run.has("spectrum.csv")
        spectrum = kept_spectrum(self.run, recipe) if known else None
        return maximize_units(self.network, targets, recipe, scales=scales, spectrum=spectrum)

    def measure(self, targets: Sequence[Target], pictures: Sequence[Picture]) -> pd.DataFrame:
        """The FIGURES of each picture; undefined for one that came to nothing."""
        shown: list[NDArray[np.uint8]] = [images.to_8bit(picture.image) for picture in pictures]
        table = examine_pictures(
            self.network,
            targets,
            shown,
            activations=self.run.table("activations"),
            strongest=self.run.table("strongest"),
        )
        features = self.judge.features_of(shown)
        references = {
            (target.layer, target.unit): own[None]
            for target, own in zip(targets, features, strict=True)
        }
        tasks, photographs = self.run.table("tasks"), self.run.array("judge")
        found = identification.correct(tasks, photographs, references)
        table = table.merge(found, how="left", on=["layer", "unit"])
        table["robustness"] = table[list(PERTURBATIONS)].mean(axis=1)
        for gain in ("gain_rms", "gain_mean"):
            table[gain] = np.log2(table[gain].where(table[gain] > 0))
        table["distance"] = (table["slope"] - self.slope).abs()
        failed = [picture.status != "ok" for picture in pictures]
        table.loc[failed, list(FIGURES)] = np.nan
        return table.loc[:, ["layer", "unit", *FIGURES]]


def summary(measured: Mapping[str, pd.DataFrame], variant: str) -> str:
    """Each figure over the units, and its difference from the base over the same units."""
    mine, its = measured[variant], measured[_base(variant)]
    rows = []
    for figure in FIGURES:
        own = mine[figure].to_numpy(float)
        difference = own - its[figure].to_numpy(float)
        both = np.isfinite(difference)
        change = estimate(difference[both].tolist())
        cells = [figure, f"{np.nanmean(own):.3f}", "", ""]
        if variant != _base(variant) and change.low is not None:
            interval = f"[{change.low:+.3f}, {change.high:+.3f}]"
            cells[2:] = [f"{change.middle:+.3f} {interval}", f"{both.sum()}"]
        rows.append(cells)
    return report.table(["", "mean", f"against {_base(variant)}", "units"], rows)


def _as_json(measured: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    return {
        variant: [
            {name: None if value != value else value for name, value in row.items()}
            for row in table.to_dict("records")
        ]
        for variant, table in measured.items()
    }


def _sheet(title: str, pictures: Sequence[Picture]) -> bytes:
    cells = [
        contact_sheet.Cell(
            images.to_8bit(picture.image), f"{picture.target.layer} {picture.target.unit}"
        )
        for picture in pictures
    ]
    return images.encode_png(contact_sheet.contact_sheet(title, cells))


if __name__ == "__main__":
    sys.exit(main())
