"""``run.json``: what was asked, and what ``auto`` came to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import torch

from atlas._system.versions import versions as installed_versions
from atlas.build.resources import choose_batch, choose_workers
from atlas.build.session import Session
from atlas.probe.probe_set import ProbeSet
from atlas.run.schema import SCHEMA


def write_run_settings(session: Session, probe: ProbeSet, found: Mapping[str, Any]) -> None:
    """Write what is asked and what ``auto`` came to; a continued run keeps the latter.

    ``found`` is what measuring found of the probe set, if it was measured.
    """
    settings, network, run = session.settings, session.network, session.run
    kept = run.settings() if run.has("run.json") else {}
    if session.given:
        settings = replace(settings, network=network.name)
    asked, requests = settings.as_json(), kept.get("requests", [])
    identity = session.identity | {"probe": probe.digest}
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
    versions = installed_versions()
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
            "judge": session.judge_sha256,
            "batch": kept.get("batch") or settings.batch or _batch(session),
            "threads": kept.get("threads") or torch.get_num_threads(),
            "versions": kept.get("versions") or versions,
            "warnings": warnings,
        },
    )


def _batch(session: Session) -> int:
    """How many pictures at once fit this machine."""
    recipes, smallest = session.settings.recipes_asked().values(), session.network.smallest_input
    size = max(rung.size for recipe in recipes for rung in recipe.ladder(smallest))
    return choose_batch(session.network, size, choose_workers(session.network.device))
