"""The article's loop as the article prints it, for one unit at a time.

"Deep Dream: visualizing the features learnt by convolutional networks in PyTorch". Only the
prints and the plots between sizes are left out, and the constants come from a recipe.
"""

import sys
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn, optim
from torchvision import transforms

from atlas.recipe import Recipe

normalize = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
denormalize = transforms.Normalize(
    mean=[-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], std=[1 / 0.229, 1 / 0.224, 1 / 0.225]
)

FILTER_X = np.array([[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]])


class RGBgradients(nn.Module):
    """The x and y derivatives of each color channel, as a convolution of 3 to 6 channels."""

    def __init__(self, weight: NDArray[Any]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, bias=False, padding=1)
        kernels = np.zeros((6, 3, 3, 3))
        for channel in range(3):
            kernels[2 * channel, channel] = weight[0]
            kernels[2 * channel + 1, channel] = weight[1]
        self.conv.weight = nn.Parameter(torch.from_numpy(kernels).float(), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Bx3xHxW to Bx6xHxW."""
        return self.conv(x)


def image_converter(image: Tensor) -> NDArray[np.float32]:
    """The normalized image as HxWx3 in 0..1."""
    shown = denormalize(image.cpu().clone().detach()).numpy()
    return shown.transpose(1, 2, 0).clip(0, 1)


def maximize(
    model: nn.Module, layer: str, unit: int, recipe: Recipe, device: str = "cpu"
) -> NDArray[np.float32]:
    """The picture of one unit of a layer of the whole, frozen model: HxWx3 in 0..1."""
    activation: dict[str, Tensor] = {}

    def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
        activation[layer] = output

    handle = model.get_submodule(layer).register_forward_hook(hook)
    gradient_layer = RGBgradients(np.array([FILTER_X, FILTER_X.T])).to(device)
    start = np.single(np.random.uniform(0, 1, (3, recipe.start_size, recipe.start_size)))
    tensor = normalize(torch.from_numpy(start)).to(device).requires_grad_(True)
    image = image_converter(tensor)
    for upscale in range(recipe.upscales + 1):
        optimizer = optim.Adam([tensor], lr=recipe.learning_rate)
        for _ in range(recipe.steps):
            optimizer.zero_grad()
            model(tensor.unsqueeze(0))
            rms = torch.pow((activation[layer][0, unit] ** 2).mean(), 0.5)
            if torch.isnan(rms):
                sys.exit("Error: rms was Nan; Terminating ...")
            pixel = torch.pow((tensor**2).mean(), 0.5)
            if torch.isnan(pixel):
                sys.exit("Error: Pixel Intensity was Nan; Terminating ...")
            gradient = torch.pow((gradient_layer(tensor.unsqueeze(0)) ** 2).mean(), 0.5)
            if torch.isnan(gradient):
                sys.exit("Error: image gradients were Nan; Terminating ...")
            loss = -recipe.activation_weight * rms + pixel + gradient
            loss.backward()
            optimizer.step()
        image = image_converter(tensor)
        if upscale < recipe.upscales:
            larger = cv2.resize(image, dsize=(0, 0), fx=recipe.factor, fy=recipe.factor)
            enlarged = torch.from_numpy(larger.transpose(2, 0, 1))
            tensor = normalize(enlarged).to(device).requires_grad_(True)
    handle.remove()
    return image
