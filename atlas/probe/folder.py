"""A folder of images as a probe set."""

import hashlib
import os
import pwd
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atlas._system.display import display_name
from atlas._system.paths import home
from atlas.errors import AtlasError
from atlas.probe.decoding import UnreadableImage, decode, inspect
from atlas.probe.labels import folder_classes
from atlas.probe.probe_set import UNNAMED, ProbeSet, decoders


class Folder(ProbeSet):
    """Every readable image in and below a folder, in the order of their relative paths.

    Images in folders right below it have their names as classes. Hidden files and folders are left
    out. Raises AtlasError when there is no such folder or no
    image in it.
    """

    kind = "folder"

    def __init__(self, path: Path, name: str | None = None) -> None:
        # Pillow remarks on odd metadata; whether an image is readable is decided and told here.
        warnings.filterwarnings("ignore", module=r"PIL\.")
        found, skipped = _list_files(path)
        with ThreadPoolExecutor(decoders()) as pool:
            digests = list(pool.map(_inspect, (path / file for file in found)))
        names = _display_names(found)
        kept = [i for i, seen in enumerate(digests) if not isinstance(seen, UnreadableImage)]
        if not kept:
            raise AtlasError(
                f"no readable image in {str(path)!r} ({len(found)} files seen); "
                "name a folder that holds JPEG or PNG files, or use --probe stimuli"
            )
        whole = hashlib.sha256()
        for i in kept:
            whole.update(f"{names[i]}\0{digests[i]}\n".encode())
        super().__init__(
            name or _folder_name(path),
            [names[i] for i in kept],
            whole.hexdigest(),
        )
        self.labels = folder_classes(self.names)
        self._paths = [path / found[i] for i in kept]
        self.skipped += skipped
        self.skipped += [
            (file, seen.reason)
            for file, seen in zip(names, digests, strict=True)
            if isinstance(seen, UnreadableImage)
        ]
        self.skipped.sort()

    def image(self, index: int) -> NDArray[np.uint8]:
        """Decode one image; raises UnreadableImage."""
        remarks: list[str] = []
        pixels = decode(self._paths[index], remarks.append, self.side)
        if remarks:
            self.assumed[self.names[index]] = "; ".join(remarks)
        return pixels


def _inspect(path: Path) -> str | UnreadableImage:
    try:
        return inspect(path)
    except UnreadableImage as error:
        return error


def _list_files(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The relative posix paths of all files below a folder, and the folders that cannot be read.

    Links to folders are followed, each folder once, so that a circle of links ends.
    """
    files: list[str] = []
    closed: list[tuple[str, str]] = []
    seen: set[tuple[int, int]] = set()
    pending = [""]
    while pending:
        inside = pending.pop()
        try:
            status = (folder / inside).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            visible = sorted(n for n in os.listdir(folder / inside) if not n.startswith("."))
        except (OSError, ValueError) as error:
            problem = (getattr(error, "strerror", None) or str(error)).lower()
            if not inside:
                raise AtlasError(
                    f"cannot open the folder of probe images {str(folder)!r}: {problem}; "
                    "name a folder of images, or use --probe stimuli"
                ) from error
            closed.append((display_name(inside), problem))
            continue
        paths = [f"{inside}/{entry}" if inside else entry for entry in visible]
        folders = [path for path in paths if os.path.isdir(folder / path)]
        files += sorted(set(paths) - set(folders))
        pending += reversed(folders)
    return sorted(files), closed


def _folder_name(path: Path) -> str:
    """What pages may call a folder: its name, unless it is a root or the home of a user."""
    folder = path.resolve()
    own = home()
    homes = {own, *(Path(user.pw_dir) for user in pwd.getpwall())}
    of_a_user = folder in homes or folder.parent.name in ("home", "Users")
    if of_a_user or folder.name in ("", own and own.name):
        return UNNAMED
    return display_name(folder.name)


def _display_names(paths: Sequence[str]) -> list[str]:
    """A name for each path, for pages and tables; no two are the same."""
    names: list[str] = []
    taken: set[str] = set(paths)
    for path in paths:
        name = display_name(path)
        if name != path:
            plain, copy = name, 2
            while name in taken:
                name, copy = f"{plain} ({copy})", copy + 1
            taken.add(name)
        names.append(name)
    return names
