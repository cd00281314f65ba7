"""Which units of other layers answer like those that stand on the compare page."""

from collections.abc import Sequence

from atlas.relate.across import Alike, across
from atlas.relate.responses import Responses
from atlas.render.blocks import Block
from atlas.run.folder import Run
from atlas.run.responses import read_responses


def responses_of(run: Run) -> Responses | None:
    """What every unit answers to the probe images; None of a run without relatives."""
    if not (run.has("relatives.csv") and run.has("responses.npy")):
        return None
    return read_responses(run)


def alike_between(blocks: Sequence[Block], responses: Responses | None) -> list[Alike]:
    """For each unit shown, the most alike of every other layer, among those that have a face.

    Args:
        blocks: the layers, by whose keys ``responses`` calls them.
        responses: of all units; without them nothing is known.
    """
    if responses is None:
        return []
    there = [block for block in blocks if block.key in responses.units]
    shown = {block.key: [unit.number for unit in block.layer.shown] for block in there}
    faces = {block.key: _faces(block) for block in there}
    return across(responses, shown, faces)


def _faces(block: Block) -> list[int]:
    """The units of a layer that can be shown: by a picture or by a tile, those shown first."""
    shown = [unit.number for unit in block.layer.shown]
    return [*shown, *sorted(block.layer.tiles.keys() - set(shown))]


def packed(found: Sequence[Alike], layers: Sequence[str]) -> dict[str, dict[str, str]]:
    """As a page carries it, by layer and unit: pairs of unit and hundredths for each layer.

    Of ``layers``, in their order, parted by semicolons: a page has thousands of these.
    """
    known: dict[tuple[str, int], dict[str, list[str]]] = {}
    for layer, unit, other, number, correlation in found:
        row = known.setdefault((layer, unit), {}).setdefault(other, [])
        row += [str(number), str(round(100 * correlation))]
    told: dict[str, dict[str, str]] = {}
    for (layer, unit), rows in known.items():
        text = ";".join(" ".join(rows.get(other, [])) for other in layers)
        told.setdefault(layer, {})[str(unit)] = text.rstrip(";")
    return told
