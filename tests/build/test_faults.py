"""What happens to real programs: kills, interrupts, full disks, two at once. Nothing is lost."""

import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.small_build import QUICK, Colors, contents, draw_photographs, shrink

from atlas._system import atomic_files
from atlas._system.locks import LOCK, lock
from atlas.build import unit_statistics
from atlas.cli import main
from atlas.errors import AtlasError
from atlas.run import folder


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        patch.setattr("atlas.examine.similarity_judge.SimilarityJudge", Colors)
        yield


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    draw_photographs(folder, 3)
    return folder


Build = Callable[..., int]


@pytest.fixture
def build(photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Build into ``run`` and ``site`` of a folder."""
    monkeypatch.chdir(tmp_path)

    def call(folder: Path = tmp_path, *options: str) -> int:
        folders = ["--run", str(folder / "run"), "--site", str(folder / "site")]
        return main(["build", *QUICK, "--probe", str(photographs), *folders, *options])

    return call


@pytest.fixture(scope="module")
def undisturbed(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    folders = ["--run", str(folder / "run"), "--site", str(folder / "site")]
    assert main(["build", *QUICK, "--probe", str(photographs), *folders]) == 0
    return contents(folder)


def only_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("atlas: ") and said.out == ""
    return line


# Two at once


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a folder."""
    script = (
        "import sys; from pathlib import Path; from atlas._system.locks import lock\n"
        "with lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_build_in_the_same_run_says_who_is_first_and_leaves_all_alone(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with holder(tmp_path / "run") as first:
        assert build() == 1
        line = only_line(capsys)
        assert str(tmp_path / "run") in line and f"(process {first.pid})" in line
        assert [path.name for path in (tmp_path / "run").iterdir()] == [LOCK]


def test_a_lock_dies_with_its_process(
    build: Build, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    with holder(tmp_path / "run") as first:
        first.kill()
        first.wait()
    assert (tmp_path / "run" / LOCK).exists()
    assert build() == 0
    assert contents(tmp_path) == undisturbed


def test_two_runs_cannot_write_one_site_at_once(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with holder(tmp_path / "site"):
        assert build() == 1
        assert str(tmp_path / "site") in only_line(capsys)
    assert build() == 0


@pytest.mark.parametrize("kind", ["notes", "link", "dead link", "pipe", "folder"])
def test_what_is_no_lock_of_ours_is_left_as_it_is(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    (tmp_path / "precious").write_text("mine")
    place = tmp_path / "run" / LOCK
    place.parent.mkdir()
    if kind == "notes":
        place.write_text("mine")
    elif kind == "link":
        place.symlink_to(tmp_path / "precious")
    elif kind == "dead link":
        place.symlink_to(tmp_path / "new")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    assert build() == 1
    line = only_line(capsys)
    assert str(place) in line and "move it away" in line
    assert os.path.lexists(place) and not (tmp_path / "new").exists()
    assert (tmp_path / "precious").read_text() == "mine"
    assert kind != "notes" or place.read_text() == "mine"


def test_another_programs_lock_is_none_of_ours(
    build: Build, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    for name in ("run", "site"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".lock").write_text("of another program")
    assert build() == 0
    others = {f"{name}/.lock": b"of another program" for name in ("run", "site")}
    assert contents(tmp_path) == undisturbed | others


def test_a_lock_names_no_machine(tmp_path: Path) -> None:
    with lock(tmp_path):
        assert (tmp_path / LOCK).read_text() == f"process {os.getpid()}"


def test_a_lock_is_free_again_once_released(tmp_path: Path) -> None:
    for _ in range(2):
        with lock(tmp_path / "run"), pytest.raises(AtlasError), lock(tmp_path / "run"):
            pass
    assert not (tmp_path / "run").exists(), "it was made for nothing"


def test_what_a_killed_process_was_writing_is_swept(
    build: Build, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    assert build() == 0
    for where in ("run", "run/units/article/conv1", "site", "site/data"):
        (tmp_path / where / "x".join(atomic_files.PART)).write_text("hal")
    assert build() == 0
    assert contents(tmp_path) == undisturbed


def test_what_another_build_is_writing_in_a_folder_inside_is_left_alone(tmp_path: Path) -> None:
    inside = tmp_path / "runs" / "mine" / "units"
    inside.mkdir(parents=True)
    part, stale = (
        inside / "x".join(atomic_files.PART),
        tmp_path / "runs" / "x".join(atomic_files.PART),
    )
    with holder(tmp_path / "runs" / "mine"):
        part.write_text("hal")
        stale.write_text("hal")
        with lock(tmp_path / "runs"):
            assert part.exists() and not stale.exists()
    with lock(tmp_path / "runs" / "mine"):
        assert not part.exists()


# Disks


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, as large as a build takes by far."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a disk of one's own takes the right to mount one")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="to root nothing is read-only")
def test_a_folder_without_the_right_to_write_is_one_line(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    assert build(tmp_path / "closed") == 1
    assert "Permission denied" in only_line(capsys)


def is_whole(folder: Path, undisturbed: dict[str, bytes]) -> bool:
    """Whether every file that has its final name has its final content, but for the manifest."""
    changing = ("run/run.json", "run/digests.json", "site/.atlas-files")
    return all(
        data == undisturbed[name] for name, data in contents(folder).items() if name not in changing
    )


@pytest.mark.parametrize("kilobytes", [8, 44])
def test_a_full_disk_is_one_line_and_the_next_start_continues(
    build: Build,
    disk: Path,
    undisturbed: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
    kilobytes: int,
) -> None:
    remount(disk, f"size={kilobytes}k")
    assert build(disk) == 1
    line = only_line(capsys)
    assert str(disk) in line and "No space left on device" in line and "make room" in line
    assert is_whole(disk, undisturbed)
    remount(disk, "size=64m")
    assert build(disk) == 0
    assert contents(disk) == undisturbed


@pytest.mark.parametrize("size", [1, 2_000])
def test_a_file_that_is_not_let_grow_is_one_line_and_the_next_start_continues(
    build: Build,
    tmp_path: Path,
    undisturbed: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
    size: int,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        code = build()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    line = only_line(capsys)
    assert (code, "File too large" in line) == (1, True)
    assert is_whole(tmp_path, undisturbed)
    assert build() == 0
    assert contents(tmp_path) == undisturbed


def test_a_read_only_disk_is_one_line(
    build: Build, disk: Path, undisturbed: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    remount(disk, "ro")
    assert build(disk) == 1
    assert "Read-only file system" in only_line(capsys)
    remount(disk, "rw")
    assert build(disk) == 0
    assert contents(disk) == undisturbed


def test_a_run_that_may_not_be_written_is_rendered_all_the_same(
    build: Build, disk: Path, tmp_path: Path
) -> None:
    assert build(disk) == 0
    remount(disk, "ro")
    folders = ["--run", str(disk / "run"), "--site", str(tmp_path / "site")]
    assert main(["render", *folders, "--quiet"]) == 0
    assert contents(tmp_path / "site") == contents(disk / "site")


@pytest.mark.parametrize(("victim", "writes"), [("run", 20), ("site", 10)])
@pytest.mark.parametrize("again", [False, True], ids=["gone", "made anew by another"])
def test_a_folder_that_vanishes_is_one_line_and_does_not_come_back_half(
    build: Build,
    tmp_path: Path,
    undisturbed: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    victim: str,
    writes: int,
    again: bool,
) -> None:
    replace, turn = os.replace, itertools.count(1)

    def vanish(*arguments: str, **folders: int) -> None:
        replace(*arguments, **folders)
        if not (tmp_path / victim / arguments[1]).exists():
            return  # written elsewhere
        if next(turn) == writes:  # of several threads one alone
            (tmp_path / victim).rename(tmp_path / "old")
            while (tmp_path / "old").exists():  # a thread may write into it meanwhile
                shutil.rmtree(tmp_path / "old", ignore_errors=True)
            if again:
                (tmp_path / victim).mkdir()

    monkeypatch.setattr(folder.os, "replace", vanish)
    assert build() == 1
    assert str(tmp_path / victim) in only_line(capsys)
    assert not (tmp_path / victim).exists() or (again and not contents(tmp_path / victim))
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "old", ignore_errors=True)
    assert build() == 0
    assert contents(tmp_path) == undisturbed


# Damage


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 4)


def foreign(path: Path) -> None:
    """Another whole file of the kind."""
    path.write_bytes(max(path.parent.glob(f"*{path.suffix}")).read_bytes())


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def gone(path: Path) -> None:
    path.unlink()


def rows_gone(path: Path) -> None:
    """Cut at the end of a line."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))


def no_number(path: Path) -> None:
    """A letter in the last number of the second row: the column becomes one of texts."""
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2].rstrip("\n")[:-1] + "x\n"
    path.write_text("".join(lines))


def another_number(path: Path) -> None:
    """A number like any other in the last column of the second row."""
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2].rpartition(",")[0] + ",1\n"
    path.write_text("".join(lines))


def without(key: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        value = json.loads(path.read_text())
        del value[key]
        path.write_text(json.dumps(value))

    damage.__name__ = f"without {key}"
    return damage


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("judge", "no array")


def of_less_images(path: Path) -> None:
    np.save(path, np.load(path)[:-1])


def of_other_numbers(path: Path) -> None:
    np.save(path, np.load(path).astype(np.float64))


def no_array(path: Path) -> None:
    np.save(path, np.array([{}], dtype=object))


def of_another_seed(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seed": 7}))


PICTURE = "units/article/conv1/*"
FULL = ("activations", "strongest", "tuning")
DAMAGES = [
    *((f"{PICTURE}.png", how) for how in (half, foreign, flipped, gone)),
    *((f"{PICTURE}.stages.png", how) for how in (half, flipped)),
    *((f"{PICTURE}.json", how) for how in (half, empty, noise, foreign, of_another_seed)),
    *((f"{name}.csv", half) for name in ("activations", "ranking", "tuning", "examination")),
    *((f"{name}.csv", foreign) for name in ("strongest", "examination", "probe")),
    *((f"{name}.csv", gone) for name in ("activations", "strongest", "examination", "tasks")),
    *(("strongest.csv", how) for how in (empty, noise)),
    *((f"{name}.csv", rows_gone) for name in (*FULL, "probe")),
    *((f"{name}.csv", no_number) for name in (*FULL, "ranking", "tasks", "identification")),
    *(("strongest_stimuli.csv", how) for how in (half, foreign, gone, rows_gone, no_number)),
    *(("network.json", how) for how in (half, foreign, gone)),
    *(("network.json", without(key)) for key in ("input", "mean", "graph", "network")),
    *(("judge.npy", how) for how in (half, empty, noise, gone, zipped, no_array)),
    *(("judge.npy", how) for how in (of_less_images, of_other_numbers)),
    *(("responses.npy", how) for how in (half, gone, of_less_images)),
    *((f"{name}.csv", half) for name in ("relatives", "connections")),
    ("regions.csv", gone),
    *(("timings.json", how) for how in (half, noise)),
]
SUBTLE = [
    *((f"{name}.csv", rows_gone) for name in ("ranking", "tasks", "examination")),
    *((f"{name}.csv", another_number) for name in (*FULL, "ranking", "tasks", "examination")),
    ("strongest_stimuli.csv", another_number),
    *(("sheets/article/*.png", how) for how in (half, flipped)),
    ("judge.npy", flipped),
]
"""Damages that the digest of a file alone can tell, which older runs do not have."""


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs enough for tasks of identification."""
    folder = tmp_path_factory.mktemp("album")
    draw_photographs(folder, 60)
    return folder


@pytest.fixture(scope="module")
def finished(album: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build to be copied and damaged."""
    folder = tmp_path_factory.mktemp("finished")
    folders = ["--run", str(folder / "run"), "--site", str(folder / "site")]
    assert main(["build", *QUICK, "--probe", str(album), *folders]) == 0
    assert (folder / "run" / "judge.npy").is_file()
    return folder


def name_of(value: Any) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(
    ("pattern", "damage", "digests"),
    [
        *((*each, True) for each in [*DAMAGES, *SUBTLE]),
        *((*each, False) for each in DAMAGES if each[0].endswith((".csv", ".npy", "work.json"))),
    ],
    ids=name_of,
)
def test_what_is_damaged_in_a_run_is_named_and_made_again(
    finished: Path,
    tmp_path: Path,
    album: Path,
    capsys: pytest.CaptureFixture[str],
    pattern: str,
    damage: Callable[[Path], None],
    digests: bool,
) -> None:
    shutil.copytree(finished / "run", tmp_path / "run")
    path = min((tmp_path / "run").glob(pattern))
    if damage is foreign and path.suffix == ".csv":
        path.write_text("layer,unit\nconv1,0\n")
    elif damage is foreign and path.name == "network.json":
        path.write_bytes((tmp_path / "run" / "run.json").read_bytes())
    else:
        damage(path)
    if not digests:
        (tmp_path / "run" / "digests.json").unlink()
    named = damage is not gone or path.suffix == ".png"
    # No page is made of it, and nothing is removed.
    before = contents(tmp_path / "run")
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    if named:
        assert main(["render", *folders]) == 1
        line = only_line(capsys)
        assert str(path) in line and "is damaged" in line and "makes it again" in line
        assert not (tmp_path / "site").exists()
        assert contents(tmp_path / "run") == before
    given = [option for option in QUICK if option != "--quiet"]
    assert main(["build", *given, "--probe", str(album), *folders]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "is damaged" in line]
    if named:
        assert len(lines) == 1 and str(path) in lines[0]
    assert contents(tmp_path / "run") == contents(finished / "run")
    assert contents(tmp_path / "site") == contents(finished / "site")


@pytest.mark.parametrize("command", ["build", "render"])
def test_a_picture_that_the_plan_does_not_have_is_no_unit_of_the_site(
    finished: Path,
    tmp_path: Path,
    album: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    shutil.copytree(finished / "run", tmp_path / "run")
    made = min((tmp_path / "run").glob(f"{PICTURE}.json"))
    spare = made.with_name("0099.json")
    shutil.copyfile(made, spare)
    before = contents(tmp_path)
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    given = [] if command == "render" else [*QUICK, "--probe", str(album)]
    assert main([command, *given, *folders]) == 1
    assert str(spare) in only_line(capsys)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("command", ["build", "render"])
@pytest.mark.parametrize(
    ("constant", "value"), [("steps", "20"), ("factor", -1), ("stpes", 3), ("objective", "x")]
)
def test_a_recipe_that_none_can_be_is_named(
    finished: Path,
    tmp_path: Path,
    album: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    constant: str,
    value: Any,
) -> None:
    shutil.copytree(finished / "run", tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    kept = json.loads(path.read_text())
    kept["identity"]["recipes"]["article"][constant] = value
    path.write_text(json.dumps(kept))
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    given = [] if command == "render" else [*QUICK, "--probe", str(album)]
    assert main([command, *given, *folders]) == 1
    assert "run.json is damaged (identity.recipes.article: " in only_line(capsys)


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/tmp", "a\0b"])
@pytest.mark.parametrize("place", [0, 1], ids=["recipe", "layer"])
def test_a_plan_that_leads_out_of_the_run_is_refused(
    finished: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    place: int,
) -> None:
    shutil.copytree(finished / "run", tmp_path / "run")
    path = tmp_path / "run" / "plan.json"
    plan = json.loads(path.read_text())
    for item in plan["chunks"][0]:
        item[place] = name
    path.write_text(json.dumps(plan))
    assert main(["render", "--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]) == 1
    assert "chunks[0][0] is no picture to make" in only_line(capsys)


def keys(value: Any, *before: Any) -> Iterator[tuple[Any, ...]]:
    """The way to every key of an object that atlas relies on."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        if key not in (
            "schema",
            "slope",
            "judge",
            "judge_name",
            "fallback",
            "stimuli",
            "requests",
            *("input", "mean", "std"),  # those of network.json where a run is older
        ):  # another test speaks of it, or not needed
            yield (*before, key)
            if key not in ("asked", "versions", "article"):  # where nothing must be
                yield from keys(inner, *before, key)


@pytest.mark.parametrize("name", ["run", "plan"])
def test_what_says_how_a_run_was_made_is_not_made_up_again(
    finished: Path, tmp_path: Path, album: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    def build() -> int:
        folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
        return main(["build", *QUICK, "--probe", str(album), *folders])

    shutil.copytree(finished / "run", tmp_path / "run")
    path = tmp_path / "run" / f"{name}.json"
    whole = path.read_text()
    damages: list[tuple[str, str | None]] = [("no", None), ("damaged", ""), ("damaged", whole[:99])]
    for way in keys(json.loads(whole)):
        for wrong in (None, [{}]):
            value = json.loads(whole)
            inner = value
            for key in way[:-1]:
                inner = inner[key]
            if wrong is None:
                del inner[way[-1]]
            elif way == ("warnings",):
                inner["warnings"] = [3]
            else:
                inner[way[-1]] = wrong
            damages.append((way[-1], json.dumps(value)))
    for named, text in damages:
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        before = contents(tmp_path / "run")
        assert build() == 1
        line = only_line(capsys)
        assert str(tmp_path / "run") in line and named in line
        assert contents(tmp_path / "run") == before
    path.write_text(whole)
    assert build() == 0
    assert contents(tmp_path / "run") == contents(finished / "run")


# An extension that is interrupted


@pytest.mark.parametrize(
    "place", ["measuring", *(f"{name}.csv" for name in ("activations", "tasks", "tuning"))]
)
def test_an_extension_interrupted_in_its_ranking_can_be_given_up_or_gone_on_with(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def build(name: str, layers: str) -> int:
        folders = ["--run", str(tmp_path / name / "run"), "--site", str(tmp_path / name / "site")]
        return main(["build", *QUICK, "--probe", str(photographs), "--layers", layers, *folders])

    class Killed(BaseException):
        """As of SIGKILL, after which nothing is tidied."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    write = atomic_files.Ground.write

    def write_until(self: atomic_files.Ground, path: Path, data: bytes, **options: bool) -> None:
        write(self, path, data, **options)
        if path.name == place:
            raise Killed

    def computed(name: str) -> dict[str, bytes]:
        """All of a run but what was asked when."""
        found = contents(tmp_path / name / "run")
        return {path: data for path, data in found.items() if path != "run.json"}

    assert build("old", "conv1") == 0
    for name in ("given up", "gone on"):
        shutil.copytree(tmp_path / "old", tmp_path / name)
        with monkeypatch.context() as patch, pytest.raises(Killed):
            if place == "measuring":
                patch.setattr(unit_statistics, "measure", killed)
            else:
                patch.setattr(atomic_files.Ground, "write", write_until)
            build(name, "conv1,conv2")
    assert build("old", "conv1") == 0
    assert build("given up", "conv1") == 0
    if place != "tuning.csv":  # the last of them: then the layer is the run's
        assert computed("given up") == computed("old")
    assert build("given up", "conv1,conv2") == 0
    assert build("gone on", "conv1,conv2") == 0
    assert build("old", "conv1,conv2") == 0
    assert computed("given up") == computed("gone on") == computed("old")
    for name in ("given up", "gone on"):
        assert contents(tmp_path / name / "site") == contents(tmp_path / "old" / "site")


# Interrupts


def heard() -> None:
    """Where tests run in the background, SIGINT is ignored, and a child would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*command: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *command], stdout=pipe, stderr=pipe, text=True, preexec_fn=heard
    )


def test_an_interrupted_build_says_how_to_go_on(photographs: Path, tmp_path: Path) -> None:
    folders = ["--run", str(tmp_path / "run"), "--site", str(tmp_path / "site")]
    given = ["--weights", "bundled", "--probe", str(photographs), "--layers", "conv1", *folders]
    with start("-m", "atlas", "build", *given) as process:
        assert process.stderr is not None
        while "rank" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        *_, line = process.stderr.read().splitlines()
        assert "the same command" in line
        assert process.wait() == 130
    assert not (tmp_path / "run" / LOCK).exists()


@pytest.mark.parametrize("library", ["pandas", "torch", "torch._C", "torchvision"])
def test_an_interrupt_while_the_libraries_load_is_one_line(library: str, tmp_path: Path) -> None:
    script = (
        "import os, runpy, signal, sys\n"
        "class Finder:\n"
        "  def find_spec(self, name, *_):\n"
        f"    if name == {library!r}: os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "runpy.run_module('atlas', run_name='__main__', alter_sys=True)"
    )
    with start("-c", script, "build", "--run", str(tmp_path / "run")) as process:
        _, err = process.communicate()
    assert (process.returncode, len(err.splitlines())) == (130, 1)
    assert "the same command" in err


@pytest.mark.parametrize("where", ["except KeyboardInterrupt: {again}", "finally: {again}"])
def test_a_second_interrupt_ends_at_once_and_without_a_traceback(where: str) -> None:
    signalled = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    script = (
        "from atlas._system import signals\n"
        f"with signals.raised():\n  try: {signalled}\n  {where.format(again=signalled)}"
    )
    with start("-c", script) as process:
        _, err = process.communicate()
    assert (process.returncode, len(err.splitlines())) == (130, 1)


def test_an_interrupt_in_a_destructor_is_not_lost() -> None:
    script = (
        "import os, signal; from atlas._system import signals\n"
        "class Busy:\n  def __del__(self): os.kill(os.getpid(), signal.SIGINT)\n"
        "with signals.raised(): Busy(); print('goes on')"
    )
    with start("-c", script) as process:
        out, err = process.communicate()
    assert (process.returncode, len(err.splitlines()), out) == (130, 1, "")
