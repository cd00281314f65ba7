"""What pages say of the channels, the numbers and the sizes of a network's images."""

from atlas.run.network_schema import NetworkDescription

COLORS = 3
"""Channels of images in red, green and blue."""


def false_color(network: NetworkDescription) -> str | None:
    """How channels that are no colors are shown; None where all are, or the only one is gray."""
    if network.channels == 2:
        return "False color: the two channels are shown as red and green."
    if network.channels > COLORS:
        return f"False color: channels 1 to 3 of {network.channels} shown as red, green and blue."
    return None


def named(network: NetworkDescription) -> str:
    """The channels, in the order of their mean and standard deviation."""
    if network.channels == COLORS:
        return "red, green and blue"
    return "the only channel" if network.channels == 1 else f"channels 1 to {network.channels}"


def remarks(network: NetworkDescription) -> list[str]:
    """What is true of the pictures and the probe images because of the network's input."""
    said = []
    if network.network == "bvlc_googlenet":
        said.append(
            "That is a change of units, the same for all recipes, and not what this network was "
            "trained with: before its first layer it turns the pixels back into blue, green and "
            "red in 0…255, less 104, 117 and 123."
        )
    if network.channels == 1:
        said.append(
            "This network takes gray images: pictures are gray, and probe images are shown to it "
            "in gray, by their luma (ITU-R BT.601). The color axes of a recipe count for nothing."
        )
    elif network.channels != COLORS:
        said.append(
            f"This network takes images of {network.channels} channels, which change independently "
            "of each other: the color axes of a recipe count for nothing. What is measured on a "
            "picture is measured on all of them. JPEG knows no such images, so what it leaves is "
            "undefined, and robustness with it."
        )
    if shown := false_color(network):
        said.append(
            f"{shown} The spatial frequency, the colorfulness and the likeness that the judge sees "
            "are those of the picture as shown."
        )
    if network.fixed:
        said.append(
            f"As a whole this network takes images of {network.fixed} × {network.fixed} pixels "
            "alone. The sizes of every recipe are scaled to end there, and so is how far its views "
            "move; at smaller sizes a layer that takes none such sees the picture enlarged."
        )
    return said
