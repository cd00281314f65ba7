"""What a run says of the channels of its network's images."""

COLORS = 3


def channel_warnings(channels: int) -> list[str]:
    """Lines for the method page where probe images or stimuli are not shown as they are."""
    if channels in (1, COLORS):
        return []
    return [
        f"The network takes {channels} channels, and the built-in stimuli have three: they are "
        "shown to it as the same gray in every channel, so tuning says what it makes of that alone."
    ]
