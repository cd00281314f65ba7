"""The four stages over a run folder: rank, maximize, examine, render.

Each stage reads what the earlier ones wrote, does what is missing, and writes what it computed.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from atlas import config, examination, machine, ranking
from atlas.errors import AtlasError
from atlas.filenames import refuse_twins
from atlas.group import Group
from atlas.identity import check_identity, describe, identify
from atlas.judge import Judge
from atlas.maximize import maximize_chunk
from atlas.measurement import measure_units
from atlas.network import Layer, Network, load_network
from atlas.paths import as_path
from atlas.plan import Item, Plan, breadth_first, halves, is_made
from atlas.probe import ProbeSet, open_probe_set
from atlas.progress import PIXEL_STEPS, Progress, show_progress
from atlas.recipe import Recipe
from atlas.records import read_record, write_pictures
from atlas.render import check as check_site
from atlas.render import render
from atlas.sheets import write_sheets
from atlas.store import SCHEMA, Run
from atlas.workers import Workers


class Build:
    """A run being made or continued.

    Args:
        settings: what is asked.
        say: called with each line of the log, which one process of a group keeps for all.
        group: the processes that share the work; this one alone by default.

    Raises:
        AtlasError: from any stage, for whatever a user can mend.
    """

    def __init__(
        self, settings: config.Settings, say: Callable[[str], None], group: Group | None = None
    ) -> None:
        self.settings = settings
        self.group = group or Group()
        self._say_for_all = say
        self.run = Run(settings.run)

    def say(self, line: str) -> None:
        """Log a line that every process of the group has to say."""
        if self.group.leads:
            self._say_for_all(line)

    def build(self) -> None:
        """All four stages; of a group of processes, the leader does all but the second."""
        if self.group.leads:
            # Refuses before hours of work, not after.
            check_site(self.run, Path(self.settings.site), self._templates)
            self.rank()
        self.group.wait()
        self.maximize()
        if self.group.leads:
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
        for recipe in settings.recipes_asked().values():
            recipe.ladder(network.smallest_input)  # refuses before hours of ranking, not after
        known, found = self._measured()
        self._recall_skipped(probe)
        self._write_settings(probe, found)

        names = [layer.name for layer in layers]
        if set(names) - known:
            with self._timed("rank"):
                found = measure_units(run, network, self._judge, probe, names, self._progress)
            self._write_settings(probe, found)
        # Not before: layers whose measurement was interrupted are none of the run's.
        run.write_json("network", describe(network, layers))
        for remark in probe.remarks:
            self.say(remark)
        for file, reason in probe.skipped:
            self.say(f"skipped {file}: {reason}")
        top = self._kept_top()
        run.write_table("ranking", ranking.ranking_table(run.table("activations"), top))

    def maximize(self) -> None:
        """Make the pictures asked for that the run does not have."""
        check_identity(self.run, self._identity)
        wanted = self._wanted()
        todo = self.group.shared(self._planned(wanted) if self.group.leads else [])
        if todo:
            count = sum(map(len, todo))
            self.say(
                f"maximizing {count} pictures in {len(todo)} batches, {self.network.precision}"
            )
            self._work(todo)
        self.group.wait()
        if not self.group.leads:
            return
        write_sheets(self.run)
        self._report_status(wanted)

    def _planned(self, wanted: Sequence[Item]) -> list[tuple[Item, ...]]:
        """Plan what is wanted and not planned yet; return the chunks that are not finished."""
        settings, run, kept = self.settings, self.run, self.run.settings()
        # Not by how many processes share the work: the pictures must not depend on that.
        at_once = kept["threads"] if self.network.device.type == "cpu" else 1
        plan = Plan.load(run).extended(wanted, settings.batch or kept["batch"], at_once)
        plan.save(run)
        return plan.unfinished(wanted, run)

    def _work(self, todo: Sequence[Sequence[Item]]) -> None:
        """Make the chunks and write their pictures, with the other processes of the group."""
        settings, run, network = self.settings, self.run, self.network
        recipes = settings.recipes_asked()
        scales = ranking.scales(run.table("strongest"))
        costs = {name: self._pixel_steps(recipe) for name, recipe in recipes.items()}
        total = sum(costs[item.recipe] for chunk in todo for item in chunk) // self.group.size

        turns = machine.turns(network.device)
        writers = machine.choose_writers(network.device)

        def make(chunk: Sequence[Item], progress: Progress) -> None:
            recipe = recipes[chunk[0].recipe]
            targets = [item.target for item in chunk]
            own = [scales[target.layer, target.unit] for target in targets]
            with turns:
                made = maximize_chunk(
                    network, targets, recipe, settings.seed, progress=progress, scales=own
                )
            write_pictures(run, chunk, made, writers)

        def halve(chunk: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
            if self.group.ticket("halved") == 0:  # whichever process is the first of all says it
                count = len(chunk)
                self._say_for_all(
                    f"the memory does not hold {count} pictures at once; making fewer"
                )
            Plan.halve(run, chunk)
            return halves(chunk)

        with self._timed("maximize"), self._progress("maximize", total, PIXEL_STEPS) as progress:
            threads = machine.choose_workers(network.device, self.group.beside)
            most = Plan.load(run).most
            Workers(make, halve, threads, self.group, progress, most).work(todo, "chunks")

    def examine(self) -> None:
        """Measure what each finished picture of the run does to the network."""
        run = self.run
        check_identity(run, self._identity)
        made = [item for chunk in Plan.load(run).chunks for item in chunk if is_made(item, run)]
        if not made:
            raise AtlasError(f"{run.path} has no pictures; 'atlas maximize' makes them")
        kept = examination.kept_evidence(run, made)
        if len(kept) == len(made) and run.has("identification.csv"):
            return
        if run.settings().get("judge") != self._judge_sha256:
            raise AtlasError(f"{run.path} has no tasks for this judge; 'atlas rank' makes them")
        with self._timed("examine"), self._progress("examine", len(made), "pictures") as progress:
            examination.measure_evidence(run, self.network, kept, made, progress)
            examination.identify(run, self._judge, made)

    def render(self) -> None:
        """Make the site."""
        settings = self.settings
        photographs = None
        if settings.publish_probe_images:
            photographs = as_path(self.run.settings()["asked"]["probe"])
        with self._timed("render"), self._progress("render", None, "pages") as progress:
            render(
                self.run,
                Path(settings.site),
                templates=self._templates,
                base_url=settings.base_url,
                publish_probe_images=photographs,
                progress=progress,
            )
        self.say(f"the site is in {settings.site}: open {settings.site}/index.html")

    @property
    def _templates(self) -> Path | None:
        return Path(self.settings.templates) if self.settings.templates else None

    @cached_property
    def network(self) -> Network:
        """The network, on the device, in the precision and with the threads the run has."""
        settings = self.settings
        device = machine.choose_device(settings.device, self.group.place)
        asked = settings.precision
        if self.run.has("run.json"):
            kept = self.run.settings()
            torch.set_num_threads(kept["threads"])
            asked = kept["identity"]["precision"] if asked == "auto" else asked
        precision = machine.choose_precision(asked, device)
        network = load_network(settings.network, settings.weights, device, precision)
        for remark in network.weights.remarks:
            self.say(remark)
        return network

    @cached_property
    def _judge(self) -> Judge | None:
        """The judge of likeness; none where it would judge its own pictures."""
        judge = Judge(self.network.device)
        return judge if judge.is_independent_of(self.network) else None

    @property
    def _judge_sha256(self) -> str | None:
        return self._judge and self._judge.sha256

    @property
    def _identity(self) -> dict[str, Any]:
        return identify(self.network, self.settings.recipes_asked(), self.settings.seed)

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
        if self.run.has("tuning.csv"):
            names += self.run.table("tuning")["layer"].unique().tolist()
        names += [item.layer for chunk in Plan.load(self.run).chunks for item in chunk]
        if slashed := [name for name in names if "/" in name]:
            raise AtlasError(f"the layer {slashed[0]!r} has a / in its name; rename that module")
        refuse_twins(names, "leave one of these layers out with --layers, or rename it")
        return list(network.select(list(dict.fromkeys(names))))

    def _measured(self) -> tuple[set[str], dict[str, Any]]:
        """The layers of which the run has all that ranking leaves, and what it found of the set."""
        run = self.run
        if run.has("run.json") and run.has("tuning.csv"):
            kept = run.settings()
            if "slope" in kept["probe"] and kept.get("judge") == self._judge_sha256:
                return set(run.table("tuning")["layer"]), {"slope": kept["probe"]["slope"]}
        return set(), {}

    def _write_settings(self, probe: ProbeSet, found: Mapping[str, Any]) -> None:
        """Write what is asked and what ``auto`` came to; a continued run keeps the latter.

        ``found`` is what measuring found of the probe set, if it was measured.
        """
        settings, network, run = self.settings, self.network, self.run
        kept = run.settings() if run.has("run.json") else {}
        asked, requests = settings.as_json(), kept.get("requests", [])
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
        run.write_table("probe", probe.table())
        run.write_table("skipped", pd.DataFrame(probe.skipped, columns=["file", "reason"]))
        versions = machine.versions()
        if kept and kept["versions"] != versions:
            warnings.append("The run was continued with other versions of its libraries.")
        run.write_json(
            "run",
            {
                "schema": SCHEMA,
                "asked": asked,
                "requests": requests if asked in requests else [*requests, asked],
                "identity": identity,
                "weights": network.weights.as_json(),
                "probe": {
                    "kind": probe.kind,
                    "name": probe.name,
                    "images": len(probe.table()),
                    "skipped": len(probe.skipped),
                    "synthetic": probe.synthetic,
                    "sha256": probe.digest,
                    **found,
                },
                "judge": self._judge_sha256,
                "batch": kept.get("batch") or settings.batch or self._batch(),
                "threads": kept.get("threads") or torch.get_num_threads(),
                "versions": kept.get("versions") or versions,
                "warnings": warnings,
            },
        )

    def _recall_skipped(self, probe: ProbeSet) -> None:
        """Leave out the images that an earlier ranking of this probe set could not decode."""
        if self.run.has("skipped.csv"):
            reasons = dict(self.run.table("skipped").itertuples(index=False, name=None))
            for index, name in enumerate(probe.names):
                if name in reasons:
                    probe.skip(index, reasons[name])

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

    def _batch(self) -> int:
        """How many pictures at once fit this machine."""
        recipes, smallest = self.settings.recipes_asked().values(), self.network.smallest_input
        size = max(rung.size for recipe in recipes for rung in recipe.ladder(smallest))
        return machine.choose_batch(self.network, size, machine.choose_workers(self.network.device))

    def _pixel_steps(self, recipe: Recipe) -> int:
        ladder = recipe.ladder(self.network.smallest_input)
        return recipe.steps * sum(rung.size**2 for rung in ladder)

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
        """Add the seconds a stage took to the run's timings.

        A run that one may read and not write can be rendered all the same.
        """
        start = time.perf_counter()
        yield
        if not self.group.leads or not os.access(self.run.path, os.W_OK):
            return
        timings = self.run.read_json("timings") if self.run.has("timings.json") else {}
        timings[stage] = round(timings.get(stage, 0) + time.perf_counter() - start, 3)
        self.run.write_json("timings", timings)

    def _progress(
        self, stage: str, total: int | None, unit: str
    ) -> AbstractContextManager[Progress]:
        return show_progress(stage, total, unit, self.settings.quiet or not self.group.leads)


def _check_unit(layer: Layer, unit: int) -> None:
    if unit >= layer.units:
        raise AtlasError(f"{layer.name} has no unit {unit}; its units are 0 to {layer.units - 1}")
