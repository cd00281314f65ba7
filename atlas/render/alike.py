"""Which units of other layers answer like those that stand on the compare page."""

from collections.abc import Mapping, Sequence

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


def packed(found: Sequence[Alike], places: Mapping[str, int]) -> dict[str, dict[str, list[int]]]:
    """As a page carries it: by layer and unit, threes of layer, unit and hundredths."""
    told: dict[str, dict[str, list[int]]] = {}
    for layer, unit, other, number, correlation in found:
        row = told.setdefault(layer, {}).setdefault(str(unit), [])
        row += [places[other], number, round(100 * correlation)]
    return told
