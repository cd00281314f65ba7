"""Tables for the terminal, and the same figures as JSON."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from atlas._system.versions import versions

RESULTS = Path(__file__).parent / "results"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their names: the first to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (f"{c:{'<' if i == 0 else '>'}{widths[i]}}" for i, c in enumerate(cells))
        return "  ".join([first, *rest]).rstrip()

    return "\n".join([line(header), line(["-" * width for width in widths]), *map(line, rows)])


def spread(seconds: Sequence[float]) -> str:
    """Least and most of the repeats."""
    return f"{min(seconds):.3g}..{max(seconds):.3g}"


def middle(seconds: Sequence[float]) -> str:
    """The median of the repeats, in seconds."""
    return f"{statistics.median(seconds):.3g}"


def machine(device: str) -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "device": device,
        "name": _device_name(device),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }


def write(folder: Path, name: str, result: dict[str, Any]) -> Path:
    """Write the figures to a file named for what and when; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    return path


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
