"""Small networks of other inputs than three channels of 224 pixels, with random weights."""

from itertools import pairwise

import torch
from torch import Tensor, nn


class LeNet(nn.Module):
    """Gray digits of 28 pixels; its linear layers take no other size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.pool1 = nn.Conv2d(1, 6, 5, padding=2), nn.MaxPool2d(2)
        self.conv2, self.pool2 = nn.Conv2d(6, 16, 5), nn.MaxPool2d(2)
        self.fc1, self.fc2 = nn.Linear(400, 12), nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.conv1(x).relu())
        x = self.pool2(self.conv2(x).relu())
        return self.fc2(self.fc1(torch.flatten(x, 1)).relu())


class _Block(nn.Module):
    def __init__(self, before: int, units: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, units, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(units, units, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(units), nn.BatchNorm2d(units)
        self.way = nn.Conv2d(before, units, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        around = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (around + self.way(x)).relu()


class ResNet20(nn.Module):
    """The residual network for CIFAR of He et al. (2016), section 4.2, a quarter as wide."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.stage1 = nn.Sequential(*(_Block(4, 4, 1) for _ in range(3)))
        self.stage2 = nn.Sequential(_Block(4, 8, 2), *(_Block(8, 8, 1) for _ in range(2)))
        self.stage3 = nn.Sequential(_Block(8, 16, 2), *(_Block(16, 16, 1) for _ in range(2)))
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stage3(self.stage2(self.stage1(self.conv1(x).relu())))
        return self.head(x.mean((2, 3)))


class FourChannels(nn.Module):
    """Two convolutions on images of four channels, as of red, green, blue and infrared."""

    def __init__(self, channels: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 5, 3, stride=2)
        self.conv2 = nn.Conv2d(5, 4, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x).relu()).relu().mean((2, 3))


class UNet(nn.Module):
    """Four halvings and four doublings: it joins them for sides that 16 divides, and no others."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 4, 4, 6, 6)
        self.pool = nn.MaxPool2d(2)
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in pairwise(widths)
        )
        self.bottom = nn.Conv2d(6, 6, 3, padding=1)
        self.twice = nn.Upsample(scale_factor=2)
        self.up = nn.ModuleList(nn.Conv2d(6 + skip, 6, 3, padding=1) for skip in (6, 6, 4, 4))
        self.head = nn.Conv2d(6, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for part in self.down:
            x = part(x).relu()
            kept.append(x)
            x = self.pool(x)
        x = self.bottom(x).relu()
        for part, before in zip(self.up, reversed(kept), strict=True):
            x = part(torch.cat([self.twice(x), before], 1)).relu()
        return self.head(x)
