"""Relate: find how the units of the run lie to each other."""

from atlas.build.connections import write_connections
from atlas.build.likeness import write_likeness
from atlas.build.session import Session
from atlas.errors import AtlasError
from atlas.run.identity import check_identity
from atlas.run.plan import Plan, is_made


def relate(session: Session) -> None:
    """Relate the units that have a picture or a tile, as far as the run does not know it."""
    run = session.run
    check_identity(run, session.making)
    made = [item for chunk in Plan.load(run).chunks for item in chunk if is_made(item, run)]
    if not made:
        raise AtlasError(f"{run.path} has no pictures; 'atlas maximize' makes them")
    with session.timed("relate"):
        write_likeness(run, made)
        write_connections(session, made)
