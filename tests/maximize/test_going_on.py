"""Pictures that stop at a size and go on are those of one go, to the bit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.small_build import Small

from atlas import RECIPES, Recipe, Target, load_network
from atlas.maximize.loop import maximize_chunk
from atlas.run.folder import Run
from atlas.run.growing import forget_growing, grown_to, keep_growing, recall_growing
from atlas.run.plan import Item
from atlas.target import Picture

TARGETS = [Target("conv2", 1), Target("conv1", 3), Target("conv2", 0, 2), Target("conv2", 0)]
CHUNK = [Item("mine", each.layer, each.unit, each.sample) for each in TARGETS[:3]]
SHORT = {
    "article": Recipe(start_size=28, upscales=12, steps=2),
    "clear": replace(RECIPES["clear"], start_size=32, upscales=3, steps=3),
    "fine conv1": replace(RECIPES["clear"], start_size=32, upscales=3, steps=3, fine_below=8),
    "diverse": Recipe(start_size=28, upscales=12, steps=2, diversity_weight=1.0),
}


def same(one: Picture, other: Picture) -> bool:
    stages = zip(one.stages, other.stages, strict=True)
    return (
        (one.target, one.seed, one.attempt, one.status, one.terms)
        == (other.target, other.seed, other.attempt, other.status, other.terms)
        and one.image.dtype == other.image.dtype
        and np.array_equal(one.image, other.image)
        and np.array_equal(one.activations, other.activations)
        and all(a[0] == b[0] and np.array_equal(a[1], b[1]) for a, b in stages)
    )


@settings(max_examples=12, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float64"])
@pytest.mark.parametrize("recipe", SHORT.values(), ids=SHORT)
def test_pictures_that_stop_anywhere_and_go_on_are_those_of_one_go(
    recipe: Recipe,
    precision: str,
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    network = load_network(Small(), precision=precision)  # type: ignore[arg-type]
    scales = [0.5, 1.0, 2.0, 2.0]
    whole = maximize_chunk(network, TARGETS, recipe, 3, scales=scales)
    ladder = [rung.size for rung in recipe.ladder(network.sizes)]
    run, pictures = Run(tmp_path_factory.mktemp("run")), None
    for stop in sorted(data.draw(st.sets(st.sampled_from(ladder[:-1]), max_size=3))):
        pictures = maximize_chunk(
            network, TARGETS, recipe, 3, scales=scales, grown=pictures, until=stop
        )
        assert {picture.image.shape for picture in pictures} == {(3, stop, stop)}
        assert all(np.array_equal(each.stages[-1][1], each.image) for each in pictures)
        keep_growing(run, CHUNK, pictures)
        pictures = recall_growing(run, CHUNK, TARGETS)
    finished = maximize_chunk(network, TARGETS, recipe, 3, scales=scales, grown=pictures)
    assert all(same(one, other) for one, other in zip(finished, whole, strict=True))


def test_pictures_that_are_as_large_as_asked_take_no_step() -> None:
    network, done = load_network(Small()), []
    grown = maximize_chunk(network, TARGETS, SHORT["article"], 0, until=34)
    again = maximize_chunk(
        network, TARGETS, SHORT["article"], 0, grown=grown, until=34, progress=done.append
    )
    assert not done and all(same(one, other) for one, other in zip(again, grown, strict=True))


def test_kept_pictures_that_are_damaged_or_of_another_chunk_are_none(tmp_path: Path) -> None:
    network, run = load_network(Small()), Run(tmp_path)
    keep_growing(run, CHUNK, maximize_chunk(network, TARGETS, SHORT["article"], 0, until=30))
    assert recall_growing(run, CHUNK[:2], TARGETS[:2]) is None
    (file,) = (tmp_path / "growing").iterdir()
    whole = file.read_bytes()
    assert grown_to(run, CHUNK) == 30 and grown_to(run, CHUNK[:2]) == 0
    for damaged in (
        whole[:-100],
        whole[:100],
        b"",
        whole.replace(b"\x3f", b"\x3e", 40),
        whole.replace(b"seed.npy", b"feed.npy"),
        whole.replace(b"stage0.npy", b"stageX.npy"),
    ):
        file.write_bytes(damaged)
        assert recall_growing(run, CHUNK, TARGETS) is None
    file.write_bytes(whole)
    assert recall_growing(run, CHUNK, TARGETS) is not None
    forget_growing(run, CHUNK)
    assert recall_growing(run, CHUNK, TARGETS) is None
