"""The probe set of a run: what ``auto`` came to once, the run keeps."""

from atlas.build.session import Session
from atlas.errors import AtlasError
from atlas.probe.opening import open_probe_set
from atlas.probe.probe_set import ProbeSet


def probe_set(session: Session) -> ProbeSet:
    """Open the probe set asked for; where that is ``auto``, the one that the run has.

    Raises AtlasError when it cannot be had, or is the folder of a user, who has to name it.
    """
    asked, run = session.settings.probe, session.run
    if asked != "auto" or not run.has("run.json"):
        return open_probe_set(asked, session.progress)
    kept = run.settings().probe
    if kept.kind == "folder":
        raise AtlasError(
            f"{run.path} was made with the probe images of the folder {kept.name!r}; name it with "
            "--probe, or another folder with --run"
        )
    probe = open_probe_set(kept.name, session.progress)
    probe.fallback = kept.fallback
    return probe
