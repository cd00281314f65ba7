"""Files of ``torch.save`` and ``pickle.dump``, of any age, read by the inert unpickler."""

import zipfile
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from atlas.network.weights.inert_pickle import InertUnpickler

MAGIC = 0x1950A86A20F9469CFC6C
"""What files of torch before 1.6 begin with, as a pickled number."""


def read_inertly(path: Path) -> tuple[Any, set[str]]:
    """What a file holds, and the names of the classes and functions that were stood in for.

    Nothing in the file runs. Raises what the first wrong byte leads to.
    """
    met: set[str] = set()
    if zipfile.is_zipfile(path):
        return _read_archive(path, met), met
    return read_stream(path.read_bytes(), met), met


def _read_archive(path: Path, met: set[str]) -> Any:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        pickled = next(name for name in names if name.rpartition("/")[2] == "data.pkl")
        folder = pickled.removesuffix("data.pkl")
        if f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") != b"little":
            raise UnpicklingError("numbers of a big-endian machine")
        read: dict[str, Tensor] = {}

        def storage(dtype: torch.dtype, name: str, count: int) -> Tensor:
            if name not in read:
                record = archive.getinfo(f"{folder}data/{name}")
                # torch packs nothing; what is packed may unpack to more than any memory holds.
                if record.compress_type != zipfile.ZIP_STORED:
                    raise UnpicklingError("packed numbers, which torch does not write")
                read[name] = torch.frombuffer(
                    bytearray(archive.read(record)) or bytearray(1), dtype=torch.uint8
                )
            return read[name][: count * dtype.itemsize].view(dtype)

        return InertUnpickler(BytesIO(archive.read(pickled)), storage, met).load()


def read_stream(content: bytes, met: set[str]) -> Any:
    """What a plain pickle holds, or one of torch before 1.6, whose numbers follow the pickle."""
    file = BytesIO(content)
    first = InertUnpickler(file, None, met).load()
    if first != MAGIC:
        return first
    for _ in ("version", "machine"):
        InertUnpickler(file, None, met).load()
    made: dict[str, Tensor] = {}

    def storage(dtype: torch.dtype, name: str, count: int) -> Tensor:
        if name not in made:
            if not 0 <= count * dtype.itemsize <= len(content):
                raise UnpicklingError("more numbers than the file holds")
            made[name] = torch.zeros(count, dtype=dtype)
        return made[name]

    held = InertUnpickler(file, storage, met).load()
    for name in InertUnpickler(file, None, met).load():
        file.read(8)  # how many numbers; the pickle said so too
        numbers = made[str(name)].view(torch.uint8)
        if len(bits := bytearray(file.read(numbers.numel()))) < numbers.numel():
            raise UnpicklingError("fewer numbers than the pickle says")
        if bits:
            numbers.copy_(torch.frombuffer(bits, dtype=torch.uint8))
    return held
