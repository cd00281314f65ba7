"""What a file is that users take for weights and that holds no tensors torch could read."""

import zipfile
from pathlib import Path

CONVERT = "convert it to a state dict of torch or to safetensors"

MARKS = (
    (0, b"\x89HDF", f"an HDF5 file, as Keras writes them; {CONVERT}"),
    (
        0,
        b"version https://git-lfs",
        "a pointer of Git LFS to the file, not the file; fetch that with git lfs pull",
    ),
    (0, b"<", "a web page, not the file; fetch it again, and look at the address"),
    (0, b"GGUF", f"a GGUF file, of llama.cpp's; {CONVERT}"),
    (4, b"TFL3", f"a TensorFlow Lite file; {CONVERT}"),
    (0, b"\x1f\x8b", "packed by gzip; unpack it and give the file of weights in it"),
    (257, b"ustar", "a tar archive; unpack it and give the file of weights in it"),
)
"""Where a mark is in a file, the mark, and what such a file is and what to do."""

ONNX_FIELDS = (0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42)
"""What can follow the version with which an ONNX file begins."""


def foreign(path: Path) -> str | None:
    """What a file is and what to do, if it is of a kind known to hold no pickled tensors.

    Raises OSError when it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(512)
    for place, mark, kind in MARKS:
        if head[place:].startswith(mark):
            return kind
    if len(head) > 2 and head[0] == 8 and 0 < head[1] < 32 and head[2] in ONNX_FIELDS:
        return f"an ONNX model; {CONVERT}"
    if zipfile.is_zipfile(path):
        return _archive(path)
    return None


def _archive(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None  # damaged: torch says so
    last = {name.rpartition("/")[2] for name in names}
    if "constants.pkl" in last:
        return (
            "a TorchScript program, which is not run; write its tensors, with "
            "torch.save(torch.jit.load(FILE).state_dict(), OTHER)"
        )
    if "archive_format" in last or "serialized_exported_program.json" in last:
        return (
            "an exported program (.pt2), which is not run; write its tensors, with "
            "torch.save(torch.export.load(FILE).state_dict, OTHER)"
        )
    if "model.weights.h5" in last:
        return f"a Keras model; {CONVERT}"
    if "data.pkl" in last:
        return None
    shown = ", ".join(repr(name)[:80] for name in names[:3]) or "nothing"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"a zip archive of {shown}{more}; unpack it and give the file of weights in it"
