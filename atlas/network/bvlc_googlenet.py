"""The original GoogLeNet (Szegedy et al. 2014) as Caffe's model zoo trained it, on torchvision's.

What differs from torchvision's GoogLeNet: no batch norm, 5×5 kernels in the third branches,
local response normalization around the second stage, a 3×3 window in the last pooling, and
images as BGR in 0..255. Layers carry torchvision's names.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import GoogLeNet
from torchvision.models.googlenet import Inception, InceptionAux

from atlas.network.imagenet import IMAGENET_MEAN, IMAGENET_STD

BGR_MEAN = (104.0, 117.0, 123.0)


class Conv(nn.Module):
    """A convolution with bias and a ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **options: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, **options)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to N×D×H'×W', at least 0."""
        return F.relu(self.conv(x))


class TrueInception(Inception):
    """torchvision's inception block with the paper's 5×5 kernel, where torchvision has 3×3."""

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
    ) -> None:
        super().__init__(in_channels, ch1x1, ch3x3red, ch3x3, ch5x5red, ch5x5, pool_proj, Conv)
        self.branch3[1] = Conv(ch5x5red, ch5x5, kernel_size=5, padding=2)


class LocalResponseNorm(nn.Module):
    """x / (1 + α/5 · Σ x²)^β, the sum over the five channels around; α = 1e-4, β = 0.75.

    Krizhevsky et al. 2012, section 3.3. What ``torch.nn.LocalResponseNorm`` computes, with the
    sum as a 1×1 convolution: faster on a CPU, and there in bfloat16 too, which torch's lacks.
    """

    window: Tensor
    offset: Tensor

    def __init__(self, channels: int, size: int = 5, alpha: float = 1e-4, beta: float = 0.75):
        super().__init__()
        self.share = alpha / size
        self.beta = beta
        index = torch.arange(channels)
        window = ((index[:, None] - index).abs() <= size // 2).float()
        # The 1 in front of the sum, as size/α behind it: whole numbers are exact in any precision.
        offset = torch.full((channels,), size / alpha)
        self.register_buffer("window", window[:, :, None, None], persistent=False)
        self.register_buffer("offset", offset, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to the same shape."""
        energy = F.conv2d(x * x, self.window, self.offset)
        scale = self.share * energy
        if self.beta == 0.75:
            # scale^-3/4 by square roots, several times as fast as a general power.
            inverse_root = scale.rsqrt()
            return x * (inverse_root * inverse_root.sqrt())
        return x * scale.pow(-self.beta)


class BVLCGoogLeNet(GoogLeNet):
    """Caffe's GoogLeNet for ImageNet-normalized RGB images, as torchvision's networks take them."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__(
            num_classes,
            aux_logits=False,
            init_weights=False,
            blocks=[Conv, TrueInception, InceptionAux],
        )
        self.lrn1 = LocalResponseNorm(64)
        self.lrn2 = LocalResponseNorm(192)
        self.maxpool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)

    def _transform_input(self, x: Tensor) -> Tensor:
        # On the image and not folded into conv1: there, the zeros of the padding would stand for
        # another color than the mean that Caffe's padding stands for.
        return torch.cat(
            [
                x[:, c : c + 1] * (255 * IMAGENET_STD[c])
                + (255 * IMAGENET_MEAN[c] - BGR_MEAN[2 - c])
                for c in (2, 1, 0)
            ],
            1,
        )

    def _forward(self, x: Tensor) -> tuple[Tensor, None, None]:
        x = self.lrn1(self.maxpool1(self.conv1(x)))
        x = self.lrn2(self.conv3(self.conv2(x)))
        x = self.inception3b(self.inception3a(self.maxpool2(x)))
        x = self.inception4b(self.inception4a(self.maxpool3(x)))
        x = self.inception4e(self.inception4d(self.inception4c(x)))
        x = self.inception5b(self.inception5a(self.maxpool4(x)))
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        return self.fc(x), None, None


_STEM = {"conv1": "conv1/7x7_s2", "conv2": "conv2/3x3_reduce", "conv3": "conv2/3x3"}
_BRANCHES = {
    "branch1": "1x1",
    "branch2.0": "3x3_reduce",
    "branch2.1": "3x3",
    "branch3.0": "5x5_reduce",
    "branch3.1": "5x5",
    "branch4.1": "pool_proj",
}


def caffe_name(key: str) -> str:
    """The name in Caffe's model of a key of ``BVLCGoogLeNet``'s state dict.

    ``inception4a.branch2.1.conv.weight`` is ``inception_4a/3x3.weight``.
    """
    layer, _, kind = key.rpartition(".")
    layer = layer.removesuffix(".conv")
    if layer == "fc":
        return f"loss3/classifier.{kind}"
    if layer in _STEM:
        return f"{_STEM[layer]}.{kind}"
    block, _, branch = layer.partition(".")
    return f"{block.replace('inception', 'inception_')}/{_BRANCHES[branch]}.{kind}"


def torch_names(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename Caffe's parameters to the keys of ``BVLCGoogLeNet``; unknown names stay."""
    with torch.device("meta"):
        keys = {caffe_name(key): key for key in BVLCGoogLeNet().state_dict()}
    return {keys.get(name, name): value for name, value in arrays.items()}
