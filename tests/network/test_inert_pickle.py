"""Code in a file never runs."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.attacks import Attack
from support.checkpoints import Tiny, state
from torch._utils import _rebuild_tensor_v2

from atlas.errors import AtlasError
from atlas.network.weights.filling import fill


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
        values["body.weight"] = Calls(_rebuild_tensor_v2, code, 0, (1,), (1,))
    torch.save(values, path)
    with pytest.raises(AtlasError, match=r"'body.weight' is missing|is damaged"):
        fill(Tiny(), path)
    assert not mark.exists()
