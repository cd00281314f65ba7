"""Pickles read without running them: tensors become tensors, anything else an inert stand-in.

Training programs put their options beside the weights (``argparse.Namespace``, paths, NumPy
scalars) or pickle a whole module. A pickle names classes and functions and asks for calls of them;
here no name is ever looked up, so whatever it asks for, nothing of it happens.
"""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import torch
from torch import Tensor

DTYPES = {name: value for name, value in vars(torch).items() if isinstance(value, torch.dtype)}
STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
    "UntypedStorage": torch.uint8,
}

HARMLESS = ("bytearray", "bytes", "complex", "dict", "frozenset", "list", "object", "set", "tuple")
"""Built-in types, which are stood in for like all others and are not worth a word."""

Storage = Callable[[torch.dtype, str, int], Tensor]
"""Makes the flat tensor of a storage from its type, its name and how many numbers it has."""


class Inert(dict[Any, Any]):
    """Stands in for an object of a class or the result of a call: it keeps its content alone."""

    origin = ""
    state: Any = None

    def __new__(cls, *_: Any, **__: Any) -> "Inert":
        """Make a stand-in, whatever the arguments."""
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def __call__(self, *_: Any, **__: Any) -> "Inert":
        """A call of what a call gave: still nothing."""
        return self

    # A pickle may put a stand-in into a set, or use it as a key.
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def append(self, item: Any) -> None:
        """What a pickle of a list calls; the items are nothing to us."""

    extend = add = append


class InertUnpickler(pickle.Unpickler):
    """Reads a pickle into tensors, plain Python values and stand-ins.

    Args:
        file: at the beginning of the pickle.
        storage: gives the numbers of tensors; None where the pickle can have none.
        met: where the names of what was stood in for are put.
    """

    def __init__(self, file: BinaryIO, storage: Storage | None, met: set[str]) -> None:
        super().__init__(file, encoding="latin1")  # which Python 2's bytes can always be read as
        self.storage = storage
        self.met = met

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name of a pickle; nothing is imported."""
        full = f"{module}.{name}"
        if build := BUILDERS.get(full):
            # A pickle can set attributes of what it is given: of a function made for it alone.
            return build if isinstance(build, type) else lambda *given: build(*given)
        if module.partition(".")[0] == "torch" and name in STORAGES:
            return STORAGES[name]
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        if full == "torch.storage._load_from_bytes":
            return self._nested_storage
        if module not in ("builtins", "__builtin__") or name not in HARMLESS:
            self.met.add(full)
        return type("Inert", (Inert,), {"origin": full})

    def persistent_load(self, pid: Any) -> Any:
        """A storage, which lies beside the pickle; or the class of a module of old torch."""
        if not isinstance(pid, tuple) or len(pid) < 2:
            raise pickle.UnpicklingError("a reference to no storage")
        kind = pid[0].decode() if isinstance(pid[0], bytes) else pid[0]
        if kind == "module":
            return pid[1]
        if kind != "storage" or self.storage is None or not isinstance(pid[1], torch.dtype):
            raise pickle.UnpicklingError("a reference to no storage")
        flat = self.storage(pid[1], str(pid[2]), int(pid[4]))
        if len(pid) > 5 and pid[5] is not None:
            _, offset, size = pid[5]
            return flat[offset : offset + size]
        return flat

    def _nested_storage(self, content: bytes) -> Any:
        """A storage that ``pickle.dump`` wrote: a file of torch within the pickle."""
        from atlas.network.weights.inert_file import read_stream  # reads with this class

        return read_stream(content, self.met)


def _bytes(text: str, encoding: str) -> bytes:
    """How protocols below 3 write bytes."""
    return text.encode("latin1" if encoding == "latin1" else "utf-8")


def _tensor(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    # as_strided refuses a tensor that reaches beyond its storage.
    return _flat(storage).as_strided(tuple(size), tuple(stride), offset)


def _typed_tensor(
    storage: Any, offset: int, size: Any, stride: Any, _: Any, __: Any, dtype: Any, *___: Any
) -> Tensor:
    return _tensor(_flat(storage).view(dtype), offset, size, stride)


def _flat(storage: Any) -> Tensor:
    if not isinstance(storage, Tensor):
        raise pickle.UnpicklingError("a tensor without its storage")
    return storage


def _subclassed(build: Any, _: Any, arguments: Any, *__: Any) -> Any:
    """A tensor of a class of its own, as a plain one."""
    return build(*arguments)


def _first(value: Any, *_: Any) -> Any:
    return value


BUILDERS: Mapping[str, Any] = {
    "_codecs.encode": _bytes,
    "collections.OrderedDict": OrderedDict,
    "torch.Size": tuple,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._tensor._rebuild_from_type_v2": _subclassed,
}
"""What a pickle of tensors calls, and the functions here that do the same."""
