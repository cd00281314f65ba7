"""The groups of related units on a page: relatives by layer, connections by direction and sign."""

from collections.abc import Sequence

from atlas.relate import neighbors
from atlas.render.catalog import Catalog
from atlas.render.picture import SMALL
from atlas.render.relations import Connection, Face, Group, Relative
from atlas.render.svg import number
from atlas.render.units import Layer, Unit

SOURCES = {"images": "its strongest images", "picture": "its own picture"}
"""On what connections are measured."""


class Related:
    """Finds the faces of what the units of a site are related to."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._layers = {layer.name: layer for layer in catalog.layers}
        self._pools = {layer.name: layer.pools for layer in catalog.layers if layer.pools}

    def twins(self, unit: Unit) -> list[Face]:
        """The same channel before a pooling, or after one."""
        own = neighbors.origin(unit.layer.name, self._pools)
        same = [name for name in self._layers if neighbors.origin(name, self._pools) == own]
        return [self._face(name, unit.number, "") for name in same if name != unit.layer.name]

    def relatives(self, unit: Unit) -> list[Group]:
        """The relatives by where they are, in the order of depth."""
        names = list(self._layers)
        layers = {
            "before": neighbors.before(unit.layer.name, names, self._pools),
            "same": unit.layer.name,
            "after": neighbors.after(unit.layer.name, names, self._pools),
        }
        groups = [
            Group(self._layers[layer].short, self._relatives(unit, kind))
            for kind, layer in layers.items()
            if layer
        ]
        groups.append(Group("all layers", self._relatives(unit, "any")))
        return [group for group in groups if group.faces]

    def connections(self, unit: Unit) -> list[tuple[str, list[Group]]]:
        """By what they are measured on: what it reads from and feeds, and the classes."""
        found = []
        for source, words in SOURCES.items():
            groups = [
                Group(title, [self._connected(row) for row in rows])
                for kind, sign, title in (
                    ("reads", 1, "Excited by"),
                    ("reads", -1, "Inhibited by"),
                    ("feeds", 1, "Excites"),
                    ("feeds", -1, "Inhibits"),
                    ("argues", 1, "Argues for"),
                    ("argues", -1, "Argues against"),
                )
                if (rows := unit.relations.of_sign(source, kind, sign))
            ]
            if groups:
                found.append((words, groups))
        return found

    def _relatives(self, unit: Unit, kind: str) -> list[Face]:
        rows: Sequence[Relative] = unit.relations.relatives.get(kind, [])
        return [self._face(row.layer, row.unit, number(row.correlation, 2)) for row in rows]

    def _connected(self, row: Connection) -> Face:
        if row.layer not in self._layers:
            name = self._catalog.class_name(row.unit) or f"output {row.unit}"
            return Face(name, signed(row.contribution))
        value = signed(row.contribution) if row.share is None else part(row.share)
        return self._face(row.layer, row.unit, value)

    def _face(self, name: str, unit: int, value: str) -> Face:
        layer: Layer = self._layers[name]
        title = f"{layer.short} {unit}"
        if unit in layer.by_number:
            pictured = layer.by_number[unit]
            side = min(pictured.picture.size, SMALL)
            return Face(title, value, pictured.picture.thumbnail, side, pictured.href)
        if unit in layer.tiles:
            return Face(title, value, layer.tile(unit), self._catalog.tile_side, layer.href)
        return Face(title, value, href=layer.href)


def part(share: float) -> str:
    """A share of a response, with its sign; small ones with more digits."""
    digits = 0 if abs(share) >= 0.01 else 1 if abs(share) >= 0.001 else 2
    return f"{100 * share:+.{digits}f} %".replace("-", "−")


def signed(value: float) -> str:
    """A number with its sign."""
    return ("+" if value > 0 else "") + number(value, 2)
