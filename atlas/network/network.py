"""A trained, frozen network in inference mode, and its layers in depth order."""

import fnmatch
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial

import torch
from torch import Tensor, fx, nn

from atlas._system import arguments
from atlas.errors import AtlasError
from atlas.network.anatomy import in_graph, in_parts, sizes_of
from atlas.network.branches import branches
from atlas.network.default_layers import default_layers
from atlas.network.device import as_device
from atlas.network.frozen import frozen
from atlas.network.graph import Stage
from atlas.network.layer import Layer
from atlas.network.layout import Layout
from atlas.network.measured_field import measured_field
from atlas.network.normalization import Normalization, input_shape
from atlas.network.places import find_places
from atlas.network.precision import PRECISIONS, Precision
from atlas.network.receptive_field import Extent, Field
from atlas.network.trace import Untraceable, top_level
from atlas.network.weights.named import WeightsInfo, describe_module
from atlas.probe.size import PROBE_SIZE

MOST_ENLARGED = 129
"""A picture is enlarged by fewer pixels than this for a network that does not take its size."""


class Network:
    """A frozen CNN with its input normalization.

    Args:
        module: the trained network; what is wrapped around it by torch.compile or DataParallel is
            taken off. Where torch.fx can trace it, images leave it early; else it is computed
            whole, which is slower, and ``remarks`` say so.
        name: what to call it.
        input: channels, height and width in pixels of the images it was trained on.
        mean, std: per channel, of the images it was trained on, in 0..1; RGB where there are three.
            By default those of ImageNet for three channels, and 0 and 1 for any other number.
        device: where it runs.
        precision: of the convolutions during maximization. Images, regularizers, ranking and
            examination are float32, or float64 when this is.
        weights: where the weights came from; derived from the tensors when not given.

    Raises:
        AtlasError: when a weight is not finite, it takes no image of the input's shape, or it has
            no convolutional stage.
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
        self.device = as_device(device)
        self.precision: Precision = precision
        self.dtype = torch.float64 if precision == "float64" else torch.float32
        self.convolution_dtype = getattr(torch, precision)
        self.channels, self.input_size = input_shape(input)
        normalization = Normalization(self.channels, mean, std, self.device)
        self.mean, self.std = normalization.mean, normalization.std
        self.normalize, self.denormalize = normalization.normalize, normalization.denormalize
        self.module = frozen(module, name).to(self.device, self.dtype)
        for key, value in self.module.state_dict().items():
            if not value.isfinite().all():
                raise AtlasError(
                    f"{name} cannot be shown: {key!r} has NaN or infinity in it, as {self.dtype}"
                )
        self.weights = weights or describe_module(module)
        self.remarks: list[str] = []
        self.faithful: set[str] = set()
        self._fields: dict[str, Field] = {}
        self._reached: dict[int, frozenset[str]] = {}
        try:
            self._anatomy = in_graph(self.module, *self._samples())
        except Untraceable as reason:
            self.take_plain_way(str(reason))
        except Exception as error:  # whatever the module's forward raises
            raise self._refused(error) from error
        else:
            self._find_layers()

    def _samples(self) -> tuple[Tensor, Tensor]:
        """Noise of the input's size, and as much more of a smaller one, to look into places by."""
        generator = torch.Generator().manual_seed(0)
        smaller = self.input_size - max(self.input_size // 4 // 32 * 32, 4)
        shapes = ((2, self.input_size), (3, max(smaller, 1)))
        images, others = (
            torch.randn(count, self.channels, size, size, generator=generator).to(
                self.device, self.dtype
            )
            for count, size in shapes
        )
        return images, others

    def take_plain_way(self, reason: str) -> None:
        """Compute the whole module for every image from now on, and listen to its parts."""
        try:
            self._anatomy = in_parts(self.module, *self._samples())
        except Exception as error:  # whatever the module's forward raises
            raise self._refused(error) from error
        self.remarks.append(
            f"{self.name} is computed whole for every picture, which is slower: {reason}"
        )
        self.faithful.clear()
        self._fields.clear()
        self._reached.clear()
        self._find_layers()

    def _refused(self, error: Exception) -> AtlasError:
        image = f"{self.channels}x{self.input_size}x{self.input_size}"
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return AtlasError(
            f"{self.name} cannot take a {image} image ({reason}); say what it takes with "
            "--input CxHxW"
        )

    def _find_layers(self) -> None:
        """Find the default layers, and the sizes that the network takes."""
        self.places = find_places(self.module, self._anatomy)
        chosen = default_layers(self.module, self.places)
        names = [name for name in chosen.names if self._stage(name)]
        if not names:
            raise AtlasError(f"{self.name} has no convolution that makes maps; nothing to show")
        self.sizes = sizes_of(self._anatomy, self._blank, self.input_size)
        self.layers = tuple(self.layer(layer) for layer in names)
        self.why_default = chosen.why

    def _blank(self, size: int) -> Tensor:
        shape = (1, self.channels, size, size)
        return torch.zeros(shape, device=self.device, dtype=self.dtype)

    def _stage(self, name: str) -> Stage | None:
        return self._anatomy.stages.get(self._anatomy.paths.get(name, ""))

    @property
    def graph(self) -> fx.GraphModule | None:
        """What computes the layers; None where that is the module itself."""
        return self._anatomy.graph

    @property
    def shared(self) -> set[str]:
        """The nodes of the graph whose values have no axis for the batch."""
        return self._anatomy.shared

    def layer(self, name: str) -> Layer:
        """Describe the layer ``name``, any node that torchvision's feature extraction can name.

        Raises AtlasError with the nearest names when there is none, or it has no channels.
        """
        place = self.node_of(name)
        stage = self._anatomy.stages.get(place)
        if stage is None:
            raise AtlasError(f"{self.name}: the output of {name!r} has no channels to show")
        units, height, width = stage.shape
        field = self._field(name)
        known = None if isinstance(field, Extent) else field
        return Layer(
            name=name,
            units=units,
            stride=known and max(known.stride),
            receptive_field=known and max(known.size),
            center=known and known.center,
            height=height,
            width=width,
            rectified=stage.rectified,
            branches=branches(self.graph, place, self._anatomy.paths, self._anatomy.stages)
            if self.graph
            else (),
            field_known=field is not Extent.UNKNOWN,
        )

    def _field(self, name: str) -> Field:
        """The receptive field of a layer, measured where the windows before it are not known."""
        place = self.node_of(name)
        if place not in self._fields:
            field = self._anatomy.stages[place].field
            if field is Extent.UNKNOWN:
                field = measured_field(partial(self._maps, name), self.channels, self.input_size)
            self._fields[place] = field
        return self._fields[place]

    def _maps(self, layer: str, images: Tensor) -> Tensor:
        with torch.no_grad():
            values = self.values([layer], images.to(self.device, self.dtype))
        return self.layout(layer).maps(values[layer])

    def values(self, layers: Sequence[str], images: Tensor) -> dict[str, Tensor]:
        """What layers give for images (BxCxSxS, normalized) as the module lays them out."""
        places = {layer: self.node_of(layer) for layer in layers}
        found = self._anatomy.values(set(places.values()), images)
        return {layer: found[place] for layer, place in places.items()}

    def layout(self, layer: str) -> Layout:
        """How the axes of a layer's output are to be read."""
        return self.layout_at(self.node_of(layer))

    def layout_at(self, place: str) -> Layout:
        """How the axes of the output of a node are to be read, or of a part."""
        return self._anatomy.stages[place].layout

    def select(self, patterns: Sequence[str]) -> tuple[Layer, ...]:
        """Return the layers that the names or patterns (``inception4*``) match, in depth order.

        A pattern is matched against the default layers, and against every node when it matches
        none of them. Raises AtlasError with the nearest names for one that matches nothing.
        """
        default = [layer.name for layer in self.layers]
        chosen: set[str] = set()
        for pattern in arguments.names("layers", patterns):
            if any(character in pattern for character in "*?["):
                found = fnmatch.filter(default, pattern) or fnmatch.filter(
                    self._anatomy.paths, pattern
                )
                if not found:
                    raise self._unknown(pattern)
                chosen.update(found)
            else:
                chosen.add(pattern)
        return tuple(map(self.layer, sorted(chosen, key=self.depth)))

    def depth(self, layer: str) -> int:
        """Position of the layer in the order of computation."""
        return self._anatomy.order[self.node_of(layer)]

    def node_of(self, layer: str) -> str:
        """Name of the graph node whose output is the layer: the last one inside the module."""
        if (
            arguments.instance("layer", layer, str, "the name of a layer")
            not in self._anatomy.paths
        ):
            raise self._unknown(layer)
        return self._anatomy.paths[layer]

    def has(self, layer: str) -> bool:
        """Whether a layer of this name has channels."""
        return self._stage(layer) is not None

    def units_at(self, node: str) -> int:
        """How many units the output of a graph node has."""
        return self._anatomy.stages[node].shape[0]

    def chain(self) -> list[tuple[str, Layer]]:
        """Kind and description of the parts to draw, in depth order.

        They are the top-level modules with positions, or the default layers where these are others.
        """
        known = [(name, self._stage(name)) for name in top_level(self.module)]
        names = [name for name, stage in known if stage and stage.has_positions]
        if not all(layer.name in names for layer in self.layers):
            names = [layer.name for layer in self.layers]
        in_order = sorted(names, key=self.depth)
        return [(self.places.named[name].kind, self.layer(name)) for name in in_order]

    @property
    def smallest_input(self) -> int:
        """Side in pixels of the smallest image that the network takes."""
        return self.sizes.smallest

    def seen_size(self, layer: str, size: int) -> int:
        """Side to which an image of ``size`` pixels is enlarged for a layer that takes none such.

        Raises AtlasError where the layer takes no image of that size, and none that is larger.
        """
        place = self.node_of(layer)
        larger = [self.sizes.fixed] if self.sizes.fixed else range(size + 1, size + MOST_ENLARGED)
        for side in (size, *larger):
            if side < size:
                break
            if side not in self._reached:
                self._reached[side] = self._anatomy.reached(self._blank(side))
            if place in self._reached[side]:
                return side
        raise AtlasError(f"{self.name} takes no image of {size} pixels in {layer!r}")

    def _unknown(self, layer: str) -> AtlasError:
        names = list(self._anatomy.paths)
        near = get_close_matches(layer, names, n=3, cutoff=0.4) or names[:3]
        return AtlasError(
            f"{self.name} has no layer {layer!r}; the nearest names are {', '.join(near)} "
            "('atlas layers' lists them)"
        )
