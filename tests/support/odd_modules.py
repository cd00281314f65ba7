"""Modules as people write them, whose graph is easily another function."""

from collections.abc import Callable
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def stem() -> nn.Module:
    return nn.Conv2d(3, 8, 3, 2, 1)


def convolution() -> nn.Module:
    return nn.Conv2d(8, 8, 3, padding=1)


class PreActivated(nn.Module):
    """Its activation works in place before the skip is added: the skip carries what it left."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation, self.conv = activation, convolution()

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.activation(x)) + x


class AddedInPlace(nn.Module):
    """A sum in place that is read again under the name that the tensor had before."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = convolution(), convolution()

    def forward(self, x: Tensor) -> Tensor:
        y = before = self.first(x)
        y += x
        return self.second(y) + before


class Discards(nn.Module):
    """Calls something for what it overwrites, and not for what it gives."""

    WAYS: ClassVar[dict[str, Callable[[Tensor], Tensor]]] = {
        "F.relu": lambda x: F.relu(x, inplace=True),
        "positional": lambda x: F.relu(x, True),
        "torch.relu_": torch.relu_,
        "clamp_": lambda x: x.clamp_(min=0),
        "add_": lambda x: x.add_(1.0),
        "mul_": lambda x: x.mul_(0.5),
        "of a part": lambda x: x[:, :4].mul_(0.5),
        "of a view": lambda x: x.view(len(x), 8, -1).mul_(0.5),
        "zero_": lambda x: x[:, 3].zero_(),
    }

    def __init__(self, way: str) -> None:
        super().__init__()
        self.conv1, self.conv2, self.way = stem(), convolution(), way

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        self.WAYS[self.way](x)
        return self.conv2(x)


class CallsInPlace(nn.Module):
    """One module, called twice, of which the first result is not assigned."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.relu = stem(), convolution(), nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        self.relu(x)
        return self.relu(self.conv2(x))


class Assigns(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = stem(), convolution()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        x[:, :4] = 0.5
        return self.conv2(x)


class Scaled(nn.Module):
    """A learned vector without an axis for the batch lives across its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = stem(), convolution()
        self.scale = nn.Parameter(torch.randn(2))

    def forward(self, x: Tensor) -> Tensor:
        scale = self.scale.exp()
        return self.conv2(self.conv1(x) * scale[0]) * scale[1]


class Branches(nn.Module):
    """Decides by what it sees, so that no graph of it is right for every image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = stem(), convolution()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        if x.sum() > 1e9:
            x = x * 2
        return self.conv2(x.relu_())


class Asserts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = stem(), convolution()

    def forward(self, x: Tensor) -> Tensor:
        _, channels, height, width = x.shape
        assert channels == 3
        assert height == width
        return self.conv2(self.conv1(x).relu())


class Signature(nn.Module):
    """A signature and a result as those of transformers have them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = stem(), convolution()

    def forward(
        self, pixel_values: Tensor | None = None, labels: Tensor | None = None, deep: bool = True
    ) -> dict[str, Tensor | None]:
        if pixel_values is None:
            raise ValueError("no pixels")
        x = self.conv1(pixel_values)
        if deep:
            x = self.conv2(x.relu())
        loss = None
        if labels is not None:
            loss = F.cross_entropy(x.mean((2, 3)), labels)
        return {"logits": x, "loss": loss}


class Detaches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = stem(), convolution()

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x).relu().detach())


class Rounds(Detaches):
    def forward(self, x: Tensor) -> Tensor:
        return self.conv2((4 * self.conv1(x)).round())


class Draws(Detaches):
    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(F.dropout(self.conv1(x), 0.5, training=True))


class Plain(nn.Conv2d):
    """A subclass that adds nothing."""


class Standardized(nn.Conv2d):
    """A convolution with weight standardization (Qiao et al. 2019)."""

    def forward(self, input: Tensor) -> Tensor:
        mean = self.weight.mean((1, 2, 3), keepdim=True)
        std = self.weight.std((1, 2, 3), keepdim=True)
        weight = (self.weight - mean) / std
        return F.conv2d(input, weight, self.bias, self.stride, self.padding)


class Gated(nn.Module):
    """Squeeze and excitation (Hu et al. 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = stem(), convolution()
        self.squeeze, self.excite = nn.Linear(8, 2), nn.Linear(2, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        gate = self.excite(self.squeeze(x.mean((2, 3))).relu()).sigmoid()
        return self.conv2(x * gate[:, :, None, None])


class UNet(nn.Module):
    """Takes images whose sides are multiples of 4."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.bottom, self.up = convolution(), nn.ConvTranspose2d(8, 8, 2, 2)
        self.fused, self.out = nn.Conv2d(16, 8, 3, padding=1), nn.Conv2d(16, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.down1(x).relu()
        second = self.down2(F.max_pool2d(first, 2)).relu()
        x = self.bottom(F.max_pool2d(second, 2)).relu()
        x = self.fused(torch.cat([self.up(x), second], 1)).relu()
        x = F.interpolate(x, scale_factor=2, mode="bilinear")
        return self.out(torch.cat([x, first], 1))


class Flattens(nn.Module):
    """A LeNet for 28 pixels a side."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2 = nn.Linear(400, 32), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.conv1(x).relu(), 2)
        x = F.max_pool2d(self.conv2(x).relu(), 2)
        return self.fc2(self.fc1(x.flatten(1)).relu())
