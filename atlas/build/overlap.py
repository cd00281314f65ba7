"""The folders of a build: what is written into one must not become part of another."""

import os
from pathlib import Path

from atlas.errors import UsageError
from atlas.probe.opening import NAMES
from atlas.settings import Settings

OWN = ("units", "sheets")
"""The folders that a run has of its own."""


def refuse_overlap(settings: Settings, *, renders: bool) -> None:
    """Raise UsageError for a run, a site and a probe set that do not leave each other alone.

    Args:
        settings: what is asked.
        renders: whether a site is made.
    """
    run, site = Path(settings.run), Path(settings.site)
    if renders:
        if any(_inside(site, run / own) for own in OWN):
            raise UsageError(
                f"the site {site} lies among the pictures of the run {run}; name another with "
                "--site"
            )
        if _inside(run, site):
            raise UsageError(
                f"the run {run} lies in the site {site}, which holds nothing but pages; name "
                "another with --run or --site"
            )
    if settings.probe in NAMES:
        return
    probe = Path(settings.probe)
    for name, folder in {"run": run, **({"site": site} if renders else {})}.items():
        if _inside(folder, probe) and not _is_hidden(folder, probe):
            raise UsageError(
                f"the {name} {folder} lies in the folder {probe} of probe images, to which its "
                f"pictures would be added; name another with --{name}"
            )


def _inside(inner: Path, outer: Path) -> bool:
    return _real(inner).is_relative_to(_real(outer))


def _is_hidden(inner: Path, outer: Path) -> bool:
    """Whether the way in leads through a hidden folder, where no probe image is looked for."""
    way = _real(inner).relative_to(_real(outer))
    return any(part.startswith(".") for part in way.parts)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
