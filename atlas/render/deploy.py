"""A finished site as one folder for a host: whole, told its address, and nothing but it."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from atlas._system.paths import as_path
from atlas._system.streams import tell
from atlas._system.web_address import site_address
from atlas.errors import AtlasError, UsageError, one_line
from atlas.render.address import addressed
from atlas.render.site_check import check_site


def deploy(site: Path, folder: Path, base_url: str) -> None:
    """Copy what of a checked site is for the public, with the address that it gets.

    Raises AtlasError when the site should not be published (see check_site) or the folder holds
    something already, UsageError for an address that is none.
    """
    try:
        address = site_address(base_url)
    except ValueError as error:
        raise UsageError(f"the base URL is {base_url!r}; it must be {error}") from None
    files = check_site(site)
    if folder.exists() and any(folder.iterdir()):
        raise AtlasError(f"{folder} holds something already; name another, or empty it")
    told = addressed(site, files.sizes, address)
    for name in sorted(files.sizes.keys() | told.keys()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in told:
            path.write_bytes(told[name])
        else:
            shutil.copyfile(site / name, path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Put SITE into FOLDER for BASE_URL. Returns 0 done, 1 refused or failed, 2 wrong usage."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 3:
        print("usage: python -m atlas.deploy SITE FOLDER BASE_URL", file=sys.stderr)
        return 2
    try:
        deploy(as_path(given[0]), as_path(given[1]), given[2])
    except (AtlasError, OSError) as error:
        print(f"atlas: {one_line(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    tell(one_line(f"Ready for {given[2]}: {given[1]}"))
    return 0
