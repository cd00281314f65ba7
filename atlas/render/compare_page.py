"""The compare page: layers, units, recipes and networks side by side."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from atlas.relate.across import Alike
from atlas.render import overlay
from atlas.render.alike import packed
from atlas.render.blocks import Block
from atlas.render.catalog import Catalog
from atlas.render.charts import LogAxis
from atlas.render.descent import is_known
from atlas.render.first_shown import RULE, exceptions, first_of_all
from atlas.render.frame import Frame
from atlas.render.presets import Preset, presets

ABREAST = 4
"""Columns that stand beside each other on a desk; of more, the page scrolls sideways."""


def write_compare(
    frame: Frame, blocks: Sequence[Block], alike: Sequence[Alike], axis: LogAxis, known: bool
) -> str:
    """Write the page of a single network; return its name.

    Args:
        frame: of its site.
        blocks: its layers.
        alike: their units that answer alike.
        axis: of mean activation.
        known: whether the run knows what answers alike.
    """
    catalog = frame.catalog
    recipes = made(catalog, blocks)
    layers = [block.layer for block in blocks]
    way = "From edges to animals" if is_known(catalog) else "From the first layer to the last"
    return frame.write(
        "compare",
        "compare.html",
        recipes=recipes,
        first=first_of_all(layers, recipes),
        topic="Compare",
        description="Layers of the network side by side, what is most alike in them, and units "
        "against units.",
        layout="base.html.j2",
        others=exceptions(layers, recipes),
        rule=RULE,
        **shown(blocks, alike, presets(blocks, alike, recipes, way), axis, known),
    )


def made(catalog: Catalog, blocks: Sequence[Block]) -> list[str]:
    """The recipes by which any of the pictures is made, in the order of the site."""
    return [name for name in catalog.recipes if any(name in block.recipes for block in blocks)]


def shown(
    blocks: Sequence[Block],
    alike: Sequence[Alike],
    offered: Sequence[Preset],
    axis: LogAxis,
    known: bool,
) -> dict[str, Any]:
    """What the template shows, of one network or of several."""
    return {
        "blocks": blocks,
        "networks": [(name, list(own)) for name, own in groupby(blocks, lambda x: x.network)],
        "presets": offered,
        "chart": overlay.overlay(
            {block.key: block.means for block in blocks},
            axis,
            "How many units of each layer have which mean activation",
        ),
        "sign": overlay.sign,
        "known": known,
        "compare_data": {
            "blocks": [_told(block) for block in blocks],
            "alike": packed(alike, [block.key for block in blocks]),
            "signs": overlay.SIGNS,
            "abreast": ABREAST,
        },
    }


def _told(block: Block) -> list[Any]:
    """Of a block what the script has to know beside what is there to be read.

    Key, short name, network, how links into its site begin, the layer's folder, its page, and its
    units with a page.
    """
    return [
        block.key,
        block.short,
        block.network,
        block.within,
        quote(block.layer.slug),
        quote(block.layer.href),
        [unit.number for unit in block.layer.pictured],
    ]
