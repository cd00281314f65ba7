"""Checkpoints of every usual form are read, and what is none is refused in one line."""

import collections
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from support.checkpoints import OPTIONS, State, Write, filled, prefixed, state, without
from torch import nn
from torch.optim.swa_utils import AveragedModel

from atlas.errors import AtlasError
from atlas.network.weights.filling import fill


def holding(make: Callable[[State], Any], **options: Any) -> Write:
    return lambda path, values: torch.save(make(values), path, **options)


def inserted(values: State) -> State:
    """As ``network.stem = DataParallel(network.stem)`` names them."""
    return {name.replace("stem.", "stem.module."): value for name, value in values.items()}


OLD = {"_use_new_zipfile_serialization": False}

READ: dict[str, tuple[Write, str]] = {
    "plain": (holding(dict), ""),
    "OrderedDict": (holding(collections.OrderedDict), ""),
    "of torch before 1.6": (holding(dict, **OLD), ""),
    **{
        f"under {name}": (holding(lambda s, name=name: {name: s, "epoch": 3}), f"entry '{name}'")
        for name in (
            *("state_dict", "model", "model_state_dict", "net", "network", "weights", "params"),
            *("ema", "model_ema", "state_dict_ema", "online"),
        )
    },
    "nested": (holding(lambda s: {"a": {"model": {"state_dict": s}}}), "'a.model.state_dict'"),
    **{
        f"prefix {prefix}": (holding(lambda s, p=prefix: prefixed(p, s)), f"prefix '{prefix}'")
        for prefix in (
            *("module.", "_orig_mod.", "model.", "net.", "backbone.", "encoder."),
            *("module._orig_mod.model.", "_fsdp_wrapped_module.", "learner.trunk."),
        )
    },
    "DataParallel within": (holding(inserted), "what wrappers put into its names passed over"),
    "FSDP within": (
        holding(lambda s: {n.replace("stem.", "stem._fsdp_wrapped_module."): s[n] for n in s}),
        "what wrappers put into its names passed over",
    ),
    "Lightning": (
        holding(
            lambda s: {
                "state_dict": {**prefixed("model.", s), "loss.weight": torch.ones(5)},
                "hyper_parameters": OPTIONS,
                "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(3)}}}],
            }
        ),
        "passed over in w.pth: 'loss.weight', 'hyper_parameters' and 'optimizer_states'",
    ),
    "AveragedModel": (
        holding(lambda s: AveragedModel(filled()).state_dict()),
        "passed over in w.pth: 'n_averaged'",
    ),
    "args of a script": (
        holding(lambda s: {"model": s, **OPTIONS}),
        "names code (argparse.Namespace, ",
    ),
    "args of an old script": (
        holding(lambda s: {"model": s, **OPTIONS}, **OLD),
        "which was neither loaded nor run",
    ),
    "args, pickled by protocol 4": (
        holding(lambda s: {"model": s, **OPTIONS}, pickle_protocol=4),
        "which was neither loaded nor run",
    ),
    "a plain pickle": (
        lambda path, s: path.write_bytes(pickle.dumps({"model": s})),
        "entry 'model'",
    ),
    "a whole module": (
        holding(lambda s: filled()),
        "read from a whole module that w.pth holds (",
    ),
    "a module under ema": (
        holding(lambda s: {"epoch": 1, "ema": filled(), "model": None}),
        "entry 'ema'",
    ),
    "with EMA beside": (
        holding(lambda s: {"state_dict_ema": state(2), "state_dict": s}),
        "also holds averaged (EMA) weights; --weights-key state_dict_ema takes them",
    ),
    "with others beside": (
        holding(lambda s: {"best": state(2), "model": s}),
        "also holds weights that fit under 'best'; --weights-key best takes them",
    ),
    "twice the same": (holding(lambda s: {"one": s, "two": dict(s)}), "entry 'one'"),
    "extra entries": (
        holding(lambda s: {**s, "aux.weight": torch.ones(2), "epoch": 3}),
        "passed over in w.pth: 'aux.weight' and 'epoch'",
    ),
    "in half precision": (holding(lambda s: {n: v.half() for n, v in s.items()}), ""),
    "parameters": (holding(lambda s: {n: nn.Parameter(v, False) for n, v in s.items()}), ""),
    "no count of batches": (
        holding(lambda s: {n: v for n, v in s.items() if not n.endswith("tracked")}),
        "",
    ),
    "safetensors": (lambda path, s: save_file(s, path), ""),
    "safetensors of a module": (
        lambda path, s: save_file(prefixed("model.", s), path),
        "the prefix 'model.' of its names removed",
    ),
    "npz": (lambda path, s: _arrays(path, s), ""),
}


def _arrays(path: Path, values: State) -> None:
    with path.open("wb") as file:
        np.savez(
            file, allow_pickle=False, **{name: value.numpy() for name, value in values.items()}
        )


@pytest.mark.parametrize("form", READ)
def test_a_checkpoint_is_read_and_said_what_was_done(tmp_path: Path, form: str) -> None:
    write, line = READ[form]
    path = tmp_path / ("w.npz" if form == "npz" else "w.pth")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, about what is written
        write(path, state())
    network = filled(3)
    remarks = fill(network, path)
    for name, value in network.state_dict().items():
        if not name.endswith("tracked"):
            assert torch.equal(value, state()[name]), name
    assert line in "\n".join(remarks)
    assert bool(remarks) == bool(line), remarks
    assert all(remark.isprintable() for remark in remarks)


def zipped(path: Path, _: State, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "content")


def scripted(path: Path, _: State) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out
        torch.jit.save(torch.jit.trace(filled().eval(), torch.zeros(1, 3, 9, 9)), path)


def exported(path: Path, _: State) -> None:
    program = torch.export.export(filled().eval(), (torch.zeros(1, 3, 9, 9),))
    torch.export.save(program, path)


def cut(path: Path, values: State, write: Callable[[State, Path], Any]) -> None:
    write(values, path)
    path.write_bytes(path.read_bytes()[:-600])


def deeper(values: State) -> State:
    return {**values, "stem.3.weight": torch.ones(4, 4, 3, 3), "stem.3.bias": torch.ones(4)}


REFUSED: dict[str, tuple[Write, str]] = {
    "TorchScript": (scripted, "is a TorchScript program, which is not run; write its tensors"),
    "an exported program": (exported, r"is an exported program \(\.pt2\), which is not run"),
    "a zip": (
        lambda path, s: zipped(path, s, "a.pth", "b.txt", "c", "d"),
        "is a zip archive of 'a.pth', 'b.txt', 'c' and 1 more; unpack it",
    ),
    "a Keras zip": (
        lambda path, s: zipped(path, s, "config.json", "model.weights.h5"),
        "is a Keras model; convert it",
    ),
    **{
        kind: (lambda path, _, start=start: path.write_bytes(start + bytes(600)), line)
        for kind, start, line in (
            ("HDF5", b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
            ("Git LFS", b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
            ("HTML", b"<!DOCTYPE html>", "is a web page, not the file; fetch it again"),
            ("ONNX", b"\x08\x07\x12\x07pytorch", "is an ONNX model; convert it"),
            ("GGUF", b"GGUF\x03\0\0\0", "is a GGUF file"),
            ("gzip", b"\x1f\x8b\x08\0", "is packed by gzip; unpack it"),
            ("a tar", bytes(257) + b"ustar\0", "is a tar archive; unpack it"),
            ("bytes", b"\x01\x02\x03", "is no file of weights as torch.save writes them"),
        )
    },
    "a torn file": (
        lambda path, s: cut(path, s, torch.save),
        "is damaged or incomplete, or not written by torch.save",
    ),
    "torn safetensors": (
        lambda path, s: cut(path, s, save_file),
        "is damaged or incomplete, or not written by safetensors",
    ),
    "nothing inside": (holding(lambda s: {}), "it holds nothing; write one with"),
    "options alone": (
        holding(lambda s: {"epoch": 3, "args": OPTIONS["args"]}),
        "holds no state dict but 'epoch' and 'args'; write one with .*which was neither",
    ),
    "another network": (
        holding(lambda s: {"model": {f"layer{i}.weight": torch.ones(2) for i in range(7)}}),
        r"'stem.0.weight' is missing \(10 of 10 are\); it holds 'layer0.weight', "
        r"'layer1.weight', 'layer2.weight' and 4 more \(7 tensors, under 'model'\)",
    ),
    "one tensor too few": (
        holding(lambda s: without(s, "body.bias")),
        r"'body.bias' is missing \(1 of 10 are\); it holds 'stem.0.weight', ",
    ),
    "half under a prefix": (
        holding(lambda s: {("a." if n < "g" else "b.") + n: v for n, v in s.items()}),
        r"'body.weight' is missing|'stem.0.weight' is missing",
    ),
    "another shape": (
        holding(lambda s: {**s, "body.weight": torch.ones(6, 4, 5, 5)}),
        r"the shape of 'body.weight' is \(6, 4, 5, 5\) and not \(6, 4, 3, 3\); it holds",
    ),
    "a deeper network": (
        holding(deeper),
        "it has 'stem.3.weight' and 1 more besides, within a part of the network",
    ),
    "student and teacher": (
        holding(lambda s: {"student": s, "teacher": state(2)}),
        "several entries fit it, 'student', 'teacher'; say which with --weights-key",
    ),
    "two prefixes": (
        holding(lambda s: prefixed("online.", s) | prefixed("target.", state(2))),
        "several entries fit it, 'online', 'target'; say which with --weights-key",
    ),
    "the head alone": (
        holding(lambda s: {n: v for n, v in s.items() if n.startswith("fc")}),
        r"'stem.0.weight' is missing",
    ),
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_is_no_checkpoint_of_the_network_is_refused_in_one_line(
    tmp_path: Path, form: str
) -> None:
    write, line = REFUSED[form]
    write(tmp_path / "w.pth", state())
    network = filled(3)
    with pytest.raises(AtlasError, match=line) as caught:
        fill(network, tmp_path / "w.pth")
    assert str(tmp_path / "w.pth") in str(caught.value) and str(caught.value).isprintable()
    for name, value in network.state_dict().items():
        assert torch.equal(value, state(3)[name]), "a refused file changes nothing"


# Any nesting of any prefixes


NESTINGS = st.lists(
    st.sampled_from(
        ["state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "ema"]
    ),
    max_size=3,
)
PREFIXES = st.lists(
    st.sampled_from(["module", "_orig_mod", "model", "net", "backbone", "encoder", "a_b"]),
    max_size=4,
)
EXTRAS = st.dictionaries(
    st.sampled_from(["epoch", "args", "lr", "optimizer", "n_averaged"]),
    st.integers() | st.floats() | st.text(max_size=3) | st.just(OPTIONS) | st.lists(st.none()),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NESTINGS, PREFIXES, EXTRAS, st.booleans())
def test_any_nesting_and_prefix_gives_the_same_tensors(
    tmp_path_factory: pytest.TempPathFactory,
    nesting: list[str],
    prefixes: list[str],
    extras: dict[str, Any],
    old: bool,
) -> None:
    content: Any = prefixed("".join(f"{part}." for part in prefixes), state()) | extras
    for name in nesting:
        content = extras | {name: content}
    path = tmp_path_factory.mktemp("any") / "w.pth"
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    network = filled(3)
    fill(network, path)
    for name, value in network.state_dict().items():
        assert torch.equal(value, state()[name])
