"""The compare page of several networks, and a layer of one beside a layer of another."""

from collections.abc import Sequence
from typing import Any

from atlas.relate.responses import Responses
from atlas.relate.side_by_side import LayerPair
from atlas.render import overlay
from atlas.render.alike import alike_between
from atlas.render.blocks import Block, Owner, blocks_of
from atlas.render.charts import LogAxis
from atlas.render.compare_page import shown
from atlas.render.comparison_frame import ComparisonFrame
from atlas.render.kept import Side
from atlas.render.members import Member
from atlas.render.presets import between_networks, layers_query


def write_networks(frame: ComparisonFrame, sides: Sequence[Side], responses: Responses) -> str:
    """Write the page; return its name. ``responses`` are of all networks as of one."""
    owned = {member.folder: _blocks(member) for member in frame.members}
    blocks = [block for own in owned.values() for block in own]
    alike = alike_between(blocks, responses)
    named = {block.key: block for block in blocks}
    pairs = [
        (named[first], named[second])
        for side in sides[:1]
        for pair in side.along_depth
        if (first := _key(side.first, pair.layer)) in named
        and (second := _key(side.second, pair.other)) in named
    ]
    return frame.write(
        "compare",
        "compare.html",
        topic="Compare",
        description="Layers of one network beside layers of another, and what is most alike in "
        "them.",
        layout="comparison_base.html.j2",
        catalog=None,
        others={},
        rule="",
        **shown(blocks, alike, between_networks(pairs, alike), _axis(blocks), known=True),
    )


def beside(side: Side, pair: LayerPair) -> dict[str, Any]:
    """What the page of two layers shows of them before it shows their units in pairs."""
    blocks = [
        block
        for member, name in ((side.first, pair.layer), (side.second, pair.other))
        for block in _blocks(member)
        if block.layer.name == name
    ]
    layers = {
        side.first.name: side.first.layers[pair.layer],
        side.second.name: side.second.layers[pair.other],
    }
    means = {name: [row.mean for row in layer.table] for name, layer in layers.items()}
    axis = LogAxis.over([mean for own in means.values() for mean in own])
    return {
        "blocks": blocks,
        "query": layers_query(*blocks),
        "chart": overlay.overlay(means, axis, "How many units of each have which mean activation"),
        "charted": list(means),
        "sign": overlay.sign,
    }


def _blocks(member: Member) -> list[Block]:
    return blocks_of(member.catalog, None, Owner(member.name, member.folder))


def _key(member: Member, layer: str) -> str:
    return f"{member.folder}/{layer}"


def _axis(blocks: Sequence[Block]) -> LogAxis:
    return LogAxis.over([mean for block in blocks for mean in block.means])
