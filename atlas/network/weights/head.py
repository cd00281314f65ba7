"""The head of a network: the layers behind its last convolution, which no picture depends on."""

from torch import nn


def head_names(module: nn.Module) -> dict[str, bool]:
    """Names of the tensors of the fully connected layers that come last in a module.

    Where the last layer is a 1×1 convolution, as in SqueezeNet, it is the head, if a file has it
    for other classes; it may as well be a layer to show. A module of nothing but fully connected
    layers has no head: something of it must be in a file.

    Returns:
        For each name whether a file can be without it.
    """
    prefixes = dict.fromkeys(name.rpartition(".")[0] for name in module.state_dict())
    layers = [(prefix, module.get_submodule(prefix)) for prefix in prefixes]
    head: list[tuple[str, nn.Module]] = []
    for prefix, part in reversed(layers):
        if not isinstance(part, nn.Linear):
            break
        head.append((prefix, part))
    absent = bool(head)
    if not head and layers and _is_pointwise(layers[-1][1]):
        head = layers[-1:]
    if len(head) == len(layers):
        return {}
    return {
        f"{prefix}.{name}": absent
        for prefix, part in head
        for name in part.state_dict()  # of a layer, which has no layers within
    }


def _is_pointwise(part: nn.Module) -> bool:
    return isinstance(part, nn.Conv2d) and part.kernel_size == (1, 1)
