"""Where a network computes."""

import torch

from atlas._system import arguments


def as_device(name: str | torch.device) -> torch.device:
    """The device of that name. Raises UsageError if torch does not know it or it is missing."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device).item()
    except Exception as error:  # of many kinds, for a device unknown, missing or without numbers
        reason = str(error).partition("\n")[0]
        wanted = f"one that torch can compute on ({reason})"
        raise arguments.wrong("device", name, wanted) from error
    return device
