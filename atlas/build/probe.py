"""The probe set of a run: what ``auto`` came to once, the run keeps."""

from atlas.build.session import Session
from atlas.errors import AtlasError
from atlas.probe.opening import open_probe_set
from atlas.probe.probe_set import ProbeSet
from atlas.rank.ranking import check_channels


def probe_set(session: Session) -> ProbeSet:
    """The probe set asked for, opened once; where that is ``auto``, the one that the run has.

    Raises AtlasError when it cannot be had, or is the folder of a user, who has to name it, or has
    other channels than the network takes.
    """
    if session.opened is None:
        session.opened = _open(session)
    return session.opened


def _open(session: Session) -> ProbeSet:
    asked, run = session.settings.probe, session.run
    check_channels(session.network, session.given_probe)
    if session.given_probe is not None:
        return session.given_probe
    if asked != "auto" or not run.has("run.json"):
        return open_probe_set(asked, session.progress)
    kept = run.settings().probe
    if kept.kind == "array":
        raise AtlasError(
            f"{run.path} was made with the probe images {kept.name!r}, an array; give it in "
            "Python, build(..., probe=...), or name another folder with --run"
        )
    if kept.kind == "folder":
        raise AtlasError(
            f"{run.path} was made with the probe images of the folder {kept.name!r}; name it with "
            "--probe, or another folder with --run"
        )
    probe = open_probe_set(kept.name, session.progress)
    probe.fallback = kept.fallback
    return probe
