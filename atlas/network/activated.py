"""Where the output of a convolution is, once it is normalized and activated."""

from collections.abc import Iterable

from atlas.network.places import Operation, Places
from atlas.network.stages import is_convolution, is_normalization

ACTIVATIONS = (
    *("relu", "relu6", "leakyrelu", "prelu", "rrelu", "elu", "celu", "selu", "silu", "swish"),
    *("gelu", "gelutanh", "quickgelu", "mish", "hardmish", "hardswish", "hardsigmoid", "hardtanh"),
    *("sigmoid", "tanh", "softplus", "softsign", "clamp", "clip"),
)
"""Names of activations, as modules and as functions, without underscores and in small letters."""

PASSING = ("identity", "dropout", "dropout2d")
"""What changes nothing once a network is trained."""


def activated(stage: str, stages: Iterable[str], places: Places) -> str:
    """The name of a stage's output behind the normalization and activation that follow it.

    Normalization is followed behind a convolution alone; behind a block it belongs to the next.

    Args:
        stage: a place that can be named.
        stages: of all; what lies inside the others is theirs.
        places: of the network.
    """
    others = [places.spans[other] for other in stages if other != stage]
    end = depth = places.named[stage].depth
    convolves = is_convolution(places.operations[depth])
    while (reader := _only_reader(depth, places)) is not None:
        if any(first <= reader <= last for first, last in others):
            break
        depth, operation = reader, places.operations[reader]
        kind = operation.kind.replace("_", "").lower()
        if kind in ACTIVATIONS:
            end = depth
            break
        if convolves and is_normalization(operation):
            end = depth
        elif kind not in PASSING:
            break
    return stage if end == places.named[stage].depth else _name(end, beside=stage, places=places)


def _name(depth: int, beside: str, places: Places) -> str:
    """What to call the output of an operation: as a neighbor of the stage, if it is one."""
    names = [name for name, place in places.named.items() if place.depth == depth]
    parent = beside.rpartition(".")[0]
    return min(names, key=lambda name: (name.rpartition(".")[0] != parent, len(name)))


def _only_reader(depth: int, places: Places) -> int | None:
    """The one operation that reads what another gives; none where there are several."""
    if places.operations[depth].sources is not None:
        readers = places.readers.get(depth, [])
        return readers[0] if len(readers) == 1 else None
    later = [each for each in places.operations if each > depth]
    following = min(later, default=None)
    alike = following is not None and _same_shape(places.operations[following], depth, places)
    return following if alike else None


def _same_shape(operation: Operation, depth: int, places: Places) -> bool:
    return operation.shape == places.operations[depth].shape
