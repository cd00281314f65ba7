"""A trained, frozen network in inference mode, and its layers in depth order."""

import copy
import fnmatch
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

import torch
from torch import Tensor, fx, nn
from torchvision.models.feature_extraction import NodePathTracer

from atlas import arguments
from atlas.anatomy import Branch, anatomy, branches, smallest_input
from atlas.errors import AtlasError
from atlas.weights import WeightsInfo, load_model, normalization

Precision = Literal["float32", "bfloat16", "float64"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "float64")

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

GOOGLENET_LAYERS = (
    *("conv1", "maxpool1", "conv2", "conv3", "maxpool2"),
    *("inception3a", "inception3b", "maxpool3"),
    *("inception4a", "inception4b", "inception4c", "inception4d", "inception4e", "maxpool4"),
    *("inception5a", "inception5b"),
)
"""The sixteen layers whose units the article showed."""


@dataclass(frozen=True)
class Layer:
    """A named place in a network.

    Args:
        name: as torchvision's feature extraction names it.
        units: its channels.
        stride: input pixels between neighboring positions; None once positions are pooled away.
        receptive_field: side in input pixels of what one position sees; None for the whole image.
        center: row and column of the input pixel in the middle of what position (0, 0) sees.
        height, width: positions for a 224x224 image.
        rectified: whether activations are never negative.
        branches: the branches of a concatenation, else empty.
    """

    name: str
    units: int
    stride: int | None
    receptive_field: int | None
    center: tuple[float, float] | None
    height: int
    width: int
    rectified: bool
    branches: tuple[Branch, ...]


class Network:
    """A frozen CNN with its input normalization.

    Args:
        module: the trained network; traced with torch.fx, so its forward must not branch on values.
        name: what to call it.
        mean, std: per color channel, of the images it was trained on, RGB in 0..1.
        device: where it runs.
        precision: of the convolutions during maximization. Images, regularizers, ranking and
            examination are float32, or float64 when this is.
        weights: where the weights came from; derived from the tensors when not given.

    Raises:
        AtlasError: when torch.fx cannot trace the module, a weight is not finite, it takes no
            3x224x224 image, or it has no convolutional stage.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        name: str = "network",
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        device: str | torch.device = "cpu",
        precision: Precision = "float32",
        weights: WeightsInfo | None = None,
    ) -> None:
        if not isinstance(precision, str) or precision not in PRECISIONS:
            raise arguments.wrong("precision", precision, f"one of {', '.join(PRECISIONS)}")
        self.name = name
        self.device = _device(device)
        self.precision: Precision = precision
        self.dtype = torch.float64 if precision == "float64" else torch.float32
        self.convolution_dtype = getattr(torch, precision)
        self.mean = arguments.numbers("mean", mean, 3)
        self.std = arguments.numbers("std", std, 3, positive=True)
        # The copy leaves the caller's module trainable and where it was.
        frozen = copy.deepcopy(module).eval().requires_grad_(False)
        if next(frozen.parameters(), None) is None:
            raise AtlasError(f"{name} has no weights; nothing to show")
        self.graph, self.paths = _trace(frozen, name)
        self.graph.to(self.device, self.dtype)
        for key, value in self.graph.state_dict().items():
            if not value.isfinite().all():
                raise AtlasError(
                    f"{name} cannot be shown: {key!r} has NaN or infinity in it, as {self.dtype}"
                )
        # Kept on the device: made anew at each step they would be copied there each time, and the
        # host would wait.
        self._statistics = [
            torch.tensor(values, device=self.device, dtype=torch.float64).view(3, 1, 1)
            for values in (self.mean, self.std)
        ]
        self.weights = weights or _describe_weights(module)
        self._depths = {node.name: index for index, node in enumerate(self.graph.graph.nodes)}
        try:
            self._anatomy = anatomy(self.graph)
        except Exception as error:  # whatever the module's forward raises
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise AtlasError(f"{name} cannot take a 3x224x224 image ({reason})") from error
        self._modules = {part: kind for part, kind in _modules(module) if part in self.paths}
        names = _default_layers(self._modules)
        if not names:
            raise AtlasError(f"{name} has no top-level module with a convolution; nothing to show")
        self.layers = tuple(self.layer(layer) for layer in names)
        deepest = [node for node, stage in self._anatomy.items() if len(stage.shape) == 3][-1]
        self.smallest_input = smallest_input(self.graph, deepest)

    def layer(self, name: str) -> Layer:
        """Describe the layer ``name``, any node that torchvision's feature extraction can name.

        Raises AtlasError with the nearest names when there is none, or it has no channels.
        """
        node = self.node_of(name)
        stage = self._anatomy.get(node)
        if stage is None or len(stage.shape) not in (1, 3):
            raise AtlasError(f"{self.name}: the output of {name!r} has no channels to show")
        units, height, width = (*stage.shape, 1, 1)[:3]
        return Layer(
            name=name,
            units=units,
            stride=stage.field and max(stage.field.stride),
            receptive_field=stage.field and max(stage.field.size),
            center=stage.field and stage.field.center,
            height=height,
            width=width,
            rectified=stage.rectified,
            branches=branches(self.graph, node, self.paths, self._anatomy),
        )

    def select(self, patterns: Sequence[str]) -> tuple[Layer, ...]:
        """Return the layers that the names or patterns (``inception4*``) match, in depth order.

        A pattern is matched against the default layers, and against every node when it matches
        none of them. Raises AtlasError with the nearest names for one that matches nothing.
        """
        default = [layer.name for layer in self.layers]
        chosen: set[str] = set()
        for pattern in arguments.names("layers", patterns):
            if any(character in pattern for character in "*?["):
                found = fnmatch.filter(default, pattern) or fnmatch.filter(self.paths, pattern)
                if not found:
                    raise self._unknown(pattern)
                chosen.update(found)
            else:
                chosen.add(pattern)
        return tuple(map(self.layer, sorted(chosen, key=self.depth)))

    def depth(self, layer: str) -> int:
        """Position of the layer in the order of computation."""
        return self._depths[self.node_of(layer)]

    def node_of(self, layer: str) -> str:
        """Name of the graph node whose output is the layer: the last one inside the module."""
        if arguments.instance("layer", layer, str, "the name of a layer") not in self.paths:
            raise self._unknown(layer)
        return self.paths[layer]

    def units_at(self, node: str) -> int:
        """How many units the output of a graph node has."""
        return self._anatomy[node].shape[0]

    def chain(self) -> list[tuple[str, Layer]]:
        """Class name and description of the top-level modules with positions, in depth order."""
        return [
            (type(part).__name__, self.layer(name))
            for name, part in sorted(self._modules.items(), key=lambda item: self.depth(item[0]))
            if len(self._anatomy[self.paths[name]].shape) == 3
        ]

    def normalize(self, images: Tensor) -> Tensor:
        """Turn Nx3xHxW RGB in 0..1 into what the network takes."""
        mean, std = (values.to(images) for values in self._statistics)
        return (images - mean) / std

    def denormalize(self, images: Tensor) -> Tensor:
        """Undo ``normalize``; values are not clipped."""
        mean, std = (values.to(images) for values in self._statistics)
        return images * std + mean

    def _unknown(self, layer: str) -> AtlasError:
        names = list(self.paths)
        near = get_close_matches(layer, names, n=3, cutoff=0.4) or names[:3]
        return AtlasError(
            f"{self.name} has no layer {layer!r}; the nearest names are {', '.join(near)} "
            "('atlas layers' lists them)"
        )


def load_network(
    network: str | nn.Module = "googlenet",
    weights: str = "auto",
    device: str | torch.device = "cpu",
    precision: Precision = "float32",
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Network:
    """Load a network by name, or wrap a trained ``nn.Module``.

    Args:
        network: ``googlenet``, ``bvlc_googlenet``, any torchvision classification CNN, or a module.
        weights: ``auto``, ``imagenet``, ``bundled`` or a file; ignored for a module.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        precision: ``float32``, ``bfloat16`` or ``float64``.
        mean, std: the input normalization, RGB in 0..1; by default that of the weights which
            torchvision publishes for a network of this name, and ImageNet's for a module.

    Raises:
        AtlasError: when there is no such network, the weights do not fit it, or it cannot be
            traced.
    """
    published = IMAGENET_MEAN, IMAGENET_STD
    if isinstance(network, nn.Module):
        module, name, info = network, type(network).__name__.lower(), None
    else:
        name = arguments.instance("network", network, str, "a name or a torch.nn.Module")
        module, info = load_model(name, weights)
        published = normalization(name) or published
    return Network(
        module,
        name=name,
        mean=published[0] if mean is None else mean,
        std=published[1] if std is None else std,
        device=device,
        precision=precision,
        weights=info,
    )


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Keep a GPU's convolutions repeatable, and in full float32 where float32 is asked for."""
    matmul = torch.backends.cuda.matmul
    before, matmul.allow_tf32 = matmul.allow_tf32, False
    try:
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            yield
    finally:
        matmul.allow_tf32 = before


def _device(name: str | torch.device) -> torch.device:
    """The device of that name. Raises UsageError when torch knows or has none."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device).item()
    except Exception as error:  # of many kinds, for a device unknown, missing or without numbers
        reason = str(error).partition("\n")[0]
        wanted = f"one that torch can compute on ({reason})"
        raise arguments.wrong("device", name, wanted) from error
    return device


def _trace(module: nn.Module, name: str) -> tuple[fx.GraphModule, dict[str, str]]:
    """Trace the module; return the graph and, for every name a user may give, its node."""
    tracer = NodePathTracer()
    try:
        graph = tracer.trace(module)
    except Exception as error:  # fx lets whatever the module's forward raises escape
        reason = " ".join(str(error).split())
        raise AtlasError(
            f"torch.fx cannot trace {name} ({reason}); use a network without "
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


def _default_layers(modules: dict[str, nn.Module]) -> list[str]:
    """The article's layers where the network has them, else its convolutional stages."""
    if all(layer in modules for layer in GOOGLENET_LAYERS):
        return list(GOOGLENET_LAYERS)
    inside = {name: part for name, part in modules.items() if name.startswith("features.")}
    return [
        name
        for name, part in (inside or modules).items()
        if any(isinstance(piece, nn.Conv2d) for piece in part.modules())
    ]


def _describe_weights(module: nn.Module) -> WeightsInfo:
    """Identify the weights of a module by their content."""
    state: dict[str, Any] = module.state_dict()
    digest = hashlib.sha256()
    for name, value in state.items():
        digest.update(name.encode())
        # As bytes, since NumPy does not know every kind of number that torch has.
        content = value.detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(content.numpy().tobytes())
    outputs = [value.shape[0] for value in state.values() if value.ndim >= 2]
    return WeightsInfo(
        source="module",
        name=type(module).__name__,
        sha256=digest.hexdigest(),
        classes=outputs[-1] if outputs else 0,
        notice=None,
    )
