"""The modules of a network as stages in a row: which compute maps, and which are blocks inside."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

from torch import nn
from torch.nn.modules.conv import _ConvNd

from atlas.network.places import Operation, Places, prefixes

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class Stages:
    """The modules of a network that compute maps, at any depth of its tree.

    Args:
        module: the network.
        places: of its names.
    """

    def __init__(self, module: nn.Module, places: Places) -> None:
        self.places = places
        self.modules = dict(module.named_modules())
        self.pooled = _pooled(places, self.modules)
        mapping = {
            path
            for path, part in self.modules.items()
            if isinstance(part, _ConvNd | nn.Linear) and self._computes_maps(path)
        }
        heads = {path for path in mapping if self._gives_logits(path)}
        self.computing = mapping - heads or mapping
        self.holding = {above for path in self.computing for above in prefixes(path)}
        self.inside = cache(self._inside)

    def _inside(self, path: str) -> list[str]:
        """The parts of a module that compute maps, in depth order."""
        found: list[str] = []
        for name, _ in self.modules[path].named_children():
            part = f"{path}.{name}" if path else name
            if part in self.holding:
                found += [part] if self._is_map(part) else self.inside(part)
        return sorted(found, key=lambda part: self.places.named[part].depth)

    def opened(self, stages: Iterable[str], closed: Collection[str] = ()) -> list[str]:
        """One level deeper: in place of each stage the parts inside it, where there are several."""
        found: list[str] = []
        for stage in stages:
            found += self._several(stage, closed) or [stage]
        return found

    def _several(self, stage: str, closed: Collection[str]) -> list[str]:
        parts = [] if stage in closed else self.inside(stage)
        return self._several(parts[0], closed) if len(parts) == 1 else parts

    def blocks(self, stages: Iterable[str]) -> frozenset[str]:
        """The outermost modules in or below the stages in which ways part and meet again.

        Where one module of a class is such a block, all are: the residual blocks that change the
        size of the maps have no shortcut.
        """
        branched = set(self._outermost(stages, ()))
        kinds = {type(self.modules[path]) for path in branched} - set(CONTAINERS)
        return frozenset(self._outermost(stages, tuple(kinds)))

    def _outermost(self, stages: Iterable[str], kinds: tuple[type, ...]) -> Iterable[str]:
        for stage in stages:
            parts = self.inside(stage)
            known = type(self.modules[stage]) in kinds
            if parts and (known or self._is_branched(stage, parts)):
                yield stage
            else:
                yield from self._outermost(parts, kinds)

    def _is_branched(self, path: str, parts: Sequence[str]) -> bool:
        """Whether something goes past one of the parts inside, to what comes behind it."""
        first, last = self.places.spans[path]
        ends = [self.places.named[part].depth for part in parts]
        for depth in range(first, last + 1):
            operation = self.places.operations.get(depth)
            if operation is None:
                continue
            if operation.sources is None:
                return self._looks_branched(path, parts)
            for source in operation.sources:
                if any(source < end < depth for end in ends):
                    return True
        return False

    def _looks_branched(self, path: str, parts: Sequence[str]) -> bool:
        """The same where nobody knows what is read: a module with a forward of its own.

        One whose parts have forwards of their own, over several parts, is a row of blocks.
        """
        if isinstance(self.modules[path], CONTAINERS):
            return False
        below = [part for each in parts for part in (each, *self.inside(each))]
        return not any(
            len(self.inside(each)) > 1 and not isinstance(self.modules[each], CONTAINERS)
            for each in below
        )

    def _is_map(self, path: str) -> bool:
        place = self.places.named.get(path)
        return place is not None and self._has_positions(place.depth)

    def _computes_maps(self, path: str) -> bool:
        """Whether a convolution, or linear map, is used, on maps, and gives maps."""
        if not self._is_map(path):
            return False
        sources = self.places.operations[self.places.named[path].depth].sources or ()
        return all(map(self._has_positions, sources))

    def _has_positions(self, depth: int) -> bool:
        """Whether the output of an operation is maps, of which the positions are not pooled."""
        shape = self.places.operations[depth].shape
        return shape is not None and len(shape) == 3 and depth not in self.pooled

    def _gives_logits(self, path: str) -> bool:
        """Whether it is the head: the last convolution, 1x1, of as many units as outputs."""
        part, depth = self.modules[path], self.places.named[path].depth
        if not isinstance(part, nn.Conv2d) or max(part.kernel_size) > 1:
            return False
        behind = [known for at, known in self.places.operations.items() if at > depth]
        if any(is_convolution(known) or is_normalization(known) for known in behind):
            return False
        shapes = [known.shape for known in behind if known.shape]
        return bool(shapes) and shapes[-1][0] == part.out_channels


def _pooled(places: Places, modules: Mapping[str, nn.Module]) -> set[int]:
    """Depths of the operations behind which positions are pooled away, or are behind that."""
    found: set[int] = set()
    named = {place.depth: modules[name] for name, place in places.named.items() if name in modules}
    for depth, known in sorted(places.operations.items()):
        if known.shape is None:
            continue
        single = len(known.shape) == 3 and known.shape[1:] == (1, 1)
        if known.sources is None:
            follows = single and bool(found)
        else:
            follows = bool(known.sources) and all(source in found for source in known.sources)
        if len(known.shape) == 1 or follows or (single and _pools(known, named.get(depth), places)):
            found.add(depth)
    return found


def _pools(known: Operation, module: nn.Module | None, places: Places) -> bool:
    """Whether a single position is all that is left by a pooling, or a window of the whole map."""
    if isinstance(module, nn.Conv2d):
        before = [places.operations[source].shape for source in known.sources or ()]
        return module.padding in (0, (0, 0)) and before == [
            (module.in_channels, *module.kernel_size)
        ]
    return any(word in known.kind.lower() for word in ("adaptive", "avg", "mean"))


def is_convolution(operation: Operation) -> bool:
    """Whether an operation has weights by which it mixes its inputs."""
    return operation.kind.lower().startswith(("conv", "linear")) or "Conv" in operation.kind


def is_normalization(operation: Operation) -> bool:
    """Whether an operation normalizes."""
    return "norm" in operation.kind.lower()
