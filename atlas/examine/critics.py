"""The networks that may judge how alike two images are, and what pages call them."""

from typing import NamedTuple


class Critic(NamedTuple):
    """A network that may be the judge: by its name, whose weights, and what pages call it."""

    network: str
    weights: str
    name: str


IMAGENET = Critic("resnet18", "imagenet", "ResNet-18 trained on ImageNet (1,000 classes)")
OWN = Critic(
    "googlenet",
    "bundled",
    "the GoogLeNet that comes with atlas, trained on Tiny ImageNet (202 classes)",
)
