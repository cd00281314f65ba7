"""Chunks are shared out among threads and processes, fit the memory, and none is lost."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from atlas import build
from atlas.cli import main
from atlas.errors import AtlasError
from atlas.group import Group
from atlas.machine import bytes_per_image
from atlas.network import load_network
from atlas.plan import Item, deal, halves
from atlas.progress import Progress
from atlas.workers import Workers, out_of_memory

ITEMS = [Item("article", f"layer{number % 16}", number // 16) for number in range(400)]


@given(count=st.integers(0, 400), most=st.integers(1, 40), workers=st.integers(1, 20))
def test_items_are_dealt_once_each_in_chunks_of_equal_size(
    count: int, most: int, workers: int
) -> None:
    chunks = deal(ITEMS[:count], most, workers)
    assert sorted(item for chunk in chunks for item in chunk) == sorted(ITEMS[:count])
    assert all(1 <= len(chunk) <= most for chunk in chunks)
    # No worker waits a whole chunk for the others, and no chunk is cut smaller than that needs.
    assert len(chunks) <= -(-count // (most * workers)) * workers
    for first in range(0, len(chunks), workers):
        sizes = [len(chunk) for chunk in chunks[first : first + workers]]
        assert max(sizes) - min(sizes) <= 1


def test_the_chunks_of_two_workers_are_of_the_same_depth() -> None:
    chunks = deal(ITEMS[:32], 16, 2)
    depths = [sum(int(item.layer.removeprefix("layer")) for item in chunk) for chunk in chunks]
    assert depths == [120, 120]


def ignore(done: int) -> None:
    """No progress is shown."""


def workers(
    make: Callable[[Sequence[int], Progress], None], threads: int, cut: list[int] | None = None
) -> Workers[int]:
    """Workers whose chunks are numbers; the size of each chunk that is halved goes to ``cut``."""

    def halve(chunk: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
        if cut is not None:
            cut.append(len(chunk))
        middle = (len(chunk) + 1) // 2
        return chunk[:middle], chunk[middle:]

    return Workers(make, halve, threads, Group(), ignore)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_chunk_is_made_once(threads: int) -> None:
    made: list[list[int]] = []
    chunks = [[number] for number in range(40)]
    workers(lambda chunk, _: made.append(list(chunk)), threads).work(chunks, "chunks")
    assert sorted(made) == chunks


def test_a_worker_computes_on_one_core() -> None:
    before, used = torch.get_num_threads(), []
    workers(lambda *_: used.append(torch.get_num_threads()), 3).work([[1], [2], [3]], "chunks")
    assert used == [1, 1, 1]
    assert torch.get_num_threads() == before


def test_when_one_chunk_fails_the_others_in_hand_are_dropped() -> None:
    both_began = threading.Barrier(2)
    finished = []

    def make(chunk: Sequence[int], progress: Progress) -> None:
        both_began.wait()
        if chunk == [0]:
            raise AtlasError("the disk is full")
        while True:
            progress(1)

    with pytest.raises(AtlasError, match="the disk is full"):
        workers(make, 2).work([[0], [1]], "chunks")
    assert finished == []


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate "
                     "memory: you tried to allocate 98765 bytes."),
    ],
)  # fmt: skip
def test_a_chunk_too_large_for_the_memory_is_made_in_halves(error: Exception) -> None:
    tried: list[list[int]] = []

    def make(chunk: Sequence[int], progress: Progress) -> None:
        tried.append(list(chunk))
        if len(chunk) > 2:
            raise error

    cut: list[int] = []
    workers(make, 1, cut).work([[1, 2, 3, 4, 5], [6, 7, 8, 9]], "chunks")
    assert [chunk for chunk in tried if len(chunk) <= 2] == [[1, 2], [3], [4, 5], [6, 7], [8, 9]]
    assert [len(chunk) for chunk in tried if len(chunk) > 2] == [5, 3]  # what is known is used
    assert cut == [5, 3, 4]


def test_too_little_memory_for_one_item_is_said_in_one_line() -> None:
    def make(chunk: Sequence[int], progress: Progress) -> None:
        raise MemoryError

    with pytest.raises(AtlasError, match="not enough memory for a single picture"):
        workers(make, 2).work([[1, 2], [3, 4]], "chunks")


def test_an_error_that_is_not_of_the_memory_is_not_taken_for_one() -> None:
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_a_failed_allocation_is_recognized() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert out_of_memory(caught.value)


def test_larger_pictures_need_more_memory_and_wider_numbers_too() -> None:
    network = load_network("googlenet", "bundled", precision="float32")
    small, large = (bytes_per_image(network, size) for size in (112, 224))
    assert 3.5 < large / small < 4.5
    network = load_network("googlenet", "bundled", precision="float64")
    assert bytes_per_image(network, 112) > 1.3 * small


# Whole builds

SMALL = ["--layers", "conv1,conv2", "--top", "3", "--weights", "bundled", "--quiet"]
SMALL += ["--upscales", "2", "--steps", "2", "--precision", "float32"]


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for i in range(10):
        coarse = generator.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((64, 64)).save(folder / f"{i:02d}.png")
    return folder


def files(run: Path) -> dict[str, bytes]:
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name != "timings.json"
    }


def test_memory_that_does_not_suffice_halves_the_chunks_of_the_plan(
    tmp_path: Path,
    photographs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    maximize_chunk = build.maximize_chunk
    monkeypatch.setattr(build.machine, "choose_workers", lambda device: 1)

    def small(network, targets, *arguments, **options):
        if len(targets) > 2:
            raise MemoryError
        return maximize_chunk(network, targets, *arguments, **options)

    monkeypatch.setattr(build, "maximize_chunk", small)
    options = [option for option in SMALL if option != "--quiet"] + ["--probe", str(photographs)]
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    assert main(["build", *options, *folders]) == 0
    assert capsys.readouterr().err.count("the memory does not hold 3 pictures") == 1
    chunks = json.loads((tmp_path / "run" / "plan.json").read_text())["chunks"]
    assert sorted(map(len, chunks)) == [1, 1, 2, 2]
    before = files(tmp_path / "run" / "units")
    monkeypatch.undo()
    assert main(["build", *options, *folders]) == 0
    assert files(tmp_path / "run" / "units") == before


def test_the_halves_of_a_chunk_are_the_chunk() -> None:
    first, second = halves(ITEMS[:5])
    assert (*first, *second) == tuple(ITEMS[:5])
    assert len(first) == 3


def test_two_processes_give_the_bytes_of_one(tmp_path: Path, photographs: Path) -> None:
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    given = ["atlas", "build", *SMALL, "--batch", "1", "--probe", str(photographs)]
    for name, launcher in (
        ("one", [sys.executable, "-m"]),
        ("two", [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "-m", "--"]),
    ):
        folders = ["--run", str(tmp_path / name), "--site", str(tmp_path / f"{name}-site")]
        done = subprocess.run(
            [*launcher, *given, *folders], env=alone, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert files(tmp_path / "two") == files(tmp_path / "one")
    assert files(tmp_path / "two-site") == files(tmp_path / "one-site")
