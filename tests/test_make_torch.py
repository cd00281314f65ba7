"""``make atlas TORCH=cpu``: torch without CUDA, for a machine that has no GPU."""

import functools
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"
CPU = "https://download.pytorch.org/whl/cpu"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").touch()
    Path("Makefile").symlink_to(MAKEFILE)


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["make", "-s", *arguments], capture_output=True, text=True)


@pytest.fixture(params=["pip", "uv"])
def installer(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Python and uv that write down their arguments alone; the words before those of install."""
    python = Path(".venv/bin/python")
    python.parent.mkdir(parents=True)
    for program in (python, Path("uv")):
        program.write_text('#!/bin/sh\necho "$@"\n')
        program.chmod(0o755)
    if request.param == "uv":
        return [f"UV={tmp_path}/uv", "pip install --python .venv/bin/python"]
    return ["UV=", "-m pip install"]


def test_the_last_choice_of_torch_stays_until_another_is_made(installer: list[str]) -> None:
    uv, install = installer

    def said(*arguments: str) -> list[str]:
        return make(uv, *arguments).stdout.splitlines()

    anew, package = f"{install} --force-reinstall", f"{install} --editable ."
    without_cuda = f"{anew} --index-url {CPU} torch torchvision"
    build = "-m atlas build"
    assert said("atlas", "TORCH=cpu") == [without_cuda, package, build]
    assert said("atlas") == said("atlas", "TORCH=cpu") == [build]
    for command, extra in (("test", "test"), ("lint", "lint"), ("bench", "bench")):
        installed = said(command, "TORCH=cpu")[0]
        assert installed == f"{install} --quiet --editable .[{extra}]"
    assert said("atlas", "TORCH=default") == [f"{anew} torch torchvision", package, build]
    assert said("atlas") == [build]
    assert said("atlas", "TORCH=cpu") == [without_cuda, package, build]


@pytest.mark.parametrize("command", ["test", "lint", "bench", "quick"])
def test_every_command_takes_the_choice(installer: list[str], command: str) -> None:
    uv, install = installer
    first, second, *_ = make(uv, command, "TORCH=cpu").stdout.splitlines()
    assert first == f"{install} --force-reinstall --index-url {CPU} torch torchvision"
    assert second == f"{install} --editable ."


def test_without_a_choice_the_package_index_decides(
    installer: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    uv, install = installer
    monkeypatch.setenv("TORCH", "cpu")  # of the environment, which does not count
    said = make(uv, "atlas").stdout.splitlines()
    assert said == [f"{install} --editable .", "-m atlas build"]


def test_another_choice_is_refused_in_one_line(installer: list[str]) -> None:
    done = make(installer[0], "atlas", "TORCH=gpu")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and "TORCH=gpu is neither cpu nor default" in line


# An environment, an index on this machine, and wheels that hold nothing


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """The address of an index of CPU builds."""
    for name in ("torch", "torchvision"):
        project = tmp_path / "index" / name
        project.mkdir(parents=True)
        wheel, known = f"{name}-9.0+cpu-py3-none-any.whl", f"{name}-9.0+cpu.dist-info"
        with zipfile.ZipFile(project / wheel, "w") as file:
            file.writestr(
                f"{known}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.0+cpu"
            )
            file.writestr(f"{known}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any")
            file.writestr(f"{known}/RECORD", "")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "index"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


CHOICE = ["UV=", "TORCH=cpu", ".venv/.torch-cpu"]


def test_torch_without_cuda_comes_from_its_own_index(index: str) -> None:
    done = make(*CHOICE, f"TORCH_CPU={index}")
    assert done.returncode == 0, done.stderr
    listed = [".venv/bin/python", "-m", "pip", "list", "--format=freeze"]
    found = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    assert {"torch==9.0+cpu", "torchvision==9.0+cpu"} <= set(found)


def test_an_index_out_of_reach_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_RETRIES", "0")
    Path(".venv/bin").mkdir(parents=True)
    Path(".venv/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    Path(".venv/bin/python").chmod(0o755)
    done = make(*CHOICE, "TORCH_CPU=http://nowhere.invalid/cpu")
    assert done.returncode != 0 and not Path(".venv/.torch-cpu").exists()
    (line,) = [line for line in done.stderr.splitlines() if "TORCH_CPU=URL" in line]
    assert "cannot be had from http://nowhere.invalid/cpu" in line
