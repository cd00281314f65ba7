"""The pages of a comparison, above the sites of the networks that it is of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from atlas._system.filenames import slug
from atlas.relate.responses import Responses
from atlas.relate.side_by_side import LayerPair
from atlas.render.compare_networks import beside, write_networks
from atlas.render.comparison_frame import ComparisonFrame
from atlas.render.counterparts import assigned, mutual, ways, whole_ways
from atlas.render.depth_chart import along_depth
from atlas.render.heat_map import heat_map
from atlas.render.kept import Kept, Side

MOST_COUPLES = 48
"""How many pairs of units stand on a page with their pictures."""


class Row(NamedTuple):
    """A pair of layers in the table of what was kept."""

    layer: str
    other: str
    href: str
    alignment: float
    forth: Kept
    back: Kept
    mutual: int


@dataclass
class ComparisonPages:
    """Writes all pages of one comparison.

    Args:
        frame: writes each of them.
        sides: every two networks that are held against each other.
        responses: of all of them as of one.
    """

    frame: ComparisonFrame
    sides: Sequence[Side]
    responses: Responses

    def write(self) -> None:
        """Write every page, and the sitemap where the address is known."""
        written = [self._index(), write_networks(self.frame, self.sides, self.responses)]
        for side in self.sides:
            written.append(self._only_here(side))
            pairs = side.found.pairs
            around = zip([None, *pairs], pairs, [*pairs[1:], None], strict=False)
            written += [self._pair(side, pair, before, after) for before, pair, after in around]
        self.frame.write_not_found()
        self.frame.write_sitemap(written)

    def _index(self) -> str:
        return self.frame.write(
            "comparison",
            "index.html",
            description=f"{self.frame.title}: which layers and which units answer to the same "
            "images alike, and what only one of them has.",
            sections=[self._section(side) for side in self.sides],
        )

    def _section(self, side: Side) -> dict[str, Any]:
        """What the first page says of two networks."""
        found = side.found
        layers, others = list(found.layers), list(found.others)
        rows = [side.first.layers[name].short for name in layers]
        columns = [side.second.layers[name].short for name in others]
        links = {
            (layers.index(pair.layer), others.index(pair.other)): quote(_page(side, pair))
            for pair in found.pairs
        }
        return {
            "side": side,
            "heat_map": heat_map(
                found.alignment,
                rows,
                columns,
                f"Alignment of the layers of {side.first.name}, in rows, with those of "
                f"{side.second.name}, in columns",
                links=links,
                outlined={(row, side.most_alike(row)) for row in range(len(rows))},
            ),
            "chart": along_depth(
                rows,
                side.series(),
                f"What of {side.first.name} is found in {side.second.name}, by layer",
            ),
            "rows": [_row(side, pair) for pair in found.pairs],
            "only_here": _only_here_page(side),
            "ways": whole_ways(side),
        }

    def _pair(
        self, side: Side, pair: LayerPair, before: LayerPair | None, after: LayerPair | None
    ) -> str:
        couples = mutual(side, pair)
        pictured = [couple for couple in couples if couple.first.image or couple.second.image]
        given = assigned(side, pair)
        return self.frame.write(
            "comparison_pair",
            _page(side, pair),
            topic=_names(side, pair),
            description=f"The units of {pair.layer} in {side.first.name} and of {pair.other} in "
            f"{side.second.name} that answer to the same images alike, side by side.",
            before=before and _page(side, before),
            after=after and _page(side, after),
            before_name=before and _names(side, before),
            after_name=after and _names(side, after),
            side=side,
            pair=pair,
            **beside(side, pair),
            mutual=couples,
            couples=(pictured or couples)[:MOST_COUPLES],
            assigned=given,
            kept_number=sum(couple.first.number == couple.second.number for couple in given),
            ways=ways(side, pair),
        )

    def _only_here(self, side: Side) -> str:
        return self.frame.write(
            "comparison_only",
            _only_here_page(side),
            topic="Only here",
            description=f"The units of {side.name} that have no counterpart in the other.",
            side=side,
            ways=whole_ways(side),
        )


def _page(side: Side, pair: LayerPair) -> str:
    """The page of a pair of layers."""
    layer, other = slug(pair.layer, "layer"), slug(pair.other, "layer")
    return f"pairs/{side.first.folder}/{side.second.folder}/{layer}/{other}.html"


def _names(side: Side, pair: LayerPair) -> str:
    """Both layers, in short."""
    first, second = side.first.layers[pair.layer], side.second.layers[pair.other]
    return f"{first.short} and {second.short}"


def _only_here_page(side: Side) -> str:
    return f"only-here/{side.first.folder}/{side.second.folder}.html"


def _row(side: Side, pair: LayerPair) -> Row:
    return Row(
        side.first.layers[pair.layer].name,
        side.second.layers[pair.other].name,
        _page(side, pair),
        pair.alignment,
        Kept.of(pair.matching.forth),
        Kept.of(pair.matching.back),
        len(pair.matching.mutual),
    )
