"""Caffe's GoogLeNet, against the network of its prototxt written out with torch's functions."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from torch import Tensor
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names
from torchvision.transforms import v2 as transforms

from atlas.network.bvlc_googlenet import (
    BGR_MEAN,
    BVLCGoogLeNet,
    LocalResponseNorm,
    torch_names,
)
from atlas.network.imagenet import IMAGENET_MEAN, IMAGENET_STD
from atlas.network.weights.named import load_model

# Inputs and outputs of 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5, pool_proj (Szegedy et al., table 1).
INCEPTION = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


def random_parameters(classes: int = 5) -> dict[str, Tensor]:
    """Parameters with Caffe's names; scaled so that activations neither vanish nor explode."""
    shapes = {
        "conv1/7x7_s2": (64, 3, 7, 7),
        "conv2/3x3_reduce": (64, 64, 1, 1),
        "conv2/3x3": (192, 64, 3, 3),
        "loss3/classifier": (classes, 1024),
    }
    for block, (inputs, one, reduce3, three, reduce5, five, pool) in INCEPTION.items():
        shapes |= {
            f"inception_{block}/1x1": (one, inputs, 1, 1),
            f"inception_{block}/3x3_reduce": (reduce3, inputs, 1, 1),
            f"inception_{block}/3x3": (three, reduce3, 3, 3),
            f"inception_{block}/5x5_reduce": (reduce5, inputs, 1, 1),
            f"inception_{block}/5x5": (five, reduce5, 5, 5),
            f"inception_{block}/pool_proj": (pool, inputs, 1, 1),
        }
    generator = torch.Generator().manual_seed(0)
    parameters = {}
    for name, shape in shapes.items():
        fan_in = float(np.prod(shape[1:]))
        weight = torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5
        parameters[f"{name}.weight"] = weight
        parameters[f"{name}.bias"] = torch.randn(shape[0], generator=generator)
    return parameters


def caffe(image: Tensor, parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """The network on BGR 0..255 minus the mean, in float64; some of its blobs by torch's names."""
    p = {name: value.double() for name, value in parameters.items()}

    def conv(x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        return F.conv2d(x, p[f"{name}.weight"], p[f"{name}.bias"], stride, padding).relu()

    def pool(x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    def norm(x: Tensor) -> Tensor:
        return F.local_response_norm(x, size=5, alpha=1e-4, beta=0.75, k=1.0)

    def inception(x: Tensor, block: str) -> Tensor:
        at = f"inception_{block}"
        return torch.cat(
            [
                conv(x, f"{at}/1x1"),
                conv(conv(x, f"{at}/3x3_reduce"), f"{at}/3x3", padding=1),
                conv(conv(x, f"{at}/5x5_reduce"), f"{at}/5x5", padding=2),
                conv(F.max_pool2d(x, 3, 1, padding=1), f"{at}/pool_proj"),
            ],
            1,
        )

    blobs = {"conv1": conv(image, "conv1/7x7_s2", stride=2, padding=3)}
    blobs["maxpool1"] = pool(blobs["conv1"])
    blobs["conv2"] = conv(norm(blobs["maxpool1"]), "conv2/3x3_reduce")
    blobs["conv3"] = conv(blobs["conv2"], "conv2/3x3", padding=1)
    x = blobs["maxpool2"] = pool(norm(blobs["conv3"]))
    for block in INCEPTION:
        x = blobs[f"inception{block}"] = inception(x, block)
        if block in ("3b", "4e"):
            x = blobs[f"maxpool{block[0]}"] = pool(x)
    features = x.mean((2, 3))
    blobs["fc"] = features @ p["loss3/classifier.weight"].T + p["loss3/classifier.bias"]
    return blobs


def agree(parameters: dict[str, Tensor], size: int) -> None:
    model = BVLCGoogLeNet(len(parameters["loss3/classifier.bias"])).eval()
    model.load_state_dict(torch_names(parameters))

    def channels(values: tuple[float, ...]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64).view(3, 1, 1)

    rgb = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1)).double()
    bgr = 255 * rgb.flip(1) - channels(BGR_MEAN)
    normalized = (rgb - channels(IMAGENET_MEAN)) / channels(IMAGENET_STD)
    expected = caffe(bgr, parameters)
    extractor = create_feature_extractor(model.double(), list(expected))
    for name, value in extractor(normalized).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-9, atol=1e-9, msg=name)


def test_every_layer_is_that_of_caffes_network() -> None:
    agree(random_parameters(), size=75)


def test_nodes_are_named_as_in_torchvisions_googlenet() -> None:
    theirs = torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False)
    _, theirs = get_graph_node_names(theirs.eval())
    _, ours = get_graph_node_names(BVLCGoogLeNet().eval())
    assert [name for name in ours if name in theirs] == [
        name for name in theirs if not name.endswith(".bn")
    ]


@pytest.mark.parametrize("channels", [3, 64])
def test_normalization_and_its_gradient_are_torchs(channels: int) -> None:
    x = 300 * torch.rand(2, channels, 4, 5, dtype=torch.float64)
    weights = torch.rand_like(x)
    ours = LocalResponseNorm(channels).double()

    def torchs(x: Tensor) -> Tensor:
        return F.local_response_norm(x, size=5, alpha=1e-4, beta=0.75, k=1.0)

    torch.testing.assert_close(ours(x), torchs(x), rtol=1e-13, atol=0)
    leaf = x.requires_grad_()
    (gradient,) = torch.autograd.grad((weights * ours(leaf)).sum(), leaf)
    (expected,) = torch.autograd.grad((weights * torchs(leaf)).sum(), leaf)
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-14)


def test_works_in_bfloat16() -> None:
    model = BVLCGoogLeNet(5).eval()
    model.load_state_dict(torch_names(random_parameters()))
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    exact, rounded = model(image), model.bfloat16()(image.bfloat16()).float()
    assert (exact - rounded).norm() < 0.1 * exact.norm()


def test_a_file_in_caffes_layout_is_loaded(tmp_path: Path) -> None:
    parameters = random_parameters(classes=7)
    path = tmp_path / "caffe.npz"
    arrays: dict[str, Any] = {name: value.numpy() for name, value in parameters.items()}
    np.savez(path, **arrays)
    model, info = load_model("bvlc_googlenet", path)
    assert (info.source, info.classes) == ("file", 7)
    loaded = model.state_dict()["inception4e.branch3.1.conv.weight"]
    torch.testing.assert_close(loaded, parameters["inception_4e/5x5.weight"], rtol=0, atol=0)


CAFFE_WEIGHTS = os.environ.get("ATLAS_BVLC_WEIGHTS", "")
IMAGENET_SAMPLE = os.environ.get("ATLAS_IMAGENET_SAMPLE", "")


@pytest.mark.skipif(not CAFFE_WEIGHTS, reason="ATLAS_BVLC_WEIGHTS names no file")
def test_every_layer_with_the_real_weights() -> None:
    with np.load(CAFFE_WEIGHTS) as arrays:
        agree({name: torch.from_numpy(array) for name, array in arrays.items()}, size=224)


@pytest.mark.skipif(
    not (CAFFE_WEIGHTS and IMAGENET_SAMPLE),
    reason="ATLAS_BVLC_WEIGHTS and ATLAS_IMAGENET_SAMPLE (a photograph of each class) are not set",
)
def test_the_real_weights_recognize_photographs() -> None:
    model, _ = load_model("bvlc_googlenet", CAFFE_WEIGHTS)
    prepare = transforms.Compose(
        [
            transforms.PILToTensor(),
            transforms.Resize(256, antialias=True),
            transforms.CenterCrop(224),
            transforms.ToDtype(torch.float32, scale=True),
            transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ]
    )
    # File names begin with the WordNet id, so that they are sorted as the classes are.
    paths = sorted(Path(IMAGENET_SAMPLE).iterdir())
    right = 0
    for start in range(0, len(paths), 50):
        images = []
        for path in paths[start : start + 50]:
            with Image.open(path) as photograph:
                images.append(prepare(photograph.convert("RGB")))
        with torch.inference_mode():
            classes = model(torch.stack(images)).argmax(1)
        right += int((classes == torch.arange(start, start + len(images))).sum())
    assert right >= 0.73 * len(paths)
