"""Python users: whatever is wrong with an argument is one line of an AtlasError."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.small_build import Small

from atlas import (
    RECIPES,
    AtlasError,
    Images,
    UsageError,
    load_network,
    maximize_units,
    open_probe_set,
    rank_units,
)
from atlas.network.network import Network
from atlas.probe.probe_set import ProbeSet
from atlas.target import Picture

NETWORK = load_network(Small())
RECIPE = replace(RECIPES["article"], upscales=0, steps=1)


class Gray(ProbeSet):
    kind = "folder"

    def __init__(self) -> None:
        super().__init__("gray", ["dark", "light"], "0" * 64)

    def image(self, index: int) -> NDArray[np.uint8]:
        return np.full((224, 224, 3), 100 * index, np.uint8)


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers() | st.sampled_from([0, -1, 4, 2**63, 10**30]),
    st.floats(),
    st.text(max_size=4) | st.sampled_from(["conv1", "\0", "a\nb", "cuda:9", "gpu", "mps", "meta"]),
    st.binary(max_size=3),
    st.lists(st.none() | st.integers() | st.text(max_size=3), max_size=3),
    st.lists(st.tuples(st.sampled_from(["conv1", "x", 1]), st.integers() | st.text(max_size=2))),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sampled_from([object(), torch.zeros(1), np.zeros(3), torch.float32, Small, Gray(), RECIPE]),
    st.sampled_from([torch.full((1, 3, 28, 28), torch.nan), torch.zeros(1, 3, 28, 28).int()]),
)
CALLS: dict[str, tuple[Callable[[Any], Any], type]] = {
    "network": (lambda value: load_network(value), Network),
    "weights": (lambda value: load_network("googlenet", value), Network),
    "device": (lambda value: load_network(Small(), device=value), Network),
    "precision": (lambda value: load_network(Small(), precision=value), Network),
    "probe pixels": (lambda value: Images(["a"], value), Images),
    "probe names": (lambda value: Images(value, np.zeros((1, 8, 8, 3), np.uint8)), Images),
    "mean": (lambda value: load_network(Small(), mean=value), Network),
    "std": (lambda value: load_network(Small(), std=value), Network),
    "source": (lambda value: open_probe_set(value), ProbeSet),
    "ranked network": (lambda value: rank_units(value, Gray()), pd.DataFrame),
    "images": (lambda value: rank_units(NETWORK, value), pd.DataFrame),
    "layers": (lambda value: rank_units(NETWORK, Gray(), value), pd.DataFrame),
    "top": (lambda value: rank_units(NETWORK, Gray(), ["conv1"], top=value), pd.DataFrame),
    "maximized network": (lambda value: maximize_units(value, [("conv1", 1)], RECIPE), list),
    "units": (lambda value: maximize_units(NETWORK, value, RECIPE), list),
    "recipe": (
        lambda value: maximize_units(NETWORK, [("conv1", 1)] if value is not None else [], value),
        list,
    ),
    "seed": (lambda value: maximize_units(NETWORK, [("conv1", 1)], RECIPE, seed=value), list),
    "init": (lambda value: maximize_units(NETWORK, [("conv1", 1)], RECIPE, init=value), list),
    "scales": (lambda value: maximize_units(NETWORK, [("conv1", 1)], RECIPE, scales=value), list),
    "batch": (lambda value: maximize_units(NETWORK, [("conv1", 1)], RECIPE, batch=value), list),
}


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=40)
@given(value=junk)
def test_any_argument_is_used_or_refused_in_one_line(name: str, value: Any) -> None:
    call, kind = CALLS[name]
    try:
        assert isinstance(call(value), kind)
    except AtlasError as error:
        assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_a_module_of_any_precision_is_shown_in_the_one_asked_for(kind: torch.dtype) -> None:
    module = Small().to(kind)
    network = load_network(module)
    (parameter, *_) = network.module.parameters()
    assert parameter.dtype == torch.float32
    assert network.weights.sha256 == load_network(module).weights.sha256
    (picture,) = maximize_units(network, [("conv1", 1)], RECIPE)
    assert picture.status == "ok"


@pytest.mark.parametrize(
    "value", [3, "3x8x8", "abc", (), (3, 8), (3, 8, 9), (0, 8, 8), 1.5, [None]]
)
def test_an_input_that_is_no_shape_is_refused_in_one_line(value: Any) -> None:
    for network in (Small(), "googlenet"):
        with pytest.raises(UsageError, match=r"^input is ") as refused:
            load_network(network, "bundled", input=value)
        assert len(str(refused.value).splitlines()) == 1


@given(st.sampled_from(["pictures", "units", "conv1"]), st.integers(-5, 9))
def test_units_of_the_network_alone_are_maximized(layer: str, unit: int) -> None:
    try:
        made: list[Picture] = maximize_units(NETWORK, [(layer, unit)], RECIPE)
    except AtlasError:
        assert layer != "conv1" or unit not in range(4)
    else:
        assert (layer, unit) == (made[0].target.layer, made[0].target.unit)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: load_network(3), "network is 3; it must be a name or a torch.nn.Module"),  # type: ignore[arg-type]
        (
            lambda: load_network(Small(), device="gpu"),
            "device is 'gpu'; it must be one that torch can",
        ),
        (lambda: load_network(Small(), std=[1, 0, 1]), "it must be 3 numbers above 0"),
        (lambda: load_network(torch.nn.Identity()), "identity has no weights"),
        (lambda: rank_units(NETWORK, Gray(), "conv1"), "it must be several names"),
        (lambda: rank_units(NETWORK, Gray(), top=0), "top is 0; it must be a whole number from 1"),
        (lambda: rank_units(NETWORK, "stimuli"), "images is 'stimuli'"),  # type: ignore[arg-type]
        (lambda: maximize_units(NETWORK, ["conv1:1"]), "pairs of a layer and a number"),  # type: ignore[list-item]
        (lambda: maximize_units(NETWORK, [("conv1", 1)], seed=-1), "seed is -1"),
        (lambda: maximize_units(NETWORK, [("conv1", 1)], scales=3), "scales is 3; it must be 1 n"),  # type: ignore[arg-type]
        (lambda: maximize_units(NETWORK, [("conv1", 1)], scales=["a"]), "it must be 1 numbers ab"),  # type: ignore[list-item]
        (lambda: maximize_units(NETWORK, [("conv1", 1)], scales=[0]), "numbers above 0"),
        (lambda: maximize_units(NETWORK, [("conv1", 1)], scales=[1, 1]), "it must be 1 numbers"),
        (lambda: maximize_units(NETWORK, [("conv1", 1)], "article"), "must be a Recipe"),  # type: ignore[arg-type]
    ],
)
def test_the_refusal_says_what_is_wanted(call: Callable[[], object], reason: str) -> None:
    with pytest.raises(AtlasError, match=reason):
        call()
