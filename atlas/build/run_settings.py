"""``run.json``: what was asked, and what ``auto`` came to."""

from dataclasses import replace

import pandas as pd
import torch
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from atlas._system.versions import versions as installed_versions
from atlas.build.channels import channel_warnings
from atlas.build.resources import choose_batch, choose_workers
from atlas.build.session import Session
from atlas.probe import stimuli
from atlas.probe.probe_set import ProbeSet
from atlas.run.schema import SCHEMA, Identity, Probe, RunSettings, Weights
from atlas.run.tables import TABLES
from atlas.run.typed_json import read_as

Slope = list[float] | None | UnsetType
"""Quartiles of the spectral slopes of the probe images, where they were measured."""


def write_run_settings(session: Session, probe: ProbeSet, slope: Slope) -> None:
    """Write what is asked and what ``auto`` came to; a continued run keeps the latter."""
    settings, network, run = session.settings, session.network, session.run
    kept = run.settings() if run.has("run.json") else None
    if session.given:
        settings = replace(settings, network=network.name)
    if session.given_probe is not None:
        settings = replace(settings, probe=probe.name)
    asked, requests = settings.as_json(), kept.requests if kept else []
    identity = Identity(**asdict(session.making), probe=probe.digest)
    if kept:
        identity.recipes = kept.identity.recipes | identity.recipes
    warnings = [network.weights.notice] if network.weights.notice else []
    warnings += network.remarks
    if probe.fallback:
        warnings.append(probe.fallback)
    elif probe.synthetic:
        warnings.append(
            "The probe set is synthetic: ranking and gain say less than with photographs."
        )
    warnings += channel_warnings(network.channels)
    if probe.skipped:
        warnings.append(f"{len(probe.skipped)} files of the probe set could not be read.")
    run.write_table("probe", probe.table())
    run.write_table("skipped", pd.DataFrame(probe.skipped, columns=TABLES["skipped"].names))
    versions = installed_versions()
    if kept and kept.versions != versions:
        warnings.append("The run was continued with other versions of its libraries.")
    made = RunSettings(
        schema=SCHEMA,
        asked=asked,
        requests=requests if asked in requests else [*requests, asked],
        identity=identity,
        weights=read_as(Weights, network.weights.as_json()),
        probe=Probe(
            kind=probe.kind,
            name=probe.name,
            images=len(probe.table()),
            skipped=len(probe.skipped),
            synthetic=probe.synthetic,
            sha256=probe.digest,
            slope=slope,
            fallback=probe.fallback,
        ),
        stimuli=stimuli.digest(),
        judge=session.judge_sha256,
        judge_name=session.judge.name if session.judge else UNSET,
        batch=kept.batch if kept else settings.batch or _batch(session),
        threads=kept.threads if kept else torch.get_num_threads(),
        versions=kept.versions if kept else versions,
        warnings=warnings,
    )
    run.write_json("run", made)


def add_recipes(session: Session) -> None:
    """Have ``run.json`` name the recipes that are asked for only now that the units are ranked."""
    kept = session.run.settings()
    known = kept.identity.recipes
    if new := {name: one for name, one in session.making.recipes.items() if name not in known}:
        kept.identity.recipes = known | new
        session.run.write_json("run", kept)


def _batch(session: Session) -> int:
    """How many pictures at once fit this machine."""
    recipes, sizes = session.settings.recipes_asked().values(), session.network.sizes
    size = max(
        recipe.ladder(sizes)[-1].size + 2 * recipe.for_sizes(sizes).pad for recipe in recipes
    )
    return choose_batch(session.network, size, choose_workers(session.network.device))
