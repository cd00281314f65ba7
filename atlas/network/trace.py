"""From a module to its graph, and to the names of the places in it."""

from torch import fx, nn
from torchvision.models.feature_extraction import NodePathTracer

from atlas.errors import AtlasError, reason_of


def _trace(module: nn.Module, name: str) -> tuple[fx.GraphModule, dict[str, str]]:
    """Trace the module; return the graph and, for every name a user may give, its node."""
    tracer = NodePathTracer()
    try:
        graph = tracer.trace(module)
    except Exception as error:  # fx lets whatever the module's forward raises escape
        raise AtlasError(
            f"torch.fx cannot trace {name} ({reason_of(error)}); use a network without "
            "data-dependent control flow"
        ) from error
    paths: dict[str, str] = {}
    for node in graph.nodes:
        if node.op in ("placeholder", "output", "get_attr"):
            continue
        parts = tracer.node_to_qualname[node].split(".")
        for length in range(1, len(parts) + 1):
            paths[".".join(parts[:length])] = node.name
    return fx.GraphModule(module, graph), paths


def _modules(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """The network's top-level modules by name; those of ``features`` where it has such a part."""
    found = []
    for name, child in module.named_children():
        if name == "features":
            found += [(f"features.{inner}", part) for inner, part in child.named_children()]
        else:
            found.append((name, child))
    return found
