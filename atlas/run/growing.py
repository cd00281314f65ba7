"""Pictures between two rounds, as exact as the optimizer left them; none once they are finished.

The optimizer starts anew at every size, so an image, and what its steps measured, is all it takes
to go on to the same bits.
"""

import io
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas.recipe import Recipe
from atlas.run.folder import Run
from atlas.run.plan import Item, Plan
from atlas.run.rounds import one_round, unfinished
from atlas.target import Picture, Target

FOLDER = "growing"


def keep_growing(run: Run, chunk: Sequence[Item], pictures: Sequence[Picture]) -> None:
    """Write the pictures of a chunk, which are all of one size and of the first attempt.

    They may be more than the chunk's: earlier samples, from which those of the chunk are kept.
    """
    first = pictures[0]
    arrays = {
        "images": np.stack([picture.image for picture in pictures]),
        "activations": np.stack([picture.activations for picture in pictures]),
        "statuses": np.array([picture.status for picture in pictures]),
        "terms": np.array([list(picture.terms.values()) for picture in pictures]),
        "names": np.array(list(first.terms)),
        "seed": np.array(first.seed),
        "size": np.array(first.image.shape[-1]),
    }
    for place, (upscale, _) in enumerate(first.stages):
        arrays[f"stage{upscale}"] = np.stack([picture.stages[place][1] for picture in pictures])
    data = io.BytesIO()
    np.savez(data, **arrays)
    run.write(_path(run, chunk), data.getvalue())


def recall_growing(
    run: Run, chunk: Sequence[Item], targets: Sequence[Target]
) -> list[Picture] | None:
    """What ``keep_growing`` wrote for a chunk; None where there is nothing, or it is damaged.

    The pictures are then begun again. ``targets`` are those of the pictures that were written.
    """
    path = _path(run, chunk)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return _pictures(targets, {name: kept[name] for name in kept.files})
    except FileNotFoundError:
        return None
    except Exception:  # whatever a damaged archive brings about
        path.unlink()
        return None


def _pictures(targets: Sequence[Target], columns: Mapping[str, NDArray[Any]]) -> list[Picture]:
    stages = [name for name in columns if name.startswith("stage")]
    return [
        Picture(
            target=target,
            seed=columns["seed"].item(),
            attempt=0,
            status=columns["statuses"][i].item(),
            image=columns["images"][i],
            activations=columns["activations"][i],
            terms=dict(zip(columns["names"].tolist(), columns["terms"][i].tolist(), strict=True)),
            stages=[(int(name.removeprefix("stage")), columns[name][i]) for name in stages],
        )
        for i, target in enumerate(targets)
    ]


def grown_to(run: Run, chunk: Sequence[Item]) -> int:
    """Side in pixels that the kept pictures of a chunk have; 0 where there are none to go on."""
    try:
        with _path(run, chunk).open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return kept["size"].item()  # the others are not read
    except Exception:  # there is none, or a damaged one
        return 0


def forget_growing(run: Run, chunk: Sequence[Item]) -> None:
    """Remove what is kept of a chunk."""
    _path(run, chunk).unlink(missing_ok=True)


def forget_needless(run: Run) -> None:
    """Remove what is kept of chunks that are finished, or were cut in two.

    To be called while no other process makes pictures.
    """
    folder = run.path / FOLDER
    if not folder.is_dir():
        return
    plan, recipes = Plan.load(run), run.settings().identity.recipes
    known = {name: Recipe(**recipe) for name, recipe in recipes.items()}
    items = [item for chunk in plan.chunks for item in chunk]
    growing = {
        _path(run, chunk)
        for stop in one_round(known, run.network().sizes)
        for chunk in unfinished(plan, items, stop, run)
    }
    for path in set(folder.glob("*.npz")) - growing:
        path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _path(run: Run, chunk: Sequence[Item]) -> Path:
    """The file of a chunk, named after its pictures; what else they depend on, a run is for."""
    name = sha256(json.dumps(chunk).encode()).hexdigest()[:16]
    return run.path / FOLDER / f"{name}.npz"
