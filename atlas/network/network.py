"""A trained, frozen network in inference mode, and its layers in depth order."""

import copy
import fnmatch
import hashlib
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from atlas._system import arguments
from atlas.errors import AtlasError
from atlas.network.branches import branches
from atlas.network.default_layers import default_layers
from atlas.network.graph import anatomy, smallest_input
from atlas.network.imagenet import IMAGENET_MEAN, IMAGENET_STD
from atlas.network.layer import Layer
from atlas.network.places import find_places
from atlas.network.precision import PRECISIONS, Precision
from atlas.network.sizes import Sizes
from atlas.network.trace import _modules, _trace
from atlas.network.weights import WeightsInfo
from atlas.probe.size import PROBE_SIZE


class Network:
    """A frozen CNN with its input normalization.

    Args:
        module: the trained network; traced with torch.fx, so its forward must not branch on values.
        name: what to call it.
        input: channels, height and width in pixels of the images it was trained on.
        mean, std: per channel, of the images it was trained on, in 0..1; RGB where there are three.
            By default those of ImageNet for three channels, and 0 and 1 for any other number.
        device: where it runs.
        precision: of the convolutions during maximization. Images, regularizers, ranking and
            examination are float32, or float64 when this is.
        weights: where the weights came from; derived from the tensors when not given.

    Raises:
        AtlasError: when torch.fx cannot trace the module, a weight is not finite, it takes no
            image of the input's shape, or it has no convolutional stage.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        name: str = "network",
        input: Sequence[int] = (3, PROBE_SIZE, PROBE_SIZE),
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
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
        self.channels, self.input_size = _input(input)
        published = (IMAGENET_MEAN, IMAGENET_STD) if self.channels == 3 else None
        plain = (0.0,) * self.channels, (1.0,) * self.channels
        mean = (published or plain)[0] if mean is None else mean
        std = (published or plain)[1] if std is None else std
        self.mean = arguments.numbers("mean", mean, self.channels)
        self.std = arguments.numbers("std", std, self.channels, positive=True)
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
            torch.tensor(values, device=self.device, dtype=torch.float64).view(-1, 1, 1)
            for values in (self.mean, self.std)
        ]
        self.weights = weights or describe_weights(module)
        self._depths = {node.name: index for index, node in enumerate(self.graph.graph.nodes)}
        try:
            self._anatomy = anatomy(self.graph, self.channels, self.input_size)
        except Exception as error:  # whatever the module's forward raises
            reason = str(error).partition("\n")[0] or type(error).__name__
            image = f"{self.channels}x{self.input_size}x{self.input_size}"
            raise AtlasError(f"{name} cannot take a {image} image ({reason})") from error
        self._modules = {part: kind for part, kind in _modules(module) if part in self.paths}
        self.places = find_places(module, self.graph, self.paths, self._anatomy)
        chosen = default_layers(module, self.places)
        if not chosen.names:
            raise AtlasError(f"{name} has no convolution that makes maps; nothing to show")
        self.layers = tuple(self.layer(layer) for layer in chosen.names)
        self.why_default = chosen.why
        deepest = [node for node, stage in self._anatomy.items() if len(stage.shape) == 3][-1]
        smallest = smallest_input(self.graph, deepest, self.channels, self.input_size)
        self.sizes = Sizes(smallest)

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
        """Kind and description of the parts to draw, in depth order.

        They are the top-level modules with positions, or the default layers where these are others.
        """
        names = [
            name
            for name in sorted(self._modules, key=self.depth)
            if len(self._anatomy[self.paths[name]].shape) == 3
        ]
        if not all(layer.name in names for layer in self.layers):
            names = [layer.name for layer in self.layers]
        return [(self.places.named[name].kind, self.layer(name)) for name in names]

    @property
    def smallest_input(self) -> int:
        """Side in pixels of the smallest image that the network takes."""
        return self.sizes.smallest

    def seen_size(self, layer: str, size: int) -> int:
        """Side to which an image of ``size`` pixels is enlarged for a layer that takes none such.

        Raises AtlasError where the layer takes no image of that size, and none that is larger.
        """
        self.node_of(layer)
        return size

    def normalize(self, images: Tensor) -> Tensor:
        """Turn NxCxHxW images in 0..1 into what the network takes."""
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


def _input(shape: Sequence[int]) -> tuple[int, int]:
    """Channels and side of the images. Raises UsageError for a shape that is not CxSxS."""
    if len(shape) != 3 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise arguments.wrong("input", shape, "channels, height and width, such as (3, 224, 224)")
    channels, height, width = shape
    if height != width:
        raise arguments.wrong("input", shape, "square: pictures of units are")
    return channels, height


def _device(name: str | torch.device) -> torch.device:
    """The device of that name. Raises UsageError if torch does not know it or it is missing."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device).item()
    except Exception as error:  # of many kinds, for a device unknown, missing or without numbers
        reason = str(error).partition("\n")[0]
        wanted = f"one that torch can compute on ({reason})"
        raise arguments.wrong("device", name, wanted) from error
    return device


def describe_weights(module: nn.Module) -> WeightsInfo:
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
