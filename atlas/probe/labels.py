"""Classes of probe images: by the folders they lie in, or by a file that tells them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from atlas._system.display import display_name
from atlas._system.hand_written import read_rows
from atlas.errors import UsageError

NEARLY_ALL = 0.95
"""The least part of the images that lies in folders which are classes."""


def folder_classes(names: Sequence[str]) -> dict[str, str]:
    """The class of every image in a folder of classes, by its name.

    A class is a folder right below that of the probe set, as torchvision's ``ImageFolder`` has it.
    None has one where there is a single such folder, or more than a few images lie beside them.

    Args:
        names: of the images: their paths in the folder of the probe set.
    """
    classes = {
        name: folder.strip() or folder
        for name in names
        for folder, slash, _ in [name.partition("/")]
        if slash
    }
    is_sorted = len({*classes.values()}) > 1 and len(classes) >= NEARLY_ALL * len(names)
    return classes if is_sorted else {}


def read_labels(path: Path, names: Sequence[str], others: Collection[str] = ()) -> dict[str, str]:
    """The classes of images by their names, from a table (CSV) of the columns image, label.

    Args:
        path: of the table. It calls an image by its path in the folder of the probe set, or by
            its file alone, if no other is called so. An image with an empty label has no class, as
            one that it leaves out.
        names: of the images.
        others: names that it may have as well: of files that are no readable images.

    Raises:
        UsageError: for a file that is no such table, an image that there is not, or is there twice.
    """
    known, files = {*names}, defaultdict[str, list[str]](list)
    for name in (*names, *others):
        files[PurePosixPath(name).name].append(name)
    found: dict[str, str] = {}
    for line, row in read_rows(path, ("image", "label")):
        image = display_name(row["image"])
        called = [image] if image in known or image in others else files.get(image, [])
        if not called:
            raise UsageError(f"{path}, line {line}: the probe set has no image {image!r}")
        if len(called) > 1:
            raise UsageError(
                f"{path}, line {line}: {len(called)} images are called {image!r}; give its path, "
                f"such as {called[0]}"
            )
        if called[0] in found:
            raise UsageError(f"{path}, line {line}: the image {called[0]!r} is there twice")
        found[called[0]] = display_name(row["label"]).strip()
    labels = {name: label for name, label in found.items() if label and name in known}
    if not labels:
        raise UsageError(f"{path} has no label of any image")
    return labels
