"""The article's loop as the article has it: one image, the whole network, a hook; in float64.

Written from the article's text and independent of the package. OpenCV's resize is written out,
since OpenCV 4 computes its coordinates in float32 only.
"""

import numpy as np
import torch
from torch import nn

MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
SCHARR = np.array([[-3.0, 0.0, 3.0], [-10.0, 0.0, 10.0], [-3.0, 0.0, 3.0]])


def resize(image: np.ndarray, factor: float) -> np.ndarray:
    """cv2.resize(image, (0, 0), fx=factor, fy=factor) with INTER_LINEAR, for HxWxC."""

    def enlarge_rows(values: np.ndarray) -> np.ndarray:
        length = len(values)
        rows = []
        for target in range(int(np.rint(length * factor))):
            source = (target + 0.5) / factor - 0.5
            low = int(np.floor(source))
            weight = source - low
            if low < 0:
                low, weight = 0, 0.0
            if low >= length - 1:
                low, weight = length - 1, 0.0
            high = min(low + 1, length - 1)
            rows.append((1 - weight) * values[low] + weight * values[high])
        return np.stack(rows)

    return enlarge_rows(enlarge_rows(image).swapaxes(0, 1)).swapaxes(0, 1)


def gradient_layer() -> nn.Conv2d:
    """The article's RGBgradients: x and y Scharr responses of each channel."""
    layer = nn.Conv2d(3, 6, 3, bias=False, padding=1).double()
    weight = np.zeros((6, 3, 3, 3))
    for channel in range(3):
        weight[2 * channel, channel] = SCHARR
        weight[2 * channel + 1, channel] = SCHARR.T
    layer.weight = nn.Parameter(torch.from_numpy(weight), requires_grad=False)
    return layer


def maximize(
    model: nn.Module, layer: str, unit: int, start: np.ndarray, upscales: int, steps: int
) -> tuple[np.ndarray, list[float]]:
    """The picture (3xHxW in 0..1) and the RMS before each step, from a 3xSxS start in 0..1."""
    activation = {}
    model.get_submodule(layer).register_forward_hook(
        lambda module, inputs, output: activation.update(out=output)
    )
    gradients = gradient_layer()
    image = start
    history = []
    for upscale in range(upscales + 1):
        normalized = (image - MEAN[:, None, None]) / STD[:, None, None]
        tensor = torch.from_numpy(normalized).requires_grad_()
        optimizer = torch.optim.Adam([tensor], lr=0.4)
        for _ in range(steps):
            optimizer.zero_grad()
            model(tensor.unsqueeze(0))
            rms = torch.pow((activation["out"][0, unit] ** 2).mean(), 0.5)
            pixel = torch.pow((tensor**2).mean(), 0.5)
            gradient = torch.pow((gradients(tensor.unsqueeze(0)) ** 2).mean(), 0.5)
            history.append(rms.item())
            (-0.5 * rms + pixel + gradient).backward()
            optimizer.step()
        image = tensor.detach().numpy() * STD[:, None, None] + MEAN[:, None, None]
        image = image.clip(0, 1)
        if upscale < upscales:
            image = resize(image.transpose(1, 2, 0), 1.05).transpose(2, 0, 1)
    return image, history
