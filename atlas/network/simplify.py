"""Rewrite the graph of a frozen network so that it computes the same layers with less work."""

import copy
from collections import Counter

import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

FEW_CHANNELS = 4
"""Up to how many input channels a strided convolution is done on phases: those of an image."""


def simplify(graph: fx.GraphModule, layers: set[str]) -> None:
    """Keep what the layers need, and compute that in fewer and faster steps.

    Args:
        graph: rewritten in place; it overwrites no tensor, and is of a network in inference mode.
        layers: names of the nodes whose values must stay what they are, up to rounding.
    """
    keep_only(graph.graph, layers)
    fold_batch_norm(graph, layers)
    split_strides(graph)


def keep_only(graph: fx.Graph, layers: set[str]) -> None:
    """Remove every node that no layer depends on."""
    for node in reversed(list(graph.nodes)):
        if node.op == "output" or (
            node.op != "placeholder" and not node.users and node.name not in layers
        ):
            graph.erase_node(node)


def fold_batch_norm(graph: fx.GraphModule, layers: set[str]) -> None:
    """Fold each batch norm into the convolution it directly follows; exact, in float64."""
    calls = Counter(node.target for node in graph.graph.nodes)
    for node in list(graph.graph.nodes):
        if node.op != "call_module" or node.name in layers:
            continue
        source = node.all_input_nodes[0]  # not args[0]: a forward may call it by keyword
        if source.op != "call_module" or source.name in layers:
            continue
        if len(source.users) > 1 or calls[source.target] > 1:
            continue
        convolution = graph.get_submodule(source.target)
        norm = graph.get_submodule(node.target)
        if not isinstance(convolution, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
            continue
        if norm.running_mean is not None:  # else it uses the statistics of the batch
            # The copy is for a norm that is called elsewhere too.
            norm = copy.deepcopy(norm).double().eval()
            folded = fuse_conv_bn_eval(convolution.double().eval(), norm)
            _replace_module(graph, source.target, folded)
            node.replace_all_uses_with(source)
            graph.graph.erase_node(node)


def _replace_module(graph: fx.GraphModule, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(graph.get_submodule(parent), name, module)


def split_strides(graph: fx.GraphModule) -> None:
    """Do the strided convolutions of an image as dense ones, on its phases."""
    for path, module in list(graph.named_modules()):
        if isinstance(module, nn.Conv2d) and PhaseConv2d.suits(module):
            _replace_module(graph, path, PhaseConv2d(module))


class PhaseConv2d(nn.Module):
    """A strided convolution, done as one of stride 1 over the phases of its input.

    Every s-th pixel in each direction is a phase; the s*s phases of a channel become channels.
    The sums are the same, but where the input has few channels the gradient with respect to it
    is two to three times faster.

    Args:
        convolution: with the same stride, padding and odd or even kernel in both directions.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        (self.kernel, _), (self.stride, _) = convolution.kernel_size, convolution.stride
        self.padding = int(convolution.padding[0])
        self.reach = -(-self.kernel // self.stride)  # of the kernel, in pixels of a phase
        extra = self.reach * self.stride - self.kernel
        weight = F.pixel_unshuffle(F.pad(convolution.weight, (0, extra, 0, extra)), self.stride)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = convolution.bias

    @staticmethod
    def suits(convolution: nn.Conv2d) -> bool:
        """Whether a convolution can be done on phases, and is faster so."""
        return (
            convolution.in_channels <= FEW_CHANNELS
            and convolution.groups == 1
            and convolution.dilation == (1, 1)
            and convolution.stride[0] == convolution.stride[1] > 1
            and convolution.kernel_size[0] == convolution.kernel_size[1]
            and convolution.padding_mode == "zeros"
            and not isinstance(convolution.padding, str)
            and convolution.padding[0] == convolution.padding[1]
        )

    def forward(self, images: Tensor) -> Tensor:
        """Convolve images: BxCxHxW to what the strided convolution gives, up to rounding."""
        right, below = (self._far_padding(side) for side in (images.shape[3], images.shape[2]))
        padded = F.pad(images, (self.padding, right, self.padding, below))
        return F.conv2d(F.pixel_unshuffle(padded, self.stride), self.weight, self.bias)

    def _far_padding(self, side: int) -> int:
        """Pixels that a side needs at its end for whole phases; below 0 if some were never read."""
        out = (side + 2 * self.padding - self.kernel) // self.stride + 1
        return self.stride * (out + self.reach - 1) - self.padding - side
