"""The plan: how the units of a run are cut into chunks, each computed and redone whole.

What a unit's picture is, to the last bit, depends on the units it shared its batch with. So the
chunks are kept: a build that was interrupted goes on with the same ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from atlas.maximize import Target
from atlas.store import Run


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
    """Chunks of items; those of a chunk share one recipe."""

    chunks: tuple[tuple[Item, ...], ...] = ()

    @classmethod
    def load(cls, run: Run) -> Self:
        """Read the plan of a run; empty when it has none yet."""
        if not run.has("plan.json"):
            return cls()
        kept = run.read_json("plan")["chunks"]
        return cls(tuple(tuple(Item(*item) for item in chunk) for chunk in kept))

    def save(self, run: Run) -> None:
        """Write the plan into the run."""
        run.write_json("plan", {"chunks": self.chunks})

    def extended(self, wanted: Sequence[Item], batch: int) -> "Plan":
        """The plan with chunks of ``batch`` appended for the wanted items it does not have."""
        planned = {item for chunk in self.chunks for item in chunk}
        new: dict[str, list[Item]] = {}
        for item in dict.fromkeys(wanted):
            if item not in planned:
                new.setdefault(item.recipe, []).append(item)
        chunks = [
            tuple(items[first : first + batch])
            for items in new.values()
            for first in range(0, len(items), batch)
        ]
        return Plan((*self.chunks, *chunks))

    def unfinished(self, wanted: Sequence[Item], run: Run) -> list[tuple[Item, ...]]:
        """The chunks with a wanted item of which some picture is missing in the run."""
        asked = set(wanted)
        return [
            chunk
            for chunk in self.chunks
            if asked.intersection(chunk) and not all(is_made(item, run) for item in chunk)
        ]


def is_made(item: Item, run: Run) -> bool:
    """Whether the picture is in the run; its record is written last."""
    return run.picture_path(*item, suffix=".json").is_file()


def breadth_first(units: Mapping[str, Sequence[int]]) -> list[tuple[str, int]]:
    """Order units by rank, then by layer, so that each batch holds units of every depth.

    Batches are then alike in cost, and the first of them shows the first unit of every layer.
    ``units`` gives the units of each layer, layers in depth order, units by rank.
    """
    ranked = [
        (rank, depth, layer, unit)
        for depth, (layer, chosen) in enumerate(units.items())
        for rank, unit in enumerate(chosen)
    ]
    return [(layer, unit) for _, _, layer, unit in sorted(ranked)]
