"""What ``atlas layers`` prints: the default layers and why these, or every place with a name."""

from collections.abc import Sequence

from atlas.network.layer import Layer
from atlas.network.network import Network


def list_layers(network: Network, patterns: Sequence[str] | None) -> str:
    """A table of the layers that are asked for, or of the default ones, with the reason."""
    layers = network.select(patterns) if patterns else network.layers
    rows = [(layer.name, *_measures(layer)) for layer in layers]
    lines = _table(("layer", "units", "stride", "receptive field"), rows)
    if not patterns:
        lines.append(f"The {len(layers)} default layers: {network.why_default}.")
    return "\n".join(lines)


def list_places(network: Network) -> str:
    """A table of every place that can be named, in depth order; a default layer has a ``*``."""
    default = {layer.name for layer in network.layers}
    named = network.places.named
    rows = []
    for name in sorted(named, key=lambda name: (named[name].depth, len(name))):
        if len(named[name].shape or ()) not in (1, 3):
            continue
        layer = network.layer(name)
        units, *others = _measures(layer)
        positions = f"{layer.height}x{layer.width}"
        mark = "* " if name in default else "  "
        rows.append((mark + name, units, positions, *others, named[name].kind))
    head = ("  layer", "units", "positions", "stride", "receptive field", "what it is")
    lines = _table(head, rows)
    lines.append(f"* {len(default)} default layers: {network.why_default}.")
    return "\n".join(lines)


def _measures(layer: Layer) -> tuple[str, str, str]:
    """Units, stride and receptive field of a layer, as text."""
    unknown = "all" if layer.field_known else "not known"
    stride = "-" if layer.stride is None else str(layer.stride)
    field = unknown if layer.receptive_field is None else str(layer.receptive_field)
    return str(layer.units), stride, field


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns, of which the first and a fifth after the numbers are texts."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
