"""A log or a bar that cannot be written stops no work, and never ends up in a file of ours."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.small_build import QUICK, contents, draw_photographs, shrink

from atlas.cli import main

FULL = "/dev/full"


def closed(number: int) -> None:
    os.close(number)


def full(number: int) -> None:
    os.dup2(os.open(FULL, os.O_WRONLY), number)


def left(number: int) -> None:
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.dup2(writer, number)
    os.close(reader)


def stuck(number: int) -> None:
    """A pipe that is full, and does not wait until someone reads."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, bytes(4096))
        except BlockingIOError:
            break
    os.dup2(writer, number)
    os.set_inheritable(reader, True)


STREAMS = [
    closed,
    pytest.param(full, marks=pytest.mark.skipif(not Path(FULL).exists(), reason=f"no {FULL}")),
    left,
    stuck,
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    (folder / "photographs").mkdir()
    draw_photographs(folder / "photographs", 3)
    folders = [
        "--probe",
        folder / "photographs",
        "--run",
        folder / "run",
        "--site",
        folder / "site",
    ]
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        patch.chdir(folder)
        assert main(["build", *QUICK, *map(str, folders)]) == 0
    return folder / "run"


def atlas(folder: Path, streams: Callable[[], None], *arguments: str) -> tuple[int, bytes, bytes]:
    """Run the program in a folder; return its exit code, and what it said on both streams."""
    command, pipe = [sys.executable, "-m", "atlas", *arguments], subprocess.PIPE
    done = subprocess.run(
        command, stdout=pipe, stderr=pipe, preexec_fn=streams, cwd=folder, close_fds=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("break_", [closed, left])
def test_a_site_is_made_whatever_became_of_the_log(
    run: Path, tmp_path: Path, break_: Callable[[int], None]
) -> None:
    def streams() -> None:
        break_(1)
        break_(2)

    arguments = ["render", "--run", str(run), "--site", "site"]
    assert atlas(tmp_path, streams, *arguments) == (0, b"", b"")
    assert contents(tmp_path / "site") == contents(run.parent / "site")


@pytest.mark.parametrize("break_", STREAMS)
def test_what_is_wrong_has_its_exit_code_whatever_became_of_the_log(
    tmp_path: Path, break_: Callable[[int], None]
) -> None:
    streams = partial(break_, 2)
    assert atlas(tmp_path, streams, "serve", "--site", "none") == (1, b"", b"")
    assert atlas(tmp_path, streams, "build", "--top", "ten") == (2, b"", b"")


def test_no_file_gets_the_number_of_a_closed_stream() -> None:
    script = (
        "from atlas._system.streams import open_streams\n"
        "import os, sys\n"
        "open_streams()\n"
        "print('lost'); print('lost', file=sys.stderr)\n"
        "sys.exit(os.open(os.devnull, os.O_RDONLY))"
    )
    everything = partial(os.closerange, 0, 3)
    assert subprocess.run([sys.executable, "-c", script], preexec_fn=everything).returncode > 2


SHOW = """
from atlas._system import streams
streams.open_streams()
try:
    streams.{function}("a result")
except Exception as error:
    raise SystemExit(str(error))
"""


@pytest.mark.parametrize(
    ("function", "break_", "code", "said"),
    [
        ("show", full, 1, "standard output cannot be written"),
        ("show", left, 0, ""),
        ("tell", full, 0, ""),
        ("tell", left, 0, ""),
    ],
)
@pytest.mark.skipif(not Path(FULL).exists(), reason=f"no {FULL}")
def test_a_result_must_be_written_and_a_remark_need_not(
    function: str, break_: Callable[[int], None], code: int, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHOW.format(function=function)],
        preexec_fn=partial(break_, 1),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == bool(said) and said in done.stderr


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1:strict", "utf-8:strict"])
def test_what_an_encoding_lacks_is_written_as_its_escape(encoding: str) -> None:
    script = (
        "from atlas._system import streams\n"
        "import sys\n"
        "streams.open_streams()\n"
        "streams.show('Łódź \\udce9')\n"
        "print('Łódź \\udce9', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    text = "Łódź \udce9\n".encode(encoding.partition(":")[0], "backslashreplace")
    assert (done.stdout, done.stderr) == (text, text)
