"""What becomes of an image before a network takes it: its shape, and its numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from atlas._system import arguments
from atlas.network.imagenet import IMAGENET_MEAN, IMAGENET_STD


def input_shape(shape: Sequence[int]) -> tuple[int, int]:
    """Channels and side of the images. Raises UsageError for a shape that is not CxSxS."""
    if len(shape) != 3 or not all(isinstance(n, int) and n > 0 for n in shape):
        raise arguments.wrong("input", shape, "channels, height and width, such as (3, 224, 224)")
    channels, height, width = shape
    if height != width:
        raise arguments.wrong("input", shape, "square: pictures of units are")
    return channels, height


class Normalization:
    """The mean and the standard deviation of each channel of the images a network was trained on.

    Args:
        channels: how many an image has.
        mean, std: one a channel, in 0..1; by default those of ImageNet for three channels, and 0
            and 1 for any other number.
        device: where images are.

    Raises UsageError for other numbers than there are channels.
    """

    def __init__(
        self,
        channels: int,
        mean: Sequence[float] | None,
        std: Sequence[float] | None,
        device: torch.device,
    ) -> None:
        known = channels == 3
        usual_mean = IMAGENET_MEAN if known else (0.0,) * channels
        usual_std = IMAGENET_STD if known else (1.0,) * channels
        self.mean = arguments.numbers("mean", usual_mean if mean is None else mean, channels)
        self.std = arguments.numbers(
            "std", usual_std if std is None else std, channels, positive=True
        )
        # Kept on the device: made anew at each step they would be copied there each time, and the
        # host would wait.
        self._statistics = [
            torch.tensor(values, device=device, dtype=torch.float64).view(-1, 1, 1)
            for values in (self.mean, self.std)
        ]

    def normalize(self, images: Tensor) -> Tensor:
        """Turn NxCxHxW images in 0..1 into what the network takes."""
        mean, std = (values.to(images) for values in self._statistics)
        return (images - mean) / std

    def denormalize(self, images: Tensor) -> Tensor:
        """Undo ``normalize``; values are not clipped."""
        mean, std = (values.to(images) for values in self._statistics)
        return images * std + mean
