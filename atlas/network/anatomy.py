"""The places of a network whose outputs can be shown, found in its graph or in its parts."""

import copy
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, fx, nn

from atlas.network.functional import make_functional
from atlas.network.graph import Output, Stage, describe_nodes, outputs_of, stage_of, values_of
from atlas.network.parts import Hooks, outputs_of_parts, share
from atlas.network.sizes import Sizes
from atlas.network.trace import trace

Reach = Callable[[Tensor], tuple[Mapping[str, Output], Exception | None]]
"""From images to the outputs of the places that they reach, and what stops them there."""


@dataclass(frozen=True)
class Anatomy:
    """The places of a network: nodes of its graph, or parts of its module.

    Args:
        paths: the place of every name that a user may give.
        stages: what is known of each place with channels.
        order: position of each place in the order of computation.
        reach: how far images come.
        values: from places and images (BxCxSxS) to what they give.
        graph: what computes them; None for the plain way, which is the module itself.
        shared: nodes of the graph whose values have no axis for the batch.
    """

    paths: dict[str, str]
    stages: dict[str, Stage]
    order: dict[str, int]
    reach: Reach
    values: Callable[[Collection[str], Tensor], Mapping[str, Tensor]]
    graph: fx.GraphModule | None = None
    shared: set[str] = field(default_factory=set)

    def reached(self, images: Tensor) -> frozenset[str]:
        """The places that have an output for images (BxCxSxS)."""
        outputs, _ = self.reach(images)
        return frozenset(name for name, each in outputs.items() if 0 not in each.shape)


def in_graph(module: nn.Module, images: Tensor, others: Tensor) -> Anatomy:
    """The places in the graph of a module.

    Args:
        module: frozen; it stays as it is.
        images, others: as of ``describe_nodes``.

    Raises:
        Untraceable: when there is no graph that computes the same.
        Exception: whatever the module raises that cannot take the images.
    """
    graph, paths = trace(copy.deepcopy(module))
    make_functional(graph, images[:1])
    stages, shared = describe_nodes(graph, images, others)
    order = {node.name: place for place, node in enumerate(graph.graph.nodes)}
    reach, values = partial(outputs_of, graph), partial(values_of, graph)
    return Anatomy(paths, stages, order, reach, values, graph, shared)


def in_parts(module: nn.Module, images: Tensor, others: Tensor) -> Anatomy:
    """The places in a module that are parts of it; arguments as of ``in_graph``.

    Raises whatever the module raises that cannot take the images.
    """
    outputs, error = outputs_of_parts(module, images)
    if error:
        raise error
    elsewhere, _ = outputs_of_parts(module, others)
    found = {
        name: stage_of(output, len(images), elsewhere.get(name), len(others))
        for name, output in outputs.items()
    }
    return Anatomy(
        paths={name: name for name in outputs},
        stages={name: stage for name, stage in found.items() if stage},
        order={name: place for place, name in enumerate(outputs)},
        reach=partial(outputs_of_parts, module),
        values=lambda places, images: Hooks(share(module), [*places]).run(images),
    )


def sizes_of(anatomy: Anatomy, image: Callable[[int], Tensor], size: int) -> Sizes:
    """Which sizes of images a network takes, found out by trying them.

    Args:
        anatomy: of the network.
        image: one of a given side, in pixels.
        size: of the input.
    """
    deepest = [place for place, stage in anatomy.stages.items() if stage.has_positions][-1]
    last = max(anatomy.stages, key=anatomy.order.__getitem__)
    tried = (size // 2, size - 32, size + 32, size - 16, size + 16, size - 4, size + 4, 2 * size)
    if not any(last in anatomy.reached(image(other)) for other in tried if 0 < other != size):
        return Sizes(size, fixed=size)
    smaller = range(1, size)
    return Sizes(next((side for side in smaller if deepest in anatomy.reached(image(side))), size))
