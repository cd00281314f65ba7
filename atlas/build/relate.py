"""Relate: find how the units of the run lie to each other."""

from atlas.build.connections import write_connections
from atlas.build.likeness import write_likeness
from atlas.build.session import Session
from atlas.run.identity import check_identity
from atlas.run.plan import made_items


def relate(session: Session) -> None:
    """Relate the units that have a picture or a tile, as far as the run does not know it."""
    run = session.run
    check_identity(run, session.making)
    made = made_items(run)
    with session.timed("relate"):
        write_likeness(run, made)
        write_connections(session, made)
