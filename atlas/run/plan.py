"""The plan: how the units of a run are cut into chunks, each computed and redone whole.

What a unit's picture is, to the last bit, depends on the units it shared its batch with. So the
chunks are kept: a build that was interrupted goes on with the same ones.
"""

import fcntl
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, Self

from msgspec import UNSET

from atlas.errors import AtlasError
from atlas.run.folder import Run
from atlas.run.schema import PlanFile
from atlas.run.typed_json import read_as
from atlas.target import Target


class Item(NamedTuple):
    """One picture to make."""

    recipe: str
    layer: str
    unit: int
    sample: int = 1

    @property
    def target(self) -> Target:
        """The unit, without the recipe."""
        return Target(self.layer, self.unit, self.sample)


@dataclass(frozen=True)
class Plan:
    """Chunks of items; those of a chunk share one recipe.

    ``most`` is how many the memory holds at once, once it was found not to hold more.
    """

    chunks: tuple[tuple[Item, ...], ...] = ()
    most: int | None = None

    @classmethod
    def load(cls, run: Run) -> Self:
        """Read the plan of a run; empty when it has none yet. Raises AtlasError for no plan."""
        if not run.has("plan.json"):
            return cls()
        try:
            kept = read_as(PlanFile, run.read_json("plan"))
        except ValueError as error:
            raise run.irreplaceable("plan", str(error)) from None
        chunks = tuple(tuple(Item(*item) for item in chunk) for chunk in kept.chunks)
        planned: set[Item] = set()
        for i, chunk in enumerate(chunks):
            for j, item in enumerate(chunk):
                if not (_is_folder(item.recipe) and _is_folder(item.layer)):
                    raise run.irreplaceable("plan", f"chunks[{i}][{j}] is no picture to make")
                if item in planned:
                    raise run.irreplaceable("plan", f"chunks[{i}][{j}] is there twice")
                planned.add(item)
            if len({item.recipe for item in chunk}) != 1:
                raise run.irreplaceable("plan", f"chunks[{i}] is not of one recipe")
        return cls(chunks, kept.most or None)

    def save(self, run: Run) -> None:
        """Write the plan into the run."""
        run.write_json("plan", PlanFile(chunks=self.chunks, most=self.most or UNSET))

    def extended(self, wanted: Sequence[Item], most: int, workers: int) -> "Plan":
        """The plan with chunks appended for the wanted items it does not have.

        Args:
            wanted: those of a recipe in the order of ``breadth_first``.
            most: items in a chunk, where the memory is not known to hold less.
            workers: chunks that are computed at the same time, and so should cost the same.
        """
        planned = {item for chunk in self.chunks for item in chunk}
        new: dict[str, list[Item]] = {}
        for item in dict.fromkeys(wanted):
            if item not in planned:
                new.setdefault(item.recipe, []).append(item)
        most = min(most, self.most or most)
        chunks = [chunk for items in new.values() for chunk in deal(items, most, workers)]
        return Plan((*self.chunks, *chunks), self.most)

    @classmethod
    def halve(cls, run: Run, chunk: Sequence[Item]) -> None:
        """Cut a chunk in the run's plan in two; other processes may do so with theirs."""
        folder = os.open(run.path, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            plan, (half, _) = cls.load(run), halves(chunk)
            chunks: list[tuple[Item, ...]] = []
            for each in plan.chunks:
                chunks += halves(each) if each == tuple(chunk) else [each]
            cls(tuple(chunks), min(len(half), plan.most or len(half))).save(run)
        finally:
            os.close(folder)


def _is_folder(name: str) -> bool:
    """Whether a name is one of a folder and leads nowhere."""
    return name not in ("", ".", "..") and not {"/", "\0"} & {*name}


def is_made(item: Item, run: Run) -> bool:
    """Whether the picture is in the run; its record is written last."""
    return run.picture_path(*item, suffix=".json").is_file()


def made_items(run: Run) -> list[Item]:
    """The pictures that a run has, in the order of its plan. Raises AtlasError for none."""
    made = [item for chunk in Plan.load(run).chunks for item in chunk if is_made(item, run)]
    if not made:
        raise AtlasError(f"{run.path} has no pictures; 'atlas maximize' makes them")
    return made


def halves(chunk: Sequence[Item]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """The two halves of a chunk; the first has the odd item."""
    middle = (len(chunk) + 1) // 2
    return tuple(chunk[:middle]), tuple(chunk[middle:])


def deal(items: Sequence[Item], most: int, workers: int) -> list[tuple[Item, ...]]:
    """Deal items into chunks of about ``most``, a round of equal ones for all workers at a time.

    Samples of a unit that follow each other stay together. Neighbors, which are of neighboring
    layers, go to different workers, each worker being first in turn: so the chunks of a round cost
    about the same, and together hold the same layers.
    """
    units = [tuple(samples) for _, samples in groupby(items, key=lambda item: item[:3])]
    samples = max(map(len, units), default=1)
    rounds = -(-len(units) // (max(1, most // samples) * workers))
    if rounds == 0:
        return []
    size = -(-len(units) // rounds)
    chunks: list[tuple[Item, ...]] = []
    for first in range(0, len(units), size):
        hands: list[list[Item]] = [[] for _ in range(workers)]
        for place, unit in enumerate(units[first : first + size]):
            turn, position = divmod(place, workers)
            hands[(turn + position) % workers] += unit
        chunks += [tuple(hand) for hand in hands if hand]
    return chunks


def breadth_first(units: Mapping[str, Sequence[int]]) -> list[tuple[str, int]]:
    """Order units by rank, then by layer.

    An atlas that is interrupted then has the first units of every layer. ``units`` gives the
    units of each layer, layers in depth order, units by rank.
    """
    ranked = [
        (rank, depth, layer, unit)
        for depth, (layer, chosen) in enumerate(units.items())
        for rank, unit in enumerate(chosen)
    ]
    return [(layer, unit) for _, _, layer, unit in sorted(ranked)]
