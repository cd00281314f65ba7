"""Checkpoints of every usual form are read, and what is none is refused in one line."""

import argparse
import collections
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from support.attacks import Attack
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from atlas.errors import AtlasError
from atlas.network.filling import fill

State = dict[str, Tensor]
Write = Callable[[Path, State], Any]


class Tiny(nn.Module):
    """Two convolutions, a batch norm and a head."""

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.body = nn.Conv2d(4, 6, 3)
        self.fc = nn.Linear(6, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.body(self.stem(x)).mean((2, 3)))


def filled(number: float = 1, classes: int = 5) -> Tiny:
    """A network whose weights are told apart by a number."""
    network = Tiny(classes)
    torch.manual_seed(int(100 * number))
    for value in network.state_dict().values():
        value.copy_(torch.randint(1, 9, value.shape) + (0 if value.ndim == 0 else number))
    return network


def state(number: float = 1, classes: int = 5) -> State:
    return dict(filled(number, classes).state_dict())


def prefixed(prefix: str, values: State) -> State:
    return {f"{prefix}{name}": value for name, value in values.items()}


def holding(make: Callable[[State], Any], **options: Any) -> Write:
    return lambda path, values: torch.save(make(values), path, **options)


def inserted(values: State) -> State:
    """As ``network.stem = DataParallel(network.stem)`` names them."""
    return {name.replace("stem.", "stem.module."): value for name, value in values.items()}


OPTIONS = {
    "args": argparse.Namespace(lr=0.1, out=Path("runs/1")),
    "best": np.float64(0.93),
    "history": collections.defaultdict(list, loss=[np.float32(1.5)]),
    "note": SimpleNamespace(seed=np.random.default_rng(0).integers(9)),
}
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


def without(values: State, *names: str) -> State:
    return {name: value for name, value in values.items() if name not in names}


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


# Which entry


@pytest.mark.parametrize("key", ["ema", "ema.module"])
def test_averaged_weights_can_be_asked_for(tmp_path: Path, key: str) -> None:
    torch.save({"model": state(), "ema": {"module": state(2)}}, tmp_path / "w.pth")
    network = Tiny()
    fill(network, tmp_path / "w.pth", key)
    assert torch.equal(network.body.weight, state(2)["body.weight"])


def test_one_of_two_prefixes_can_be_asked_for(tmp_path: Path) -> None:
    torch.save(prefixed("online.", state()) | prefixed("target.", state(2)), tmp_path / "w.pth")
    network = Tiny()
    fill(network, tmp_path / "w.pth", "target")
    assert torch.equal(network.body.weight, state(2)["body.weight"])


def test_a_key_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    torch.save({"model": state(), "ema": state(2)}, tmp_path / "w.pth")
    with pytest.raises(AtlasError, match="under the key 'emma'; it holds 'model', 'ema'"):
        fill(Tiny(), tmp_path / "w.pth", "emma")


def test_the_network_may_have_the_prefix_that_the_file_has_not(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "w.pth")
    network = nn.ModuleDict({"net": Tiny()})
    assert "below 'net.'" in "".join(fill(network, tmp_path / "w.pth"))
    assert torch.equal(network.state_dict()["net.body.weight"], state()["body.weight"])


# The head


@pytest.mark.parametrize(
    ("held", "line"),
    [
        (state(1, 7), "the head fc.weight has 7 classes in the file and 5 in the network: left"),
        (without(state(), "fc.weight", "fc.bias"), "the head fc.weight is not in the file: left"),
        (without(state(), "fc.bias"), "the head fc.bias is not in the file: left"),
        (
            {**without(state(), "fc.weight", "fc.bias"), "fc.0.weight": torch.ones(3, 6)},
            "the head fc.weight is not in the file: left",
        ),
    ],
)
def test_another_head_leaves_that_of_the_network_and_is_said(
    tmp_path: Path, held: State, line: str
) -> None:
    torch.save(held, tmp_path / "w.pth")
    network = filled(3)
    assert line in "\n".join(fill(network, tmp_path / "w.pth"))
    assert torch.equal(network.body.weight, state()["body.weight"])
    assert torch.equal(network.fc.weight, state(3)["fc.weight"])
    assert torch.equal(network.fc.bias, state(3)["fc.bias"])


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


# Code in a file never runs


class Calls:
    """Asks for a call when it is unpickled."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def attacks(mark: Path) -> dict[str, Any]:
    """What a pickle can ask for, each of which makes a folder."""
    code = f"__import__('os').mkdir({str(mark)!r})"
    return {
        "mkdir": Attack(mark),
        "eval": Calls(eval, code),
        "exec": Calls(exec, code),
        "nested": [{"deep": (Attack(mark), {"er": Calls(eval, code)})}],
        "an argument": Calls(dict, [("a", Calls(eval, code))]),
        "getattr": Calls(getattr, Calls(__import__, "os"), "mkdir"),
        "a tensor's": torch.nn.Parameter(torch.zeros(1)),
    }


@pytest.mark.parametrize("kind", ["zip", "old", "plain"])
def test_code_beside_weights_is_passed_over_and_never_runs(tmp_path: Path, kind: str) -> None:
    mark, path = tmp_path / "attacked", tmp_path / "w.pth"
    content = {"state_dict": state(), "args": attacks(mark)}
    if kind == "plain":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    network = Tiny()
    assert "was neither loaded nor run" in fill(network, path)[0]
    assert torch.equal(network.body.weight, state()["body.weight"])
    assert not mark.exists()
    pickle.loads(pickle.dumps(attacks(mark)["eval"]))
    assert mark.exists(), "the attack is one"


@pytest.mark.parametrize("place", ["a tensor", "the rebuilding of one", "a name"])
def test_code_within_weights_is_refused_and_never_runs(tmp_path: Path, place: str) -> None:
    mark, path = tmp_path / "attacked", tmp_path / "w.pth"
    code = Calls(eval, f"__import__('os').mkdir({str(mark)!r})")
    values: dict[Any, Any] = state()
    if place == "a tensor":
        values["body.weight"] = code
    elif place == "a name":
        del values["body.weight"]
        values[code] = torch.ones(1)
    else:
        values["body.weight"] = Calls(torch._utils._rebuild_tensor_v2, code, 0, (1,), (1,))
    torch.save(values, path)
    with pytest.raises(AtlasError, match=r"'body.weight' is missing|is damaged"):
        fill(Tiny(), path)
    assert not mark.exists()
