"""Open a probe set by its name, or a folder of images."""

import warnings
from pathlib import Path

from atlas._system.paths import as_path
from atlas.errors import UsageError
from atlas.probe.folder import Folder
from atlas.probe.imagenette import Imagenette
from atlas.probe.probe_set import ProbeSet
from atlas.probe.stimulus_set import Stimuli


def open_probe_set(source: str | Path) -> ProbeSet:
    """Open ``stimuli``, ``imagenette`` or a folder of images.

    A folder with one of these two names is given as a Path or as ``./stimuli``. Raises AtlasError
    when there is nothing to be read.
    """
    if not isinstance(source, str | Path) or not str(source) or "\0" in str(source):
        raise UsageError("a probe set is stimuli, imagenette, or the path of a folder")
    if source == "stimuli":
        return Stimuli()
    # Pillow remarks on odd metadata; whether an image is readable is decided and told here.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    if source == "imagenette":
        return Imagenette()
    return Folder(as_path(source))
