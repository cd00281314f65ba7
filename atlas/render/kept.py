"""What one network has of another, layer by layer: figures, and the sentences that say them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import NamedTuple

import numpy as np

from atlas.examine.intervals import Range, estimate
from atlas.relate.matching import Best
from atlas.relate.side_by_side import LayerPair, SideBySide
from atlas.render.depth_chart import REFERENCE, Series
from atlas.render.members import Member


class Kept(NamedTuple):
    """How much a layer finds in another.

    Args:
        mean: of the correlations of its units with their best matches.
        share: of its units with a counterpart; None where it has no unit that answers.
        limit: the correlation that one in a hundred best matches exceeds by chance.
    """

    mean: Range
    share: float | None
    limit: float

    @classmethod
    def of(cls, best: Best) -> "Kept":
        """Over the units that do not answer all images alike."""
        active = best.active.sum()
        share = best.found.sum() / active if active else None
        mean = estimate(best.correlation[best.active].tolist())
        return cls(mean, None if share is None else float(share), best.limit)


@dataclass(frozen=True)
class Side:
    """Two networks of a comparison, and what was found between them."""

    first: Member
    second: Member
    found: SideBySide

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first.name} and {self.second.name}"

    @cached_property
    def same_layers(self) -> bool:
        """Whether both have layers of the same names and widths, as checkpoints of one have."""
        return list(self.found.layers.items()) == list(self.found.others.items())

    @cached_property
    def along_depth(self) -> list[LayerPair]:
        """For each layer of the first the one it is followed in: of its name, or the most alike."""
        pairs = {(pair.layer, pair.other): pair for pair in self.found.pairs}
        others = list(self.found.others)
        return [
            pairs[name, name if self.same_layers else others[self.most_alike(row)]]
            for row, name in enumerate(self.found.layers)
        ]

    def most_alike(self, row: int) -> int:
        """Which layer of the second aligns best with a layer of the first."""
        values = self.found.alignment[row]
        return int(np.where(np.isnan(values), -np.inf, values).argmax())

    def series(self) -> list[Series]:
        """Along the depth of the first network: alignment, best matches, and these by chance."""
        kept = [Kept.of(pair.matching.forth) for pair in self.along_depth]
        aligned = [Range(_known(pair.alignment)) for pair in self.along_depth]
        return [
            Series("CKA of the layers", aligned, 0),
            Series("correlation of best matches", [each.mean for each in kept], 1),
            Series("best matches by chance", [Range(each.limit) for each in kept], REFERENCE),
        ]

    def alignment_said(self) -> str:
        """What the heat map shows, in a sentence or two."""
        first, second = self.first.name, self.second.name
        known = [pair for pair in self.along_depth if _known(pair.alignment) is not None]
        if not known:
            return "No layer answers to these images in a way that could be compared."
        if self.same_layers:
            own = sum(self.most_alike(row) == row for row in range(len(self.found.layers)))
            most, are = len(self.found.layers), "is" if own == 1 else "are"
            begin = (
                f"{own} of {most} layers of {first} {are} most alike to the layer "
                f"of the same name in {second}; with that they align at "
                f"{_number(fmean(pair.alignment for pair in known))} on average"
            )
        else:
            deeper = _in_order([self.most_alike(row) for row in range(len(self.found.layers))])
            begin = (
                f"Each layer of {first} with the one of {second} that is most alike: "
                f"{_number(fmean(pair.alignment for pair in known))} on average"
                + (f"; the deeper the one, the deeper the other (ρ {deeper:.2f})" if deeper else "")
            )
        return f"{begin}. {self._extremes(known, lambda pair: pair.alignment)}"

    def kept_said(self) -> str:
        """How much of the first network is found in the second, unit by unit, in a sentence."""
        known = [
            (pair, kept)
            for pair in self.along_depth
            if (kept := Kept.of(pair.matching.forth)).share is not None
        ]
        if not known:
            return ""
        where = "the layer of the same name" if self.same_layers else "the most alike layer"
        found = sum(int(pair.matching.forth.found.sum()) for pair, _ in known)
        active = sum(int(pair.matching.forth.active.sum()) for pair, _ in known)
        middle = {pair.layer: kept.mean.middle or 0.0 for pair, kept in known}
        return (
            f"{found} of {active} units of {self.first.name} have a counterpart in {where} of "
            f"{self.second.name}, better than chance. "
            + self._extremes(
                [pair for pair, _ in known],
                lambda pair: middle[pair.layer],
                "Their best matches correlate most",
            )
        )

    def _extremes(
        self,
        pairs: Sequence[LayerPair],
        value: Callable[[LayerPair], float],
        begin: str = "Most of all",
    ) -> str:
        most, least = max(pairs, key=value), min(pairs, key=value)
        if value(most) - value(least) < 0.005:
            return "It is the same in all layers." if len(pairs) > 1 else ""
        return (
            f"{begin} in {self._both(most)} ({_number(value(most))}), least in "
            f"{self._both(least)} ({_number(value(least))})."
        )

    def _both(self, pair: LayerPair) -> str:
        layer = self.first.layers[pair.layer].short
        return layer if self.same_layers else f"{layer} with {self.second.layers[pair.other].short}"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _in_order(places: Sequence[int]) -> float | None:
    """Spearman's rank correlation with 0, 1, 2 ...; None for fewer than four, or all alike."""
    if len(places) < 4 or len(set(places)) == 1:
        return None
    values = np.asarray(places)
    ranks = (values[:, None] > values).sum(1) + ((values[:, None] == values).sum(1) - 1) / 2
    return float(np.corrcoef(ranks, np.arange(len(places)))[0, 1])
