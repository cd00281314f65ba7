"""Which layers are shown where none are asked for, found by looking inside the network.

The network is a tree of modules. From the root, what computes maps is opened as long as it is a
mere row of such parts, down to the blocks in which ways part and meet again (residual, dense,
Inception), or to the convolutions themselves where a network has no blocks. A layer is the output
after normalization and activation; what comes behind the last maps is no layer.
"""

from dataclasses import dataclass

from torch import nn

from atlas.network.activated import activated
from atlas.network.places import Places
from atlas.network.stages import Stages

GOOGLENET_LAYERS = (
    *("conv1", "maxpool1", "conv2", "conv3", "maxpool2"),
    *("inception3a", "inception3b", "maxpool3"),
    *("inception4a", "inception4b", "inception4c", "inception4d", "inception4e", "maxpool4"),
    *("inception5a", "inception5b"),
)
"""The sixteen layers whose units the article showed."""

FEW, FEWEST, MOST = 4, 8, 20
"""A network of fewer stages than ``FEW`` is opened further at any price, one of fewer than
``FEWEST`` where its parts are in a row; of more than ``MOST`` some are left out."""


@dataclass(frozen=True)
class DefaultLayers:
    """The layers shown where none are asked for, in depth order, and why these."""

    names: tuple[str, ...]
    why: str


def default_layers(module: nn.Module, places: Places) -> DefaultLayers:
    """The default layers of a network; none where it computes no maps.

    Args:
        module: the network, with the names that ``places`` has.
        places: what is known of each place that can be named.
    """
    if all(hasattr(module, name) and name in places.named for name in GOOGLENET_LAYERS):
        return DefaultLayers(GOOGLENET_LAYERS, "those that the article showed")
    tree = Stages(module, places)
    stages = tree.inside("")
    blocks = tree.blocks(stages)
    stages = _opened_by_number(tree, _opened_to(tree, stages, blocks), blocks)
    names = list(dict.fromkeys(activated(stage, stages, places) for stage in stages))
    chosen = _thinned(names, places)
    some = "" if len(chosen) == len(names) else f"{len(chosen)} of {len(names)}, evenly: "
    what = "block" if blocks else "convolution or group of them"
    why = f"found by looking inside: {some}the output of every {what}, normalized and activated"
    return DefaultLayers(tuple(chosen), why)


def _opened_to(tree: Stages, stages: list[str], blocks: frozenset[str]) -> list[str]:
    """The stages, with each that has blocks inside opened down to these."""
    found = []
    for stage in stages:
        holds = stage not in blocks and any(block.startswith(f"{stage}.") for block in blocks)
        found += _opened_to(tree, tree.inside(stage), blocks) if holds else [stage]
    return found


def _opened_by_number(tree: Stages, stages: list[str], blocks: frozenset[str]) -> list[str]:
    """The stages opened level by level, where they are few or the next level is not too many."""
    while len(stages) < FEWEST or not blocks:
        opened = tree.opened(stages, closed=blocks)
        if opened == stages or (len(opened) > MOST and len(stages) >= FEWEST):
            break
        stages = opened
    while len(stages) < FEW and (opened := tree.opened(stages)) != stages:
        stages = opened
    return stages


def _thinned(names: list[str], places: Places) -> list[str]:
    """At most ``MOST`` of the layers: of each size of maps the first and last, others evenly."""
    if len(names) <= MOST:
        return names
    sizes = [(places.named[name].shape or ())[1:] for name in names]
    ends = {
        place
        for place in range(len(names))
        if place in (0, len(names) - 1)
        or sizes[place] != sizes[place - 1]
        or sizes[place] != sizes[place + 1]
    }
    others = [place for place in range(len(names)) if place not in ends]
    room = max(MOST - len(ends), 0)
    evenly = {others[(2 * i + 1) * len(others) // (2 * room)] for i in range(room)}
    return [names[place] for place in sorted(ends | evenly)]
