"""Examine: measure what each finished picture of the run does to the network."""

from atlas.build.evidence import identify_pictures, kept_evidence, measure_evidence
from atlas.build.session import Session
from atlas.errors import AtlasError
from atlas.run.identity import check_identity
from atlas.run.plan import made_items


def examine(session: Session) -> None:
    """Measure the pictures of which the run has no evidence yet."""
    run = session.run
    check_identity(run, session.making)
    made = made_items(run)
    kept = kept_evidence(run, made)
    if len(kept) == len(made) and run.has("identification.csv"):
        return
    if run.settings().judge != session.judge_sha256:
        raise AtlasError(f"{run.path} has no tasks for this judge; 'atlas rank' makes them")
    session.verify([layer.name for layer in run.network().layers])
    with session.timed("examine"), session.progress("examine", len(made), "pictures") as progress:
        run.remove("identification.csv")  # it is of what there was before
        measure_evidence(run, session.network, kept, made, progress)
        identify_pictures(run, session.judge, made)
