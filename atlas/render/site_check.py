"""Whether a site is whole, and which of its files are for the public."""

import os
import posixpath
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from atlas._system.locks import LOCK
from atlas.errors import AtlasError
from atlas.render.links import dangling
from atlas.render.output import MANIFEST, listed

NEEDED = frozenset({"index.html", "404.html", ".nojekyll"})

HIDDEN = frozenset({MANIFEST, ".nojekyll", ".well-known"})
"""What is published although its name begins with a dot."""

TORN = re.compile(rf"\..*\.part|{re.escape(LOCK)}")
"""What a render that goes on or was interrupted has left."""

LARGEST_FILE = 100 * 2**20
"""Bytes; GitHub refuses a push with a larger one ("About large files on GitHub")."""

LARGEST_SITE = 10**9
"""Bytes; "published GitHub Pages sites may be no larger than 1 GB" ("GitHub Pages limits")."""


class SiteFiles(NamedTuple):
    """What a site holds for the public: the bytes of each file by its name.

    Of these no render wrote the ``added``. What is ``hidden`` is not for the public.
    """

    sizes: dict[str, int]
    added: list[str]
    hidden: list[str]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(self.sizes.values())


def check_site(site: Path) -> SiteFiles:
    """Look through a site before it is published.

    Raises AtlasError when the folder is no site of atlas, lacks a file, holds one that was not
    written to its end or is no plain file, links something that is not there, or is beyond a limit
    of GitHub; OSError when it cannot be read.
    """
    if not os.path.lexists(site / MANIFEST):
        raise AtlasError(f"{site} holds no site of atlas; 'make atlas' builds it")
    if os.path.lexists(site / ".git"):
        raise AtlasError(f"{site}/.git is not for publishing; move it out of the site")
    entries = dict(_entries(site))
    if torn := [name for name in entries if TORN.fullmatch(posixpath.basename(name))]:
        raise AtlasError(
            f"{site}/{_first(torn)} is of a render that goes on or was interrupted: "
            "render again, or delete it"
        )
    public = {name: status for name, status in entries.items() if not _is_hidden(name)}
    if odd := [name for name, status in public.items() if not stat.S_ISREG(status.st_mode)]:
        # A link would be published as what it points to, wherever that lies.
        raise AtlasError(
            f"{site}/{_first(odd)} is a link or no plain file; put a file there, or delete it"
        )
    sizes = {name: status.st_size for name, status in public.items()}
    written = NEEDED | {MANIFEST} | listed((site / MANIFEST).read_bytes())
    if missing := written - entries.keys():
        raise AtlasError(f"{site}/{_first(missing)} is missing; 'atlas render' makes the site anew")
    files = SiteFiles(sizes, sorted(sizes.keys() - written), sorted(entries.keys() - sizes.keys()))
    _refuse_too_large(site, files)
    if lost := list(dangling(site, sizes.keys())):
        more = f" ({len(lost)} such links)" if len(lost) > 1 else ""
        page, reference = lost[0]
        raise AtlasError(f"{site}/{page} links {reference!r}, which is not there{more}")
    return files


def _refuse_too_large(site: Path, files: SiteFiles) -> None:
    if large := [name for name, size in files.sizes.items() if size > LARGEST_FILE]:
        raise AtlasError(
            f"{site}/{_first(large)} is larger than GitHub takes a file: {LARGEST_FILE >> 20} MiB"
        )
    if files.size > LARGEST_SITE:
        raise AtlasError(
            f"{site} has {files.size / 1e9:.2f} GB and GitHub Pages serves at most "
            f"{LARGEST_SITE / 1e9:.0f} GB; render fewer units, or without their probe images"
        )


def _entries(site: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Name and status of everything in a site that is no folder; links are not followed."""

    def stop(error: OSError) -> NoReturn:
        raise error

    for folder, folders, names in os.walk(site, onerror=stop):
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        for name in [*names, *linked]:
            path = Path(folder, name)
            yield path.relative_to(site).as_posix(), path.lstat()


def _is_hidden(name: str) -> bool:
    """Whether a file is hidden or in a hidden folder: of an editor or a system, not of the site."""
    first, *rest = name.split("/")
    return any(part.startswith(".") for part in ([] if first in HIDDEN else [first]) + rest)


def _first(names: Collection[str]) -> str:
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return min(names) + more
