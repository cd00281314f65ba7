"""The four stages over a run folder: rank, maximize, examine, render.

Each stage reads what the earlier ones wrote, does what is missing, and writes what it computed.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from atlas import config, images, machine, ranking, stimuli
from atlas import examine as evidence
from atlas.anatomy import PROBE_SIZE
from atlas.errors import AtlasError
from atlas.identity import check_identity, identify
from atlas.maximize import maximize_chunk
from atlas.network import Layer, Network, load_network
from atlas.plan import Item, Plan, breadth_first, is_made
from atlas.probe import ProbeSet, Stimuli, open_probe_set
from atlas.progress import PIXEL_STEPS, progress_bar
from atlas.recipe import Recipe
from atlas.records import read_picture, read_record, write_picture
from atlas.render import render
from atlas.store import SCHEMA, Run, write_atomically

SHEET = 10
"""How many pictures of a layer the article's panels show."""


class Build:
    """A run being made or continued.

    Args:
        settings: what is asked.
        say: called with each line of the log.

    Raises:
        AtlasError: from any stage, for whatever a user can mend.
    """

    def __init__(self, settings: config.Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.say = say
        self.run = Run(settings.run)

    def build(self) -> None:
        """All four stages."""
        self.rank()
        self.maximize()
        self.examine()
        self.render()

    def rank(self) -> None:
        """Measure every unit of the chosen layers over the probe set; rank them."""
        settings, network, run = self.settings, self.network, self.run
        probe = open_probe_set(settings.probe)
        check_identity(run, self._identity | {"probe": probe.digest})
        layers = self._layers()
        for layer, unit in settings.units or ():
            _check_unit(network.layer(layer), unit)
        for recipe in settings.recipes().values():
            recipe.ladder(network.smallest_input)  # refuses before hours of ranking, not after
        self._write_settings(probe)
        run.write_json("network", _describe(network, layers))

        names = [layer.name for layer in layers]
        known = run.table("activations")["layer"].unique() if run.has("tuning.csv") else ()
        if set(names) - set(known):
            self._measure(probe, names)
            self._write_settings(probe)  # images that could not be decoded are known now
        top = self._kept_top()
        run.write_table("ranking", ranking.ranking_table(run.table("activations"), top))

    def maximize(self) -> None:
        """Make the pictures asked for that the run does not have."""
        settings, run = self.settings, self.run
        check_identity(run, self._identity)
        wanted = self._wanted()
        plan = Plan.load(run).extended(wanted, settings.batch or run.settings()["batch"])
        plan.save(run)
        todo = plan.unfinished(wanted, run)
        recipes = settings.recipes()
        if todo:
            count = sum(map(len, todo))
            self.say(
                f"maximizing {count} pictures in {len(todo)} batches, {self.network.precision}"
            )
        costs = [len(chunk) * self._pixel_steps(recipes[chunk[0].recipe]) for chunk in todo]
        with self._timed("maximize"), self._bar("maximize", sum(costs), PIXEL_STEPS) as bar:
            for chunk, cost in zip(todo, costs, strict=True):
                before = bar.n
                made = maximize_chunk(
                    self.network,
                    [item.target for item in chunk],
                    recipes[chunk[0].recipe],
                    settings.seed,
                    progress=bar.update,
                )
                for item, picture in zip(chunk, made, strict=True):
                    write_picture(run, item, picture)
                bar.total += bar.n - before - cost  # what starting silent units again has cost
        self._write_sheets()
        self._report_status(wanted)

    def examine(self) -> None:
        """Measure what each finished picture of the run does to the network."""
        run = self.run
        check_identity(run, self._identity)
        made = [item for chunk in Plan.load(run).chunks for item in chunk if is_made(item, run)]
        if not made:
            raise AtlasError(f"{run.path} has no pictures; 'atlas maximize' makes them")
        key = ["recipe", "layer", "unit", "sample"]
        if run.has("examination.csv"):
            done = run.table("examination")[key]
            if set(done.itertuples(index=False, name=None)) == set(made):
                return
        activations, strongest = run.table("activations"), run.table("strongest")
        tables = []
        with self._timed("examine"), self._bar("examine", len(made), "pictures") as bar:
            for name in dict.fromkeys(item.recipe for item in made):
                items = [item for item in made if item.recipe == name]
                pictures = [read_picture(run, item) for item in items]
                targets = [item.target for item in items]
                table = evidence.examine(
                    self.network, targets, pictures, activations, strongest, bar.update
                )
                table.insert(0, "recipe", name)
                tables.append(table)
        depth = {layer: i for i, layer in enumerate(activations["layer"].unique())}
        table = pd.concat(tables).sort_values(
            key, key=lambda column: column.map(depth) if column.name == "layer" else column
        )
        run.write_table("examination", table)

    def render(self) -> None:
        """Make the site."""
        settings = self.settings
        photographs = None
        if settings.publish_probe_images:
            photographs = Path(self.run.settings()["asked"]["probe"]).expanduser()
        with self._timed("render"), self._bar("render", None, "pages") as bar:
            render(
                self.run,
                Path(settings.site),
                templates=Path(settings.templates) if settings.templates else None,
                base_url=settings.base_url,
                publish_probe_images=photographs,
                progress=bar.update,
            )

    @cached_property
    def network(self) -> Network:
        """The network, on the device, in the precision and with the threads the run has."""
        settings = self.settings
        device = machine.choose_device(settings.device)
        asked = settings.precision
        if self.run.has("run.json"):
            kept = self.run.settings()
            torch.set_num_threads(kept["threads"])
            asked = kept["identity"]["precision"] if asked == "auto" else asked
        precision = machine.choose_precision(asked, device)
        network = load_network(settings.network, settings.weights, device, precision)
        if network.weights.notice:
            self.say(f"NOTICE: {network.weights.notice}")
        return network

    @property
    def _identity(self) -> dict[str, Any]:
        return identify(self.network, self.settings.recipes(), self.settings.seed)

    def _layers(self) -> list[Layer]:
        """The layers asked for and those the run has already, in depth order."""
        settings, network = self.settings, self.network
        if settings.layers:
            chosen = network.select(settings.layers)
        elif settings.units:
            chosen = network.select([layer for layer, _ in settings.units])
        else:
            chosen = network.layers
        names = [layer.name for layer in chosen]
        if self.run.has("network.json"):
            names += [layer["name"] for layer in self.run.network()["layers"]]
        return list(network.select(list(dict.fromkeys(names))))

    def _write_settings(self, probe: ProbeSet) -> None:
        """Write what is asked and what ``auto`` came to; a continued run keeps the latter."""
        settings, network, run = self.settings, self.network, self.run
        kept = run.settings() if run.has("run.json") else {}
        identity = self._identity | {"probe": probe.digest}
        if kept:
            identity["recipes"] = kept["identity"]["recipes"] | identity["recipes"]
        warnings = [network.weights.notice] if network.weights.notice else []
        if probe.synthetic:
            warnings.append(
                "The probe set is synthetic: ranking and gain say less than with photographs."
            )
        if probe.skipped:
            warnings.append(f"{len(probe.skipped)} files of the probe set could not be read.")
        versions = machine.versions()
        if kept and kept["versions"] != versions:
            warnings.append("The run was continued with other versions of its libraries.")
        run.write_json(
            "run",
            {
                "schema": SCHEMA,
                "asked": settings.as_json(),
                "identity": identity,
                "weights": asdict(network.weights),
                "probe": {
                    "kind": probe.kind,
                    "name": probe.name,
                    "images": len(probe.table()),
                    "skipped": len(probe.skipped),
                    "synthetic": probe.synthetic,
                    "sha256": probe.digest,
                },
                "batch": kept.get("batch") or settings.batch or machine.BATCH[network.device.type],
                "threads": kept.get("threads") or torch.get_num_threads(),
                "versions": kept.get("versions") or versions,
                "warnings": warnings,
            },
        )
        run.write_table("probe", probe.table())
        run.write_table("skipped", pd.DataFrame(probe.skipped, columns=["file", "reason"]))

    def _measure(self, probe: ProbeSet, layers: Sequence[str]) -> None:
        """Show the probe set, and the stimuli for the tuning of units, to the network."""
        network, run = self.network, self.run
        groups = stimuli.conditions(stimuli.battery())
        with self._timed("rank"):
            with self._bar("rank", len(probe), "images") as bar:
                stimuli_are_probe = isinstance(probe, Stimuli)
                statistics = ranking.measure(
                    network, probe, layers, groups if stimuli_are_probe else None, bar.update
                )
            tuned = statistics
            if not stimuli_are_probe:
                battery = Stimuli()
                with self._bar("tuning", len(battery), "images") as bar:
                    tuned = ranking.measure(network, battery, layers, groups, bar.update)
        run.write_table("activations", ranking.activations_table(statistics))
        run.write_table("strongest", ranking.strongest_table(statistics, probe.names))
        run.write_table("tuning", ranking.tuning_table(tuned, list(groups)))  # last: all is there

    def _kept_top(self) -> int | None:
        """How far the ranking goes: as far as asked, and no less far than before."""
        top = self.settings.top
        if top is None or not self.run.has("ranking.csv"):
            return top
        return max(top, self.run.table("ranking")["rank"].to_numpy().max().item())

    def _wanted(self) -> list[Item]:
        """The pictures asked for, in the order they are to be made."""
        settings, ranked = self.settings, self.run.table("ranking")
        known = ranked["layer"].unique()
        units: dict[str, list[int]] = {}
        if settings.units:
            for layer, unit in sorted(settings.units, key=lambda u: self.network.depth(u[0])):
                _check_unit(self.network.layer(layer), unit)
                units.setdefault(layer, []).append(unit)
        else:
            chosen = self.network.select(settings.layers) if settings.layers else None
            for layer in [each.name for each in chosen] if chosen else known:
                rows = ranked[ranked["layer"] == layer]
                if settings.top is not None:
                    rows = rows[rows["rank"] <= settings.top]
                units[layer] = rows["unit"].tolist()
        if missing := [layer for layer in units if layer not in known]:
            names = ", ".join(missing)
            raise AtlasError(
                f"{self.run.path} has no ranking of {names}; 'atlas rank' with them makes it"
            )
        pairs = breadth_first(units)
        return [
            Item(recipe, layer, unit, sample)
            for recipe in settings.recipe
            for sample in range(1, settings.samples + 1)
            for layer, unit in pairs
        ]

    def _pixel_steps(self, recipe: Recipe) -> int:
        ladder = recipe.ladder(self.network.smallest_input)
        return recipe.steps * sum(rung.size**2 for rung in ladder)

    def _write_sheets(self) -> None:
        """Make the contact sheet of every layer, as the article printed its panels."""
        run = self.run
        made = {item for chunk in Plan.load(run).chunks for item in chunk if is_made(item, run)}
        ranked = ranking.ranking_table(run.table("activations"), None)
        for recipe in dict.fromkeys(item.recipe for item in made):
            for layer, rows in ranked.groupby("layer", sort=False):
                items = [Item(recipe, str(layer), int(unit)) for unit in rows["unit"]]
                chosen = [item for item in items if item in made][:SHEET]
                if not chosen:
                    continue
                cells = []
                for item in chosen:
                    final = read_record(run, item)["terms"]["activation"]
                    act = "no number" if final is None else f"{final:.2f}"
                    caption = f"unit: {item.unit}, act.: {act}"
                    cells.append(images.Cell(read_picture(run, item), caption))
                top = chosen == items[: len(chosen)]
                title = f"top {len(chosen)} units of {layer}" if top else f"units of {layer}"
                sheet = images.encode_png(images.contact_sheet(title, cells))
                write_atomically(run.sheet_path(recipe, str(layer)), sheet)

    def _report_status(self, wanted: Sequence[Item]) -> None:
        """Say how many pictures came out, and which did not."""
        records = [read_record(self.run, item) for item in wanted]
        counts = Counter(record["status"] for record in records)
        woken = sum(record["status"] == "ok" and record["attempt"] > 0 for record in records)
        parts = [f"{counts['ok']} of {len(records)} pictures made"]
        if woken:
            parts.append(f"{woken} of them from a later start")
        if counts["silent"]:
            parts.append(f"{counts['silent']} units silent at every start")
        if counts["broken"]:
            parts.append(f"{counts['broken']} broken by numbers that are not finite")
        self.say("; ".join(parts))

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        """Add the seconds a stage took to the run's timings."""
        start = time.perf_counter()
        yield
        timings = self.run.read_json("timings") if self.run.has("timings.json") else {}
        timings[stage] = round(timings.get(stage, 0) + time.perf_counter() - start, 3)
        self.run.write_json("timings", timings)

    def _bar(self, stage: str, total: int | None, unit: str) -> "tqdm[Any]":
        return progress_bar(stage, total, unit, self.settings.quiet)


def _check_unit(layer: Layer, unit: int) -> None:
    if unit >= layer.units:
        raise AtlasError(f"{layer.name} has no unit {unit}; its units are 0 to {layer.units - 1}")


def _describe(network: Network, layers: Sequence[Layer]) -> dict[str, Any]:
    """``network.json``."""
    chosen = {layer.name for layer in layers}
    return {
        "network": network.name,
        "input": PROBE_SIZE,
        "smallest_input": network.smallest_input,
        "mean": network.mean,
        "std": network.std,
        "layers": [asdict(layer) for layer in layers],
        "graph": [
            {
                "name": layer.name,
                "kind": kind,
                "units": layer.units,
                "stride": layer.stride,
                "size": layer.height,
                "branches": [asdict(branch) for branch in layer.branches],
                "layer": layer.name in chosen,
            }
            for kind, layer in network.chain()
        ],
    }
