"""Give the bundled network activations of the size that ImageNet's weights give GoogLeNet.

The article weighs a unit's activation against the terms of the image by a constant, 0.5, which
presumes activations as large as those of torchvision's ImageNet weights. A layer's output is
scaled exactly: the shift and scale of its batch norm times the factor, and in the batch norm of
whatever convolution reads it the mean times the factor, the scale through it. ReLU, pooling and
concatenation keep a positive factor, so the network computes what it computed.

    python -m tools.scale_bundled OLD NEW
"""

import argparse
from collections.abc import Mapping

import torch
from torch import Tensor

from atlas.network.weights.named import load_model

FACTORS = {
    "conv1": 2.25,
    "conv2": 1.25,
    "conv3": 1.5,
    "inception3a": 1.75,
    "inception3b": 3.5,
    "inception4a": 2.25,
    "inception4b": 2.5,
    "inception4c": 2.125,
    "inception4d": 2.0,
    "inception4e": 2.5,
    "inception5a": 4.25,
    "inception5b": 16.0,
}
"""By layer, in the order of computation. Pooling layers have the factor of what they pool.

Chosen so that the pictures of the ten units with the highest mean activation on photographs, by
the article's recipe at 74 pixels, end near the median activations that the article's panels show;
a layer that is pooled has a factor between what it and its pooling would need.
"""

READERS = ("branch1.", "branch2.0.", "branch3.0.", "branch4.1.")
WRITERS = ("branch1.", "branch2.1.", "branch3.1.", "branch4.1.")
"""The convolutions of an inception block that read its input and that make its output."""


def scaled(state: Mapping[str, Tensor], factors: Mapping[str, float]) -> dict[str, Tensor]:
    """The state dict of a GoogLeNet with the output of each layer times its factor.

    ``factors`` are above 0 and name every layer with weights but the classifier, in order. What
    is changed comes in single precision, so that the outputs stay what they were.
    """
    result = dict(state)

    def multiply(name: str, factor: float) -> None:
        result[name] = result[name].float() * factor

    read = 1.0
    for layer, write in factors.items():
        readers, writers = (READERS, WRITERS) if "inception" in layer else ([""], [""])
        for part in readers:
            multiply(f"{layer}.{part}bn.running_mean", read)
            multiply(f"{layer}.{part}bn.weight", 1 / read)
        for part in writers:
            multiply(f"{layer}.{part}bn.weight", write)
            multiply(f"{layer}.{part}bn.bias", write)
        read = write
    multiply("fc.weight", 1 / read)
    return result


def main(old: str, new: str) -> None:
    """Write the scaled file; say by how much the outputs on random images changed."""
    content = torch.load(old, weights_only=True)
    torch.save(content | {"state_dict": scaled(content["state_dict"], FACTORS)}, new)
    images = torch.randn(16, 3, 96, 96, generator=torch.Generator().manual_seed(0)).double()
    networks = (load_model("googlenet", path)[0].double() for path in (old, new))
    before, after = (network(images).softmax(1) for network in networks)
    print(f"largest change of a probability: {(before - after).abs().max():.1e}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.scale_bundled", description=__doc__)
    parser.add_argument("old", help="the file as trained")
    parser.add_argument("new", help="the file to write")
    main(**vars(parser.parse_args()))
