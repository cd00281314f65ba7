"""Open a probe set by its name, or a folder of images."""

from pathlib import Path

from atlas._system.paths import as_path
from atlas._system.progress import Show, unseen
from atlas.errors import UsageError
from atlas.probe.folder import Folder
from atlas.probe.imagenette import EDITIONS, Imagenette, Unavailable
from atlas.probe.probe_set import ProbeSet
from atlas.probe.stimulus_set import Stimuli

NAMES = ("auto", "stimuli", *EDITIONS)
"""What is no folder; a folder with one of these names is given as a Path or as ``./stimuli``."""


def open_probe_set(source: str | Path, show: Show = unseen) -> ProbeSet:
    """Open ``auto``, ``stimuli``, ``imagenette``, ``imagenette-160`` or a folder of images.

    ``auto`` is ``imagenette-160`` where it is cached or can be downloaded, else the stimuli, whose
    ``fallback`` then says why. ``show`` shows the progress of a download. Raises AtlasError when
    there is nothing to be read.
    """
    if not isinstance(source, str | Path) or not str(source) or "\0" in str(source):
        raise UsageError(f"a probe set is {', '.join(NAMES)}, or the path of a folder")
    if source == "stimuli":
        return Stimuli()
    if source == "auto":
        return _photographs_or_stimuli(show)
    if isinstance(source, str) and source in EDITIONS:
        return Imagenette(source, show)
    return Folder(as_path(source))


def _photographs_or_stimuli(show: Show) -> ProbeSet:
    try:
        return Imagenette("imagenette-160", show)
    except Unavailable as error:
        probe = Stimuli()
        probe.fallback = (
            f"Imagenette cannot be had ({error.why}), so units are ranked by drawn stimuli: "
            "ranking and gain say less than with photographs."
        )
        return probe
