"""Whether an Inception network was trained on images in -1..1 or on ImageNet-normalized ones.

A state dict does not say it. torchvision's GoogLeNet and Inception v3 are conversions of TF-slim's,
which take images in -1..1, and re-normalize their input for that (``transform_input``); the same
networks trained in torch take it as it is. But the first batch norm keeps the variance that the
first convolution had over the training images. Normalized images vary 1 / 0.225² and images in
-1..1 vary 2², so in one case the kept variance is that of normalized natural images, and in the
other a fifth of it.
"""

from collections.abc import Mapping
from functools import cache
from math import log
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models import GoogLeNet, Inception3

from atlas.network.imagenet import IMAGENET_MEAN, IMAGENET_STD
from atlas.probe.stimuli import battery

IMAGES = 24
"""Natural stimuli to measure with: of others as many move the ratio by less than 0.1."""

FACTOR = log((0.5 / 0.225) ** 2)
"""Logarithm of how many times the variance of normalized images is that of images in -1..1."""

NEARER, FARTHER = 0.55, 0.7
"""How far from what is expected the measured ratio may be: training images are not stimuli.

Towards the other expectation, and away from it. Where a network takes images in 0..1 the ratio is
farther away.
"""


def takes_unit_range(model: GoogLeNet | Inception3) -> bool | None:
    """Whether a network was trained on images in -1..1, and not on ImageNet-normalized ones.

    None where the statistics of its first batch norm say neither.
    """
    first: Any = model.conv1 if isinstance(model, GoogLeNet) else model.Conv2d_1a_3x3
    convolution, norm = first.conv, first.bn
    kept: Tensor = norm.running_var
    if bool((kept == 1).all()) and not bool(norm.running_mean.any()):
        return None  # as batch norm begins: it has seen no image
    with torch.no_grad():
        response = F.conv2d(_natural_images(), convolution.weight, stride=convolution.stride)
    measured = response.var((0, 2, 3))
    live = (kept > 1e-3 * kept.max()) & (measured > 1e-3 * measured.max())
    if not bool(live.any()):
        return None
    ratio = float((measured / kept)[live].log().median())
    if -FARTHER <= ratio <= NEARER:
        return False
    return True if -NEARER <= ratio - FACTOR <= FARTHER else None


def trained_without_scale(state: Mapping[str, Tensor]) -> bool:
    """Whether the batch norms of a state dict learned their shift and had no scale to learn.

    So TF-slim trains its Inception networks (``scale=False`` in ``inception_arg_scope``). The
    conversion wrote 1 for each scale; training in torch moves all of these thousands of numbers
    together with the shifts.
    """
    scales = [value for key, value in state.items() if key.endswith(".bn.weight")]
    shifts = [value for key, value in state.items() if key.endswith(".bn.bias")]
    return (
        bool(scales)
        and all(bool((scale == 1).all()) for scale in scales)
        and any(bool(shift.any()) for shift in shifts)
    )


@cache
def _natural_images() -> Tensor:
    """Stimuli with the statistics of photographs, N×3×224×224, ImageNet-normalized."""
    natural = [stimulus for stimulus in battery() if stimulus.natural]
    drawn = np.stack([each.draw() for each in natural[:: len(natural) // IMAGES][:IMAGES]])
    images = torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))
    return (images - mean) / std
