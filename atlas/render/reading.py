"""Reading a run into what the site shows."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from msgspec import UNSET
from msgspec.structs import asdict

from atlas._system.filenames import slug
from atlas.errors import AtlasError
from atlas.probe import stimuli
from atlas.recipe import Recipe
from atlas.relate.labels import LEAST
from atlas.render.catalog import Catalog
from atlas.render.picture import Picture
from atlas.render.relations import Relations, read_relations
from atlas.render.unit_facts import Faces, Label, ProbeImage, RankedImage, Statistics, base_name
from atlas.render.units import Layer, Unit
from atlas.run.classes import class_names, image_classes
from atlas.run.evidence_columns import EVIDENCE, Evidence
from atlas.run.folder import Run
from atlas.run.notes import Notes, kept_notes, read_notes
from atlas.run.pictures import read_records
from atlas.run.schema import Record
from atlas.run.tiles import read_tiles
from atlas.target import Field


def read_catalog(run: Run, notes: Path | None = None) -> Catalog:
    """Read a run, and notes that are not in it.

    Raises AtlasError, naming the command to run, when it lacks something.
    """
    settings, network = run.settings(), run.network()
    activations, tuning = run.table("activations"), run.table("tuning")
    strongest = run.table("strongest")
    recipes = list(settings.identity.recipes)  # in the order they were first asked for
    examination, identified = run.table("examination"), _identified(run)
    evidence = {
        (row["recipe"], row["layer"], row["unit"], row["sample"]): _evidence(row)
        for row in examination.to_dict("records")
    }
    statistics = {str(layer): rows for layer, rows in activations.groupby("layer", sort=False)}
    probe_images = _probe_images(strongest, image_classes(run), _regions(run))
    weakest, relations = _weakest(run, image_classes(run)), read_relations(run)
    labels, classes, noted = _labels(run), class_names(run), _noted(run, notes)
    curves, common = _tuning(tuning), _faces(run)
    strongest_stimuli = _strongest_stimuli(run)

    known = {name: Recipe(**each) for name, each in settings.identity.recipes.items()}
    last_sizes = {name: each.ladder(network.sizes)[-1].size for name, each in known.items()}

    layers = []
    for index, described in enumerate(network.layers):
        name = described.name
        if name not in statistics:
            raise AtlasError(f"{run.path} has no statistics of {name}; 'atlas rank' makes them")
        if sorted(statistics[name]["unit"]) != list(range(described.units)):
            raise AtlasError(
                f"{run.path}/activations.csv has not the {described.units} units of {name}; "
                "delete it and run 'atlas rank' again"
            )
        layer = Layer(
            **asdict(described),
            index=index,
            order=recipes,
            table=_ranked(statistics[name]),
            pictured=[],
            tiles={tile.unit: tile.status for tile in read_tiles(run, name)},
            sheets=[recipe for recipe in recipes if run.sheet_path(recipe, name).is_file()],
            labels=labels.get(name, {}),
            classes=classes if described.classifies else {},
            notes={unit: text for (layer, unit), text in noted.items() if layer == name},
        )
        pictures = _pictures(run, known, last_sizes, layer, evidence)
        layer.pictured += [
            Unit(
                layer,
                row,
                pictures[row.unit],
                probe_images.get((name, row.unit), []),
                curves.get((name, row.unit), {}),
                identified.get((name, row.unit), {}),
                strongest_stimuli.get((name, row.unit), []),
                weakest.get((name, row.unit), []),
                relations.get((name, row.unit), Relations()),
                common.get((name, row.unit)),
            )
            for row in layer.table
            if row.unit in pictures
        ]
        layers.append(layer)
    if not any(layer.pictured for layer in layers):
        raise AtlasError(f"{run.path} has no pictures; 'atlas maximize' makes them")
    made = {picture.recipe for x in layers for unit in x.pictured for picture in unit.pictures}
    measured = {name for name in EVIDENCE if name in examination.columns}
    skipped = run.table("skipped") if run.has("skipped.csv") else pd.DataFrame()
    return Catalog(
        settings=settings,
        network=network,
        layers=layers,
        recipes=[recipe for recipe in recipes if recipe in made],
        measured=frozenset(measured | ({"identified"} if run.has("identification.csv") else set())),
        probe_images=list(run.table("probe")["image"]),
        skipped=[(base_name(str(file)), str(reason)) for file, reason in skipped.values],
        classes=classes,
        alignment=_alignment(run),
    )


def _ranked(table: pd.DataFrame) -> list[Statistics]:
    """All units of a layer by mean activation, highest first, ties by number."""
    ordered = table.sort_values(["mean", "unit"], ascending=[False, True], kind="stable")
    columns = (ordered[name].tolist() for name in ("mean", "std", "max", "active_fraction"))
    rows = zip(ordered["unit"].tolist(), *columns, strict=True)
    return [Statistics(unit, rank, *values) for rank, (unit, *values) in enumerate(rows, 1)]


def _pictures(
    run: Run,
    known: Mapping[str, Recipe],
    last_sizes: Mapping[str, int],
    layer: Layer,
    evidence: Mapping[Any, Evidence],
) -> dict[int, list[Picture]]:
    """The pictures of each unit of a layer: recipes in the run's order, then samples.

    ``known`` are the recipes by name, ``last_sizes`` the side that pictures end at.
    """
    found: dict[int, list[Picture]] = {}
    recipes = list(last_sizes)
    for recipe in recipes:
        for record in read_records(run, recipe, layer.name):
            unit, sample = record.unit, record.sample
            path = run.picture_path(recipe, layer.name, unit, sample)
            if unit >= layer.units:
                raise AtlasError(
                    f"{path} is of no unit of {layer.name}, which has {layer.units}; "
                    "move it out of the run"
                )
            picture = Picture(
                stem=f"{slug(recipe)}/{layer.slug}/{path.stem}",
                recipe=recipe,
                stages=[(stage.upscale, stage.size) for stage in record.stages],
                evidence=evidence.get((recipe, layer.name, unit, sample)),
                sample=sample,
                status=record.status,
                seed=record.seed,
                attempt=record.attempt,
                size=record.size,
                last_size=last_sizes[recipe],
                activations=record.activations,
                terms=record.terms,
                minimum=known[recipe].sign == "negative",
                alone=known[recipe].position == "center" and not layer.one_position,
                face=known[recipe].face,
                field=_field(record),
            )
            found.setdefault(unit, []).append(picture)
    for pictures in found.values():
        pictures.sort(key=lambda picture: picture.sample)  # stable: recipes stay in order
        pictures.sort(key=lambda picture: recipes.index(picture.recipe))
    return found


def _field(record: Record) -> Field | None:
    """What of a picture its one position sees; None where that is all of it, or not known."""
    if record.field is UNSET:
        return None
    field = Field(*record.field)
    parts = [part.stop - part.start for part in field.cut(record.size)]
    return field if 0 < min(parts) and max(parts) < record.size else None


def _evidence(row: Mapping[Any, Any]) -> Evidence:
    # A run made before a figure was known has no column of it.
    values = {name: _number(row.get(name, math.nan)) for name in EVIDENCE}
    standing = values.pop("standing")
    return Evidence(**values, standing=None if standing is None else int(standing))


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _identified(run: Run) -> dict[tuple[str, int], dict[str, float]]:
    """The fraction of two-choice tasks solved, by unit, then by recipe."""
    found: dict[tuple[str, int], dict[str, float]] = {}
    if run.has("identification.csv"):
        for row in run.table("identification").to_dict("records"):
            found.setdefault((row["layer"], row["unit"]), {})[row["recipe"]] = row["correct"]
    return found


def _faces(run: Run) -> dict[tuple[str, int], Faces]:
    """What the strongest images of units have in common; none in a run from before it was known."""
    if not run.has("clarity.csv"):
        return {}
    rows = run.table("clarity")[["layer", "unit", *Faces._fields]]
    return {
        (layer, unit): Faces(*figures, second=frozenset(map(int, second.split())))
        for layer, unit, *figures, second in rows.itertuples(index=False, name=None)
    }


def _labels(run: Run) -> dict[str, dict[int, list[Label]]]:
    """By layer and unit, those that say enough to be shown, the best first."""
    found: dict[str, dict[int, list[Label]]] = {}
    if run.has("labels.csv"):
        table = run.table("labels")
        columns = ("layer", "unit", *Label._fields)
        rows = zip(*(table[name].tolist() for name in columns), strict=True)
        strong = [row for row in rows if Label(*row[2:]).auc >= LEAST]
        for layer, unit, *label in sorted(strong, key=lambda row: -Label(*row[2:]).auc):
            found.setdefault(layer, {}).setdefault(unit, []).append(Label(*label))
    return found


def _noted(run: Run, notes: Path | None) -> Notes:
    """The notes of the run, and those of a file before them."""
    units = {layer.name: layer.units for layer in run.network().layers}
    return kept_notes(run) | (read_notes(notes, units) if notes else {})


def _probe_images(
    strongest: pd.DataFrame,
    classes: Mapping[str, str],
    regions: Mapping[tuple[str, int, int], str],
) -> dict[tuple[str, int], list[ProbeImage]]:
    found: dict[tuple[str, int], list[ProbeImage]] = {}
    ordered = strongest.sort_values(["layer", "unit", "place"], kind="stable")
    columns = ("layer", "unit", "place", "image", "mean", "peak", "row", "column")
    for layer, unit, *values in zip(*(ordered[name].tolist() for name in columns), strict=True):
        place, name, mean, peak, row, column = values
        image = ProbeImage(
            name=str(name),
            mean=float(mean),
            peak=float(peak),
            row=int(row),
            column=int(column),
            label=classes.get(str(name)),
            region=regions.get((layer, unit, place)),
        )
        found.setdefault((str(layer), int(unit)), []).append(image)
    return found


def _alignment(run: Run) -> dict[tuple[str, str], float]:
    """The alignment of pairs of layers, the less deep one first."""
    if not run.has("alignment.csv"):
        return {}
    rows = run.table("alignment")[["layer", "other_layer", "cka"]]
    return {(one, other): cka for one, other, cka in rows.itertuples(index=False, name=None)}


def _regions(run: Run) -> dict[tuple[str, int, int], str]:
    """Where units are active in their strongest images: outlines by layer, unit and place."""
    if not run.has("regions.csv"):
        return {}
    columns = ["layer", "unit", "place", "outline"]
    rows = run.table("regions")[columns].itertuples(index=False, name=None)
    return {(layer, unit, place): outline for layer, unit, place, outline in rows}


def _weakest(run: Run, classes: Mapping[str, str]) -> dict[tuple[str, int], list[RankedImage]]:
    """The weakest images of each unit of layers without ReLU, the weakest first."""
    found: dict[tuple[str, int], list[RankedImage]] = {}
    if run.has("weakest.csv"):
        ordered = run.table("weakest").sort_values(["layer", "unit", "place"])
        for layer, unit, _, name, mean in ordered.itertuples(index=False, name=None):
            found.setdefault((layer, unit), []).append(RankedImage(name, mean, classes.get(name)))
    return found


def _strongest_stimuli(run: Run) -> dict[tuple[str, int], list[RankedImage]]:
    """By unit, the strongest first; none of a run that does not know them, or knows other ones."""
    if not run.has("strongest_stimuli.csv") or run.settings().stimuli != stimuli.digest():
        return {}
    found: dict[tuple[str, int], list[RankedImage]] = {}
    ordered = run.table("strongest_stimuli").sort_values(["layer", "unit", "place"])
    for layer, unit, _, name, mean in ordered.itertuples(index=False, name=None):
        found.setdefault((layer, unit), []).append(RankedImage(name, mean))
    return found


def _tuning(table: pd.DataFrame) -> dict[tuple[str, int], dict[str, float]]:
    conditions = list(table.columns[2:])
    values = table[conditions].to_numpy(float)
    keys = zip(table["layer"], table["unit"], strict=True)
    return {
        (str(layer), int(unit)): dict(zip(conditions, row.tolist(), strict=True))
        for (layer, unit), row in zip(keys, values, strict=True)
    }
