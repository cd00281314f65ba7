"""Chunks are shared out among threads and processes, fit the memory, and none is lost."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.small_build import QUICK, Small, contents, draw_photographs, shrink

import atlas
from atlas._system import processes
from atlas._system.memory import out_of_memory
from atlas._system.processes import ProcessGroup
from atlas._system.progress import Progress
from atlas._system.workers import Workers
from atlas.build import maximize, rank, render, resources
from atlas.build.resources import bytes_per_image
from atlas.build.session import Session
from atlas.cli import main
from atlas.errors import AtlasError
from atlas.maximize.loop import maximize_chunk
from atlas.network.loading import load_network
from atlas.recipe import Recipe
from atlas.run.folder import Run
from atlas.run.pictures import write_pictures
from atlas.run.plan import Item, Plan, deal, halves
from atlas.run.rounds import Round
from atlas.settings import Settings
from atlas.target import Target

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


@given(units=st.integers(1, 60), samples=st.integers(1, 5), workers=st.integers(1, 4))
def test_the_samples_of_a_unit_are_in_one_chunk(units: int, samples: int, workers: int) -> None:
    items = [
        Item("clear", *item[1:3], each + 1) for item in ITEMS[:units] for each in range(samples)
    ]
    chunks = deal(items, 16, workers)
    assert sorted(item for chunk in chunks for item in chunk) == sorted(items)
    assert all(len(chunk) <= 16 for chunk in chunks)
    for chunk in chunks:
        assert len({item[1:3] for item in chunk}) * samples == len(chunk)


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

    return Workers(make, halve, threads, ProcessGroup(), ignore)


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
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("could not create a primitive"),
        RuntimeError("can't start new thread"),
        cv2.error("OpenCV(4.12.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to "
                  "allocate 98765 bytes in function 'OutOfMemoryError'"),
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
    for other in ("mat1 and mat2 shapes cannot be multiplied", "could not create a primitive "
                  "descriptor for a convolution"):  # fmt: skip
        assert not out_of_memory(RuntimeError(other))


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

THREE = ["--top", "3", "--recipe", "article", "--upscales", "2", "--steps", "2", "--device", "cpu"]


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for i in range(10):
        coarse = generator.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((64, 64)).save(folder / f"{i:02d}.png")
    return folder


def test_memory_that_does_not_suffice_halves_the_chunks_of_the_plan(
    tmp_path: Path,
    photographs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    maximize_chunk, tried = maximize.maximize_chunk, []

    def starved(network, targets, *arguments, **options):
        tried.append(len(targets))
        if len(targets) > 2:
            raise MemoryError
        return maximize_chunk(network, targets, *arguments, **options)

    shrink(monkeypatch)
    monkeypatch.setattr(resources, "choose_workers", lambda *_: 1)
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    given = ["build", *THREE, "--probe", str(photographs), *folders]
    with monkeypatch.context() as patch:
        patch.setattr(maximize, "maximize_chunk", starved)
        assert main(given) == 0
        assert capsys.readouterr().err.count("the memory does not hold 3 pictures") == 1
        plan = json.loads((tmp_path / "run" / "plan.json").read_text())
        assert sorted(map(len, plan["chunks"])) == [1, 1, 2, 2]
        assert plan["most"] == 2
        before = contents(tmp_path / "run" / "units")
        # What comes later is planned, and what was planned is made, with what the memory holds.
        tried.clear()
        assert main([*given, "--samples", "3"]) == 0
        assert max(tried) == 2
        plan = json.loads((tmp_path / "run" / "plan.json").read_text())
        assert {len(chunk) for chunk in plan["chunks"]} <= {1, 2}
    assert main(given) == 0
    assert before.items() <= contents(tmp_path / "run" / "units").items()


def test_it_is_said_once_that_the_memory_does_not_suffice(
    tmp_path: Path,
    photographs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    maximize_chunk = maximize.maximize_chunk

    def starved(network, targets, *arguments, **options):
        if len(targets) > 1:
            raise MemoryError
        return maximize_chunk(network, targets, *arguments, **options)

    shrink(monkeypatch)
    monkeypatch.setattr(maximize, "maximize_chunk", starved)
    monkeypatch.setattr(resources, "choose_workers", lambda *_: 4)
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    given = [*THREE, "--samples", "3", "--batch", "4", "--probe", str(photographs), *folders]
    assert main(["build", *given]) == 0
    assert capsys.readouterr().err.count("the memory does not hold") == 1


@pytest.mark.parametrize("rank", [0, 1], ids=["the leader", "another"])
def test_whichever_process_is_the_first_to_lack_memory_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    said: list[str] = []
    asked = Settings(run=str(tmp_path / "run"), upscales=0, steps=1, quiet=True)
    run, group = Run(asked.run), ProcessGroup(rank)
    session = Session(asked, run, group, said.append, load_network(Small()))
    monkeypatch.setattr(maximize, "scales_counted", lambda recipe, table: defaultdict(lambda: 1.0))
    monkeypatch.setattr(run, "table", lambda name: None)
    chunk = tuple(Item("article", "conv1", unit) for unit in range(4))
    Plan((chunk,)).save(run)

    def nothing_fits(network, targets, *_, **__):
        raise MemoryError

    monkeypatch.setattr(maximize, "maximize_chunk", nothing_fits)
    with pytest.raises(AtlasError, match="not enough memory for a single picture"):
        maximize.make_chunks(session, Round("article", 28), [chunk])
    assert [line for line in said if "memory" in line] == [
        "the memory does not hold 4 pictures at once; making fewer"
    ]


STARVED = """
import resource, sys
from collections import defaultdict
from pathlib import Path
from support.small_build import Small
from atlas._system.processes import ProcessGroup
from atlas.build import maximize, resources
from atlas.build.session import Session
from atlas.maximize.loop import maximize_chunk
from atlas.network.loading import load_network
from atlas.recipe import Recipe
from atlas.recipe import Recipe
from atlas.run.folder import Run
from atlas.run.plan import Item, Plan
from atlas.run.rounds import Round
from atlas.settings import Settings

large = Recipe(start_size=400, upscales=0, steps=1)
settings = Settings(run=sys.argv[1], recipe=("large",), recipes=(("large", large),), quiet=True)
run = Run(settings.run)
session = Session(settings, run, ProcessGroup(), print, load_network(Small()))
maximize.scales_counted = lambda recipe, table: defaultdict(lambda: 1.0)
run.table = lambda name: None
resources.choose_workers = lambda *_: 1
first, *others = [Item("large", "conv1", 0, sample) for sample in range(1, 34)]
chunks = (first,), tuple(others)
Plan(chunks).save(run)
stop = Round("large", 400)
maximize.make_chunks(session, stop, chunks[:1])  # what one picture takes once
session.group = ProcessGroup()  # which has handed out nothing
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[2]), resource.RLIM_INFINITY))
maximize.make_chunks(session, stop, chunks[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit does not hold")
def test_a_process_that_gets_no_more_memory_makes_fewer_pictures_at_once(tmp_path: Path) -> None:
    room = 450 * 2**20  # a picture takes about a tenth of it, thirty-two three times as much
    done = subprocess.run(
        [sys.executable, "-c", STARVED, str(tmp_path / "run"), str(room)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("the memory does not hold") == 1
    plan = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert min(map(len, plan["chunks"])) <= plan["most"] < 16
    assert len(list((tmp_path / "run" / "units" / "large" / "conv1").glob("*.json"))) == 33


def test_pictures_are_written_where_no_thread_can_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    targets = [Target("conv1", unit) for unit in range(2)]
    recipe = Recipe(upscales=0, steps=1)
    made = maximize_chunk(load_network(Small()), targets, recipe, seed=0)
    monkeypatch.setattr(threading.Thread, "start", no_memory)
    items = [Item("article", target.layer, target.unit) for target in targets]
    write_pictures(Run(tmp_path), items, made, threads=1)
    assert len(list((tmp_path / "units" / "article" / "conv1").glob("*.json"))) == 2


@pytest.mark.parametrize(
    "module, step",
    [
        (rank, "measure_units"),
        (maximize, "write_sheets"),
        (render, "render_site"),
        (resources, "load_network"),
    ],
    ids=["rank", "maximize", "render", "network"],
)
@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA error: out of memory")])
def test_a_lack_of_memory_anywhere_is_one_line(
    tmp_path: Path,
    photographs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: ModuleType,
    step: str,
    error: Exception,
) -> None:
    def starved(*_: object, **__: object) -> None:
        raise error

    shrink(monkeypatch)
    monkeypatch.setattr(module, step, starved)
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    assert main(["build", *QUICK, "--probe", str(photographs), *folders]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("atlas: there is not enough memory")


def test_the_halves_of_a_chunk_are_the_chunk() -> None:
    first, second = halves(ITEMS[:5])
    assert (*first, *second) == tuple(ITEMS[:5])
    assert len(first) == 3


PROGRAM = """
import os, sys, time
from atlas._system import environment
environment.prepare()  # before torch is loaded
import pytest
from support.small_build import Colors, shrink
from atlas import cli
from atlas.build import maximize, resources
from atlas.examine import similarity_judge
from atlas.run import rounds

shrink(pytest.MonkeyPatch())
similarity_judge.SimilarityJudge = Colors
rounds.FIRST_LOOK = {"article": 28}
maximize_chunk, made = maximize.maximize_chunk, []
restarts = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))
held_at = os.environ.get("HELD", "").split()[restarts:][:1]

def held(*arguments, until, progress, **options):
    while str(until) in held_at and until in made:
        progress(0)
        time.sleep(0.01)
    made.append(until)
    return maximize_chunk(*arguments, until=until, progress=progress, **options)

maximize.maximize_chunk = held
resources.choose_workers = lambda *_: 1
sys.exit(cli.main())
"""
"""Builds with a small network in two rounds, to 28 and to 30 pixels.

``HELD`` says for the first start and each that follows in which round a process makes one chunk and
then waits to be killed.
"""

ALONE = ["-m"]
TOGETHER = ["-m", "torch.distributed.run", "--nproc-per-node=2", "-m", "--"]
RESTARTED = [*TOGETHER[:3], "--max-restarts=2", *TOGETHER[3:]]

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Start a build in chunks of two, into ``run`` and ``site`` of a folder."""
    own = tmp_path_factory.mktemp("program")
    (own / "small_atlas.py").write_text(PROGRAM)
    (own / "photographs").mkdir()
    draw_photographs(own / "photographs", 3)
    # Torchrun sets this variable for its processes where it is not set.
    alone = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    alone["PYTHONPATH"] = os.pathsep.join([str(own), str(Path(__file__).parents[1])])
    given = [*THREE, "--top", "all", "--samples", "3", "--batch", "2", "--quiet"]
    given += ["--probe", str(own / "photographs")]

    def call(launcher: Sequence[str], folder: Path, **variables: str) -> "subprocess.Popen[str]":
        folders = ["--run", str(folder / "run"), "--site", str(folder / "site")]
        command = [sys.executable, *launcher, "small_atlas", "build", *given, *folders]
        return subprocess.Popen(command, env=alone | variables, stderr=subprocess.PIPE, text=True)

    return call


def built(process: "subprocess.Popen[str]", folder: Path) -> dict[str, bytes]:
    """The files that a process leaves in its folder."""
    _, log = process.communicate()
    assert process.returncode == 0, log
    return contents(folder)


@pytest.fixture(scope="module")
def of_one(start: Start, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process makes that nobody disturbs."""
    folder = tmp_path_factory.mktemp("one")
    return built(start(ALONE, folder), folder)


def test_two_processes_give_the_bytes_of_one(
    start: Start, of_one: dict[str, bytes], tmp_path: Path
) -> None:
    assert built(start(TOGETHER, tmp_path), tmp_path) == of_one


def children(process: int) -> list[int]:
    return [
        int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")
def test_when_one_of_two_processes_is_killed_another_start_gives_the_same_bytes(
    start: Start, of_one: dict[str, bytes], tmp_path: Path
) -> None:
    def count() -> int:
        return len(list((tmp_path / "run" / "units").rglob("*.json")))

    made = 0
    for victim in (0, 1):  # the leader, then the other
        with start(TOGETHER, tmp_path, HELD="28") as process:
            while count() == made:
                assert process.poll() is None
                time.sleep(0.01)
            os.kill(sorted(children(process.pid))[victim], signal.SIGKILL)
            assert process.stderr is not None
            log = process.stderr.read()
        assert process.returncode != 0
        assert f'File "{Path(atlas.__file__).parent}' not in log, "a traceback of ours"
        assert not (tmp_path / "site").exists()
        made = count()
    assert built(start(TOGETHER, tmp_path), tmp_path) == of_one


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes under /proc")
def test_where_torchrun_may_start_them_again_killed_processes_end_no_build(
    start: Start, of_one: dict[str, bytes], tmp_path: Path
) -> None:
    def has_come_to(size: int) -> bool:
        records = (tmp_path / "run" / "units").rglob("*.json")
        return any(json.loads(record.read_bytes())["size"] == size for record in records)

    process = start(RESTARTED, tmp_path, HELD="28 30")
    for victim, size in ((1, 28), (0, 30)):  # the leader last, in the second round
        while not has_come_to(size):
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(sorted(children(process.pid))[victim], signal.SIGKILL)
        (tmp_path / "run" / "units" / f".atlas-{victim}.part").write_text("half-writ")
    assert built(process, tmp_path) == of_one


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"RANK": "1"},
        {"RANK": "1", "MASTER_ADDR": "127.0.0.1"},
        {"RANK": "x", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}"},
        {"RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "x"},
        {"RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}"},
        {"RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}"},
        {"RANK": "1", "MASTER_ADDR": "nobody.invalid", "MASTER_PORT": "{port}"},
        {"RANK": "1", "LOCAL_RANK": "x", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}"},
        {"WORLD_SIZE": "two", "RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}"},
        {"WORLD_SIZE": "0", "RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}"},
        {"WORLD_SIZE": "", "RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "{port}"},
    ],
    ids=str,
)
def test_a_group_that_cannot_be_joined_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"WORLD_SIZE": "2"} | environment).items():
        monkeypatch.setenv(name, value.format(port=port))
    monkeypatch.setattr(processes, "JOINING", timedelta(seconds=1))
    monkeypatch.chdir(tmp_path)
    assert main(["build", *QUICK]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("atlas: the environment names a group") and "torchrun" in line
